"""Random declarations whose stages read only what they declare, and edits of them.

A stage does as it likes in a directory of its own. What it does to a path of a
dependency looks at that path alone, so whoever else changed it is in conflict and is
put below. In a directory that all share it only writes whole files.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

NAMES = ("a", "b", "c", "d", "e", "f", "g")
FILES = ("one", "two", "sub/three")


@dataclass(frozen=True)
class Sketch:
    """A stage to be; ``salt`` makes its results its own."""

    name: str
    on: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    copies_from: tuple[str, ...] = ()
    copies_file: bool = False
    build_only: bool = False


@dataclass(frozen=True)
class Project:
    """A declaration to be, and the files that it copies."""

    stages: tuple[Sketch, ...] = ()
    files: dict[str, str] = field(default_factory=dict)

    def text(self, base: str) -> str:
        lines = [f'base = "{base}"', 'workdir = "/srv/here"']
        for stage in self.stages:
            copies = [
                f'{{ stage = "{other}", from = "/own/{other}", to = "/got/{other}" }}'
                for other in stage.copies_from
            ]
            if stage.copies_file:
                name = f"{stage.name}.txt"
                copies.append(f'{{ from = "{name}", to = "/copied/{name}" }}')
            lines += [
                "[[stages]]",
                f'name = "{stage.name}"',
                f"dependencies = {list(stage.on)}",
                f"copy = [{', '.join(copies)}]",
                f"build_only = {str(stage.build_only).lower()}",
                f"commands = {list(stage.commands)}",
            ]
        return "\n".join(lines) + "\n"


words = st.sampled_from(["red", "green", "blue"])
modes = st.sampled_from(["600", "640", "755", "4711"])
owners = st.sampled_from(["0:0", "7:7", "33:44"])


def _own(path: str) -> st.SearchStrategy[str]:
    return st.one_of(
        words.map(lambda word: f"rm -rf {path}; echo {word} > {path}"),
        words.map(lambda word: f"[ -d {path} ] || echo {word} >> {path}"),
        st.just(f"rm -rf {path}"),
        st.just(f"rm -rf {path}; mkdir {path}; echo in > {path}/in"),
        words.map(lambda word: f"rm -rf {path}; ln -s {word} {path}"),
        st.just(f"rm -rf {path}; echo x > {path}.t; ln {path}.t {path}"),
        modes.map(
            lambda mode: f"[ -L {path} ] || [ ! -e {path} ] || chmod {mode} {path}"
        ),
        owners.map(lambda owner: f"[ ! -e {path} ] || chown -h {owner} {path}"),
    )


def _shared(name: str) -> st.SearchStrategy[str]:
    path = f"/shared/{name}"
    return st.one_of(
        words.map(lambda word: f"echo {word} > {path}"),
        st.tuples(words, modes).map(
            lambda two: f"echo {two[0]} > {path}; chmod {two[1]} {path}"
        ),
    )


@st.composite
def commands(draw: st.DrawFn, name: str, on: tuple[str, ...]) -> tuple[str, ...]:
    given = [f"mkdir -p /own/{name}/sub /shared"]
    given.append(f"echo {draw(st.integers(0, 99))} > /own/{name}/id")
    for _ in range(draw(st.integers(0, 3))):
        where = draw(st.sampled_from([name, *on, ""]))
        file = draw(st.sampled_from(FILES))
        if where:
            given.append(draw(_own(f"/own/{where}/{file}")))
        else:
            given.append(draw(_shared(file.replace("/", "-"))))
    return tuple(given)


@st.composite
def stages(draw: st.DrawFn, name: str, before: tuple[Sketch, ...]) -> Sketch:
    build_only = draw(st.integers(0, 4)) == 0
    may = [stage.name for stage in before if build_only or not stage.build_only]
    on = (
        tuple(draw(st.lists(st.sampled_from(may), unique=True, max_size=2)))
        if may
        else ()
    )
    others = [stage.name for stage in before if stage.name not in on]
    copied = (
        tuple(draw(st.lists(st.sampled_from(others), unique=True, max_size=1)))
        if others
        else ()
    )
    return Sketch(
        name,
        on,
        draw(commands(name, on)),
        copied,
        copies_file=draw(st.integers(0, 2)) == 0,
        build_only=build_only,
    )


@st.composite
def projects(draw: st.DrawFn) -> Project:
    made: tuple[Sketch, ...] = ()
    for name in NAMES[: draw(st.integers(2, 5))]:
        made += (draw(stages(name, made)),)
    return Project(made, {f"{name}.txt": "first\n" for name in NAMES})


@st.composite
def edits(draw: st.DrawFn, project: Project) -> Project:
    """The project after one edit of a random kind."""
    kind = draw(st.sampled_from(["change", "change", "add", "remove", "file", "on"]))
    place = draw(st.integers(0, len(project.stages) - 1))
    stage = project.stages[place]
    needed = {n for s in project.stages for n in (*s.on, *s.copies_from)}
    free = [name for name in NAMES if name not in {s.name for s in project.stages}]
    match kind:
        case "add" if free:
            new = draw(stages(free[0], project.stages))
            return replace(project, stages=(*project.stages, new))
        case "remove" if stage.name not in needed and len(project.stages) > 1:
            left = tuple(s for s in project.stages if s is not stage)
            return replace(project, stages=left)
        case "file":
            files = {**project.files, f"{stage.name}.txt": draw(words) + "\n"}
            return replace(project, files=files)
        case "on" if stage.on:
            new = replace(stage, on=(), commands=draw(commands(stage.name, ())))
        case _:
            new = replace(stage, commands=draw(commands(stage.name, stage.on)))
    changed = tuple(new if s is stage else s for s in project.stages)
    return replace(project, stages=changed)
