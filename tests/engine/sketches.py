"""A project to be: its stages, its packages, the files that it copies."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

_SHARED = re.compile(r"/(?:shared|opt|etc|root|tmp|usr|var)\b|useradd|ldconfig|-e /own")
"""What a line has that concerns others too."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What a stage copies: of the project where no stage is its source."""

    source: str
    path: str
    to: str
    owner: str = ""
    mode: str = ""

    @property
    def text(self) -> str:
        said = {"stage": self.source, "from": self.path, "to": self.to}
        said |= {"owner": self.owner, "mode": self.mode}
        pairs = (f"{key} = {json.dumps(value)}" for key, value in said.items() if value)
        return f"{{ {', '.join(pairs)} }}"


@dataclass(frozen=True, slots=True)
class Sketch:
    """A stage to be."""

    name: str
    on: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    build_only: bool = False
    mounts: bool = False

    @property
    def needs(self) -> set[str]:
        return {*self.on, *(copy.source for copy in self.copies)} - {""}

    @property
    def text(self) -> str:
        lines = [
            "[[stages]]",
            f'name = "{self.name}"',
            f"dependencies = {json.dumps(self.on)}",
            f"copy = [{', '.join(copy.text for copy in self.copies)}]",
            f"commands = {json.dumps(self.commands)}",
        ]
        if self.build_only:
            lines.append("build_only = true")
        if self.mounts:
            lines.append('cache_mounts = ["/build"]')
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class World:
    """A declaration to be, and the files that it copies.

    ``marked``: its base is the one of two that has a mark.
    """

    debian: bool
    features: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    stages: tuple[Sketch, ...] = ()
    packages: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    user: str = ""
    marked: bool = False
    files: dict[str, str] = field(default_factory=dict)

    def text(self, base: str) -> str:
        lines = [f'base = "{base}"', f"env_scripts = {json.dumps(self.scripts)}"]
        if self.packages:
            lines.append(f"apt_packages = {json.dumps(self.packages)}")
        if self.user:
            lines.append(f'user = {{ name = "{self.user}", uid = 1500 }}')
        return "\n".join([*lines, *(stage.text for stage in self.stages), ""])

    def source(self, path: str) -> str:
        """The stage from which what is at a path was copied, if any."""
        for copy in (copy for stage in self.stages for copy in stage.copies):
            if f"/{path}/".startswith(f"{copy.to}/"):
                return copy.source
        return ""

    @property
    def single(self) -> frozenset[str]:
        """The stages that nothing is put on others for, in whatever stack they are.

        Any other may be built twice, in the image and for what copies from it.
        """
        found: set[str] = set()
        for stage in () if self.packages or self.user else self.stages:
            alone = not any(_SHARED.search(line) for line in stage.commands)
            if alone and not stage.copies and {*stage.on} <= found:
                found.add(stage.name)
        return frozenset(found)

    @property
    def expected(self) -> dict[str, str]:
        """What is known of the image without any build of it, by path."""
        found = {}
        mark = "marked\n" if self.marked else ""
        for stage in self.stages:
            if stage.mounts and not stage.build_only:
                own = f"own/{stage.name}"
                found[f"{own}/mounted"] = "made\n"
                for name in (stage.name, *made_of(stage, self)):
                    at = "made" if name == stage.name else f"made-{name}"
                    found[f"{own}/{at}"] = f"{self.files[f'{name}.txt']}{mark}"
        return found

    @property
    def copied(self) -> dict[str, str]:
        """The files of the project that are in the image, by the paths there."""
        own = (s.name for s in self.stages if s.mounts and not s.build_only)
        return {f"own/{name}/in": f"{name}.txt" for name in own}


def made_of(stage: Sketch, made: World) -> list[str]:
    """The stages of whose sources one with a mount makes something too."""
    return [o.name for o in made.stages if o.mounts and o.name in stage.on]
