"""Keystrokes in declarations of 1,000 and 10,000 lines: how long until an answer."""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from bench_parts.measure import told

KEYS = 21
ANCHOR = "make -C /src/5 "


def _stages(count: int) -> list[dict[str, object]]:
    return [
        {
            "name": f"s{number}",
            "dependencies": [f"s{number - 1}"] if number % 3 else [],
            "commands": [
                f"echo {number} > /opt/{number}",
                f"make -C /src/{number} install",
            ],
            "env": {f"A{number}": "x"},
        }
        for number in range(3, count + 3)
    ]


def _data(count: int) -> dict[str, object]:
    stages = _stages(count)
    stages[0]["dependencies"] = []
    return {"base": "debian:bookworm-slim", "apt_packages": ["curl"], "stages": stages}


def _toml(count: int) -> str:
    lines = ['base = "debian:bookworm-slim"', 'apt_packages = ["curl"]']
    for stage in _data(count)["stages"]:  # type: ignore[attr-defined]
        lines += ["", "[[stages]]"]
        lines += [f"{name} = {_in_toml(name, value)}" for name, value in stage.items()]
    return "\n".join(lines) + "\n"


def _in_toml(name: str, value: object) -> str:
    if isinstance(value, dict):
        pairs = ", ".join(f"{key} = {json.dumps(one)}" for key, one in value.items())
        return f"{{ {pairs} }}"
    if name == "commands" and isinstance(value, list):
        return "[" + "".join(f"\n    {json.dumps(one)}," for one in value) + "\n]"
    return json.dumps(value)


def _nix(count: int) -> str:
    lines = ["let", '  version = "1";', "in", "{", '  base = "debian:bookworm-slim";']
    lines.append("  stages = [")
    for stage in _data(count)["stages"]:  # type: ignore[attr-defined]
        needs = " ".join(map(json.dumps, stage["dependencies"]))
        (variable,) = stage["env"]
        lines += ["    {", f'      name = "{stage["name"]}";']
        lines.append(f"      dependencies = [ {needs} ];")
        lines.append("      commands = [")
        lines += [f"        {json.dumps(text)}" for text in stage["commands"]]
        lines.append("      ];")
        lines.append(f'      env.{variable} = "x${{version}}";')
        lines.append("    }")
    return "\n".join([*lines, "  ];", "}", ""])


WRITERS: dict[str, tuple[Callable[[int], str], int]] = {
    "toml": (_toml, 9),
    "json": (lambda count: json.dumps(_data(count), indent=2), 14),
    "yaml": (lambda count: yaml.safe_dump(_data(count), sort_keys=False), 8),
    "nix": (_nix, 9),
}


def _used(process: int) -> float:
    """Seconds of a processor that a process used so far, as Linux counts them."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _keys(path: Path, text: str) -> tuple[list[float], list[float], float]:
    """Seconds from a key to the diagnostics of its text, and to its completions.

    The third is what the server's processor worked for a key and its diagnostics: it
    tells little of what else the machine does.
    """
    client = LanguageClient("bench", "1")
    published: asyncio.Queue[float] = asyncio.Queue()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def _told(_: object, params: types.PublishDiagnosticsParams) -> None:
        del params
        published.put_nowait(time.perf_counter())

    await client.start_io(sys.executable, "-m", "dynbuild", "lsp")
    options = {"prices": False}
    await client.initialize_async(
        types.InitializeParams(
            types.ClientCapabilities(), initialization_options=options
        )
    )
    item = types.TextDocumentItem(path.as_uri(), "nix", 1, text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    await published.get()
    at = text.index(ANCHOR) + len(ANCHOR) - 1
    line = text.count("\n", 0, at)
    where = types.Position(line, at - text.rfind("\n", 0, at) - 1)
    checks, completions, worked = [], [], 0.0
    server = client._server  # noqa: SLF001 - the library names no process
    assert server is not None
    for version in range(2, KEYS + 2):
        which = types.VersionedTextDocumentIdentifier(version, path.as_uri())
        change = types.TextDocumentContentChangePartial(types.Range(where, where), "x")
        start, used = time.perf_counter(), _used(server.pid)
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(which, [change])
        )
        checks.append(await published.get() - start)
        worked += _used(server.pid) - used
        start = time.perf_counter()
        await client.text_document_completion_async(
            types.CompletionParams(types.TextDocumentIdentifier(path.as_uri()), where)
        )
        completions.append(time.perf_counter() - start)
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()
    return checks, completions, worked / KEYS


def keystrokes(work: Path) -> None:
    """Measure each syntax in both sizes; the median of the keys counts."""
    for lines in (1_000, 10_000):
        for syntax, (write, each) in WRITERS.items():
            folder = work / f"editor-{syntax}-{lines}"
            folder.mkdir()
            text = write(lines // each)
            path = folder / f"dynbuild.{syntax}"
            path.write_text(text)
            checks, completions, worked = asyncio.run(_keys(path, text))
            count = text.count("\n")
            told(f"a key in {count} lines of {syntax}", statistics.median(checks))
            told("  of which its processor worked", worked)
            told("  completion there", statistics.median(completions))
