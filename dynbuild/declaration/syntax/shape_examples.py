"""Fields as they may be written, for hints where nothing more is certain."""

from dynbuild.declaration.syntax import SUFFIXES, Syntax
from dynbuild.declaration.syntax.spelling import Spellable, spelled
from dynbuild.declaration.syntax.tree import Path, Table, within_image

_VARIABLES = {"NAME": "value"}
_STAGES: Spellable = [{"name": "app", "commands": ["make"]}]
_EXAMPLES: dict[str, Spellable] = {
    "annotations": _VARIABLES,
    "apt_sources": [{"uri": "https://host/debian", "suites": ["bookworm"]}],
    "base": "debian:bookworm-slim",
    "build_env": _VARIABLES,
    "cache_mounts": ["/root/.cache"],
    "cmd": ["app"],
    "commands": ["make"],
    "copy": [{"from": "src", "to": "/src"}],
    "cpus": "1.5",
    "entrypoint": ["app"],
    "env": _VARIABLES,
    "expose": [8000],
    "from": "src",
    "healthcheck": "curl -f http://localhost",
    "id": "token",
    "images": {"app": {"stages": _STAGES}},
    "labels": _VARIABLES,
    "memory": "512m",
    "name": "app",
    "stages": _STAGES,
    "suites": ["bookworm"],
    "to": "/src",
}
"""What may stand in a field."""

_EXAMPLES_OF_KIND: dict[str, Spellable] = {
    "bool_type": True,
    "dict_type": _VARIABLES,
    "int_type": 3,
    "tuple_type": ["…"],
}


def example(tree: Table, path: Path, kind: str) -> str:
    """Return a field as it may be written, where more than that is not certain."""
    syntax = _syntax(tree)
    place = within_image(path)
    name = next(step for step in reversed(path) if isinstance(step, str))
    if not name.isidentifier():  # a key that the author chose
        return "a text in quotes"
    if name == "user" and len(place) == 1:
        return spelled(syntax, name, {"name": "app", "uid": 1000})
    if kind == "model_type" and name not in _EXAMPLES:
        return "a table of its fields, in { }"
    value = _EXAMPLES.get(name, _EXAMPLES_OF_KIND.get(kind, "…"))
    if isinstance(path[-1], int) and not isinstance(value, list):
        value = [value]
    return spelled(syntax, name, value)


def in_a_stage(tree: Table, field: str) -> str:
    """Return a stage that has a field."""
    value = _EXAMPLES.get(field, "…")
    stage = {"name": "app", field: value}
    return spelled(_syntax(tree), "stages", [stage])


def _syntax(tree: Table) -> Syntax:
    suffix = tree.span.source.name.rpartition(".")[2]
    return SUFFIXES.get(f".{suffix}", "toml")
