"""``init`` in a project that says what it is made with: a declaration to begin with."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping

READ = (
    *("go.mod", "Cargo.toml", "package.json", "package-lock.json", "pnpm-lock.yaml"),
    *("yarn.lock", "pyproject.toml", "uv.lock", "poetry.lock", "requirements.txt"),
)
"""The files that are looked for; the first kind that is there decides."""

_UV = "ghcr.io/astral-sh/uv:latest"
_NODE = "node:22-slim"
_PYTHON = "python:3.13-slim"


def proposed(files: Mapping[str, str]) -> str | None:
    """Return a declaration in TOML; None where the files tell nothing.

    ``files`` are the texts of those of ``READ`` that are there.
    """
    for name, propose in _KINDS.items():
        if name in files:
            return propose(files)
    return None


def _go(files: Mapping[str, str]) -> str:
    text = files["go.mod"]
    module = re.search(r"^module\s+(\S+)", text, re.MULTILINE)
    version = re.search(r"^go\s+(\d+\.\d+)", text, re.MULTILINE)
    name = _plain(module[1].rsplit("/", 1)[-1] if module else "app")
    image = f"golang:{version[1] if version else '1'}"
    return _written(
        "go.mod",
        'base = "debian:stable-slim"',
        'apt_packages = ["ca-certificates"]',
        f'cmd = ["{name}"]',
        "",
        "# The compiler is in no image: only what it makes is copied.",
        "[[stages]]",
        'name = "build"',
        "build_only = true",
        "copy = [",
        f'    {{ image = "{image}", from = "/usr/local/go", to = "/usr/local/go" }},',
        '    { from = ".", to = "/src/" },',
        "]",
        'workdir = "/src"',
        'cache_mounts = ["/root/.cache/go-build", "/root/go/pkg/mod"]',
        f'commands = ["CGO_ENABLED=0 /usr/local/go/bin/go build -o /out/{name} ."]',
        "",
        "[[stages]]",
        'name = "app"',
        f'copy = [{{ stage = "build", from = "/out/{name}", to = "/usr/bin/{name}" }}]',
    )


def _rust(files: Mapping[str, str]) -> str:
    name = _plain(_named(files["Cargo.toml"], "package") or "app")
    return _written(
        "Cargo.toml",
        "# The image has the compiler: see docs/from-dockerfile.md for two stages.",
        'base = "rust:1-slim"',
        f'cmd = ["{name}"]',
        "",
        "[[stages]]",
        'name = "app"',
        'copy = [{ from = ".", to = "/src/" }]',
        'workdir = "/src"',
        'cache_mounts = ["/usr/local/cargo/registry", "/src/target"]',
        "commands = [",
        '    "cargo build --release --locked",',
        f'    "cp target/release/{name} /usr/local/bin/",',
        "]",
    )


def _node(files: Mapping[str, str]) -> str:
    lock, install = next(
        ((lock, line) for lock, line in _NODE_LOCKS.items() if lock in files),
        ("", "npm install --omit=dev"),
    )
    listed = ", ".join(f'"{one}"' for one in ("package.json", lock) if one)
    return _written(
        "package.json",
        f'base = "{_NODE}"',
        'user = { name = "node", create = false }',
        'workdir = "/app"',
        f"cmd = {json.dumps(_start(files['package.json']))}",
        "",
        "[[stages]]",
        'name = "dependencies"',
        f'copy = [{{ from = [{listed}], to = "/app/" }}]',
        'workdir = "/app"',
        'env = { NODE_ENV = "production" }',
        f"commands = [{json.dumps(install)}]",
        "",
        *_app("dependencies"),
    )


_NODE_LOCKS = {
    "pnpm-lock.yaml": "corepack enable && pnpm install --prod --frozen-lockfile",
    "yarn.lock": "yarn install --production --frozen-lockfile",
    "package-lock.json": "npm ci --omit=dev",
}


def _start(text: str) -> list[str]:
    try:
        package = json.loads(text)
    except ValueError:
        package = {}
    if isinstance(package, dict) and isinstance(package.get("scripts"), dict):
        if "start" in package["scripts"]:
            return ["npm", "start"]
        main = package.get("main")
        if isinstance(main, str):
            return ["node", main]
    return ["node", "index.js"]


def _python(files: Mapping[str, str]) -> str:
    if "uv.lock" in files:
        return _written(
            "pyproject.toml and uv.lock",
            *_python_head("/app/.venv/bin/python"),
            "[[stages]]",
            'name = "dependencies"',
            "copy = [",
            f'    {{ image = "{_UV}", from = "/uv", to = "/bin/" }},',
            '    { from = ["pyproject.toml", "uv.lock"], to = "/app/" },',
            "]",
            'workdir = "/app"',
            'cache_mounts = ["/root/.cache/uv"]',
            'env = { UV_LINK_MODE = "copy" }',
            'commands = ["uv sync --frozen --no-dev --no-install-project"]',
            "",
            *_app("dependencies"),
        )
    if "poetry.lock" in files:
        return _written(
            "pyproject.toml and poetry.lock",
            *_python_head("python"),
            "[[stages]]",
            'name = "dependencies"',
            'copy = [{ from = ["pyproject.toml", "poetry.lock"], to = "/app/" }]',
            'workdir = "/app"',
            "commands = [",
            '    "pip install --no-cache-dir poetry",',
            '    "poetry config virtualenvs.create false",',
            '    "poetry install --only main --no-root --no-cache",',
            "]",
            "",
            *_app("dependencies"),
        )
    return _written(
        "pyproject.toml",
        *_python_head("python"),
        "[[stages]]",
        'name = "app"',
        'copy = [{ from = ".", to = "/app/" }]',
        'workdir = "/app"',
        'commands = ["pip install --no-cache-dir ."]',
    )


def _requirements(files: Mapping[str, str]) -> str:
    del files
    return _written(
        "requirements.txt",
        *_python_head("python"),
        "[[stages]]",
        'name = "dependencies"',
        'mounts = [{ from = "requirements.txt", to = "/tmp/requirements.txt" }]',
        'commands = ["pip install --no-cache-dir -r /tmp/requirements.txt"]',
        "",
        *_app("dependencies"),
    )


def _python_head(python: str) -> list[str]:
    return [
        f'base = "{_PYTHON}"',
        'workdir = "/app"',
        f'cmd = ["{python}", "-m", "app"]',
        "",
    ]


def _app(needs: str) -> list[str]:
    """Return the stage of the sources, which changes most often."""
    return [
        "[[stages]]",
        'name = "app"',
        f'dependencies = ["{needs}"]',
        'copy = [{ from = ".", to = "/app/" }]',
    ]


def _written(of: str, *lines: str) -> str:
    head = (
        f"# Proposed because of {of}: see to base, cmd and what is copied, then",
        "# `dynbuild lock`, `dynbuild realize -t NAME`. Fields: docs/declaration.md.",
    )
    return "\n".join([*head, *lines]) + "\n"


def _named(text: str, table: str) -> str | None:
    try:
        found = tomllib.loads(text).get(table)
    except tomllib.TOMLDecodeError:
        return None
    name = found.get("name") if isinstance(found, dict) else None
    return name if isinstance(name, str) else None


def _plain(name: str) -> str:
    """Return the name of a program, whatever a file says."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "app"


_KINDS: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "go.mod": _go,
    "Cargo.toml": _rust,
    "package.json": _node,
    "pyproject.toml": _python,
    "requirements.txt": _requirements,
}
