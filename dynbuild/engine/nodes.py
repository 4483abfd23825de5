"""The nodes of a builder of buildx, each as a builder of its own.

buildx itself takes one node of a platform for all builds. A node is named
``BUILDER/NODE``; no builder can have such a name.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dynbuild.errors import DeclarationError, Diagnostic

_CONFIG = "BUILDX_CONFIG"
_INSTANCES = "instances"
_IDENTITY = ".buildNodeID"
"""What buildx tells builders to know the files of this machine again."""


def nodes_of(environment: Mapping[str, str], builder: str) -> tuple[str, ...]:
    """Return the names of a builder's nodes; where it has one alone, its own name."""
    names = _nodes(environment, builder)
    return tuple(f"{builder}/{name}" for name in names) if names[1:] else (builder,)


@contextmanager
def addressed(
    environment: Mapping[str, str], builder: str | None
) -> Iterator[tuple[Mapping[str, str], str | None]]:
    """Provide an environment in which buildx knows a node as a builder, and its name.

    What is no node has its own name in the environment as it is. Raises
    DeclarationError for a node that the builder has not.
    """
    whole, of_several, name = (builder or "").partition("/")
    if not of_several:
        yield environment, builder
        return
    if name not in _nodes(environment, whole):
        hint = "`docker buildx ls` lists the builders there are, and their nodes"
        message = f'no builder "{builder}" found'
        raise DeclarationError(Diagnostic("DB0505", message, hint=hint))
    instance = _instance(environment, whole)
    own = [node for node in instance["Nodes"] if node["Name"] == name]
    alone = {**instance, "Name": name, "Nodes": own}
    with TemporaryDirectory(prefix="dynbuild-") as place:
        folder = Path(place, _INSTANCES)
        folder.mkdir()
        (folder / name).write_text(json.dumps(alone), encoding="utf-8")
        with suppress(OSError):
            shutil.copyfile(_config(environment) / _IDENTITY, Path(place, _IDENTITY))
        yield {**environment, _CONFIG: place}, name


def _nodes(environment: Mapping[str, str], builder: str) -> list[str]:
    """Return the names of a builder's nodes; nothing where they are not known."""
    match _instance(environment, builder).get("Nodes"):
        case [*nodes] if all(isinstance(node, dict) for node in nodes):
            names = [node.get("Name") for node in nodes]
            return [name for name in names if isinstance(name, str)]
        case _:
            return []


def _instance(environment: Mapping[str, str], builder: str) -> dict[str, Any]:
    """Return what buildx has written of a builder; nothing where that is not known."""
    try:
        text = (_config(environment) / _INSTANCES / builder).read_bytes()
        instance = json.loads(text)
    except (OSError, ValueError):
        return {}
    return instance if isinstance(instance, dict) else {}


def _config(environment: Mapping[str, str]) -> Path:
    """Return buildx's folder (buildx: util/confutil/config.go)."""
    if given := environment.get(_CONFIG):
        return Path(given)
    home = Path(environment.get("HOME") or "~").expanduser()
    docker = Path(environment.get("DOCKER_CONFIG") or home / ".docker")
    return docker / "buildx"
