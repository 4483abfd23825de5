// Finds dynbuild, starts its language server, and hands it the settings.

const fs = require("fs");
const path = require("path");
const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

// What the server claims; it says nothing of .nix files that no declaration imports.
const DOCUMENTS = [
  { scheme: "file", pattern: "**/dynbuild.{toml,json,yaml,yml}" },
  { scheme: "file", pattern: "**/*.nix" },
];

let client;

function settings() {
  return vscode.workspace.getConfiguration("dynbuild");
}

// The command of the user's choice, the project's own, or the one in PATH. A folder that
// is not trusted chooses no program.
function command() {
  const given = settings().get("server");
  if (given) {
    return given;
  }
  if (vscode.workspace.isTrusted) {
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      const bin = process.platform === "win32" ? "Scripts/dynbuild.exe" : "bin/dynbuild";
      const own = path.join(folder.uri.fsPath, ".venv", bin);
      if (fs.existsSync(own)) {
        return own;
      }
    }
  }
  return "dynbuild";
}

async function start() {
  const isTrusted = vscode.workspace.isTrusted;
  client = new LanguageClient(
    "dynbuild",
    "dynbuild",
    { command: command(), args: ["lsp"], transport: TransportKind.stdio },
    {
      documentSelector: DOCUMENTS,
      initializationOptions: {
        prices: isTrusted && settings().get("prices"),
        registries: isTrusted && settings().get("registries"),
        tiers: isTrusted && settings().get("tiers"),
      },
    },
  );
  try {
    await client.start();
  } catch (error) {
    vscode.window.showErrorMessage(
      `dynbuild's language server did not start (${error.message}). ` +
        "Install it with: pip install 'dynbuild[lsp]', or name it in dynbuild.server.",
    );
  }
}

async function restart() {
  await client?.stop().catch(() => {});
  await start();
}

// Runs a command of the server for the declaration that is shown.
function here(name) {
  return async () => {
    const document = vscode.window.activeTextEditor?.document;
    if (document && client?.isRunning()) {
      await document.save();
      await client.sendRequest("workspace/executeCommand", {
        command: name,
        arguments: [document.uri.toString()],
      });
    }
  };
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("dynbuild.restart", restart),
    vscode.commands.registerCommand("dynbuild.lockHere", here("dynbuild.lock")),
    vscode.commands.registerCommand("dynbuild.outdatedHere", here("dynbuild.outdated")),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("dynbuild")) {
        return restart();
      }
    }),
  );
  await start();
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };
