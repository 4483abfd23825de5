"""Random declarations whose stages read only what they declare, and edits of them.

What makes them so, whatever is drawn:

- A stage does as it likes in ``/own/NAME``, and ends by making ``/own/NAME/offer``: a
  file, a directory, a symlink and so on, for others to change. It reads of its
  dependencies only what nobody changes.
- What a stage does to an offer of a dependency writes something at that very path,
  whatever kind of thing the dependency made there: so whoever else changed it is in
  conflict, and is put below. Modes and owners are none that an offer has at first,
  since a change to what is there already leaves no trace in a layer.
- In ``/shared`` it only writes whole files, and says each time what its directories
  have to be.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

NAMES = ("a", "b", "c", "d", "e", "f", "g")
OFFERS = ("file", "pair", "dir", "sticky", "link", "cap")
LONG = "long-" + "x" * 120
PLACES = ("one", "two", "sub/three", "sub/deep/four", "a name", "ünïcode", LONG)


@dataclass(frozen=True)
class Copied:
    """A file or directory of the project, and how it is copied."""

    name: str
    owner: str = ""
    mode: str = ""


@dataclass(frozen=True)
class Sketch:
    """A stage to be."""

    name: str
    on: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    copies_from: tuple[str, ...] = ()
    copied: tuple[Copied, ...] = ()
    build_only: bool = False


@dataclass(frozen=True)
class Project:
    """A declaration to be, and the files that it copies."""

    stages: tuple[Sketch, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    scripts: tuple[str, ...] = ()

    def text(self, base: str) -> str:
        lines = [
            f"base = {json.dumps(base)}",
            'workdir = "/srv/here"',
            f"env_scripts = {_list(self.scripts)}",
        ]
        for stage in self.stages:
            copies = [
                f'{{ stage = "{other}", from = "/own/{other}", to = "/got/{other}" }}'
                for other in stage.copies_from
            ]
            for copied in stage.copied:
                target = f"/copied/{stage.name}-{copied.name}"
                more = "".join(
                    f', {key} = "{value}"'
                    for key, value in (("owner", copied.owner), ("mode", copied.mode))
                    if value
                )
                copies.append(f'{{ from = "{copied.name}", to = "{target}"{more} }}')
            lines += [
                "[[stages]]",
                f'name = "{stage.name}"',
                f"dependencies = {_list(stage.on)}",
                f"copy = [{', '.join(copies)}]",
                f"build_only = {str(stage.build_only).lower()}",
                f"commands = {_list(stage.commands)}",
            ]
        return "\n".join(lines) + "\n"


def _list(texts: tuple[str, ...]) -> str:
    return json.dumps(list(texts), ensure_ascii=False)


salts = st.integers(0, 999)
words = st.sampled_from(["red", "green", "blue"])
modes = st.sampled_from(["600", "640", "755", "1777", "2750", "4711", "000"])
owners = st.sampled_from(["7:7", "33:44", "0:5"])
capabilities = st.sampled_from(["cap_net_raw+ep", "cap_chown,cap_kill+p"])


@st.composite
def _own(draw: st.DrawFn, name: str) -> str:
    """Anything at all, in the stage's own directory."""
    root = f"/own/{name}"
    p, q = (f"'{root}/{place}'" for place in draw(st.permutations(PLACES))[:2])
    salt, mode, owner = draw(salts), draw(modes), draw(owners)
    sub = f"{root}/sub"
    ready = f"mkdir -p {sub}/deep; rm -rf {p}"
    fresh, folder = f"{ready}; echo {salt} > {p}", f"{ready}; mkdir {p}"
    return draw(
        st.sampled_from(
            [
                fresh,
                f"[ ! -f {p} ] || [ -L {p} ] || echo {salt} >> {p}",
                f"rm -rf {p}",
                f"rm -rf {sub}; {fresh}",
                f"rm -rf {sub}; ln -s deep {sub}; rm {sub}; mkdir {sub}",
                f"{folder}; echo {salt} > {p}/in; chmod {mode} {p}",
                folder,
                f"{ready}; ln -s {salt} {p}",
                f"{ready}; ln -s . {p}",
                f"{ready}; mkfifo -m {mode} {p}",
                f"{ready}; mknod {p} c 1 {salt % 9 + 1}",
                f"{fresh}; if [ -f {q} ] && [ ! -L {q} ]; then ln -f {q} {p}; fi",
                f"{ready}; ln /usr/bin/getcap {p}",
                f"{fresh}; chmod {mode} {p}; ln -f {p} {sub}/l{salt}",
                f"[ -L {p} ] || [ ! -e {p} ] || chmod {mode} {p}",
                f"[ ! -e {p} ] && [ ! -L {p} ] || chown -h {owner} {p}",
                f"{fresh}; setcap {draw(capabilities)} {p}",
                f"{fresh}; setfattr -n user.a -v {salt} {p}",
                f"{folder}; setfattr -n user.a -v {salt} {p}",
                f"{folder}; rm -rf {p}.t; mv {p} {p}.t; mv {p}.t {p}",
                f"chmod 755 {root}; chown {owner} {root}",
            ]
        )
    )


def _offers(name: str, salt: int, mode: str) -> str:
    """What a stage ends with: things that others may change, never read."""
    root = f"/own/{name}/offer"
    return (
        f"rm -rf {root}; mkdir -p {root}/dir/in {root}/sticky; "
        f"echo {salt} > {root}/file; "
        f"echo {salt} > {root}/pair; ln {root}/pair {root}/pair.other; "
        f"echo {salt} > {root}/dir/one; echo two > {root}/dir/in/two; "
        f"echo x > {root}/sticky/x; chmod {mode} {root}/sticky; "
        f"ln -s {salt} {root}/link; "
        f"echo {salt} > {root}/cap; setcap cap_fowner+ep {root}/cap"
    )


@st.composite
def _to_offer(draw: st.DrawFn, name: str, other: str) -> str:
    """A change that leaves a trace at one offer of a dependency, and reads that one."""
    offer = draw(st.sampled_from(OFFERS))
    p = f"/own/{other}/offer/{offer}"
    mark = f"{name}-{draw(salts)}"
    there = f"[ ! -e {p} ] && [ ! -L {p} ]"
    plain = f"[ -f {p} ] && [ ! -L {p} ]"
    folder = f"[ -d {p} ] && [ ! -L {p} ]"
    fresh = f"{{ rm -rf {p}; echo {mark} > {p}; }}"
    owner = draw(st.sampled_from(["21:22", "23:0"]))
    mode = draw(st.sampled_from(["711", "2711", "444"]))
    linked = f"ln -f {p} /own/{name}/from-{other}-{offer}"
    marked = f"chmod {mode} {p}; setfattr -n user.b -v {mark}"
    return draw(
        st.sampled_from(
            [
                f"rm -rf {p}",
                f"rm -rf {p}; echo {mark} > {p}",
                f"rm -rf {p}; mkdir {p}; echo {mark} > {p}/only",
                f"rm -rf {p}; echo {mark} > {p}; rm {p}; mkdir {p}; chmod {mode} {p}",
                f"rm -rf {p}; ln -s {mark} {p}",
                f"rm -rf {p}; ln -s dir {p}; rm {p}; mkdir {p}; echo {mark} > {p}/back",
                f"{there} || chown -h {owner} {p}",
                f"if {there} || [ -L {p} ]; then {fresh}; else chmod {mode} {p}; fi",
                f"if {plain}; then echo {mark} >> {p}; else {fresh}; fi",
                f"if {plain}; then echo {mark} >> {p}; {linked}; else {fresh}; fi",
                f"if {folder}; then echo {mark} > {p}/by-{name}; else {fresh}; fi",
                f"if {folder}; then rm -rf {p}/by-{name} {p}/one; else {fresh}; fi"
                if offer == "dir"
                else f"rm -rf {p}",
                f"if {plain}; then setcap {draw(capabilities)} {p}; else {fresh}; fi",
                f"if {plain}; then {marked} {p}; else {fresh}; fi",
                f"if {folder}; then {marked} {p}; else {fresh}; fi",
                f"rm -rf {p}; cp /usr/bin/getcap {p}; chmod 4755 {p}",
            ]
        )
    )


@st.composite
def _shared(draw: st.DrawFn) -> str:
    where = draw(st.sampled_from(["/shared", "/shared/sticky", "/shared/deep/er"]))
    path = f"{where}/{draw(st.sampled_from(['one', 'two', 'three']))}"
    ready = "mkdir -p /shared/sticky /shared/deep/er; chmod 1777 /shared/sticky"
    write = f"{ready}; echo {draw(words)} > {path}"
    return draw(
        st.sampled_from(
            [write, write, f"{write}; chmod {draw(modes)} {path}"],
        )
    )


@st.composite
def commands(draw: st.DrawFn, name: str, on: tuple[str, ...]) -> tuple[str, ...]:
    own = f"/own/{name}"
    given = [f"mkdir -p {own}/sub/deep", f"echo {draw(salts)} > {own}/id"]
    given += [f"cat /own/{other}/id >> {own}/id" for other in on]
    if draw(st.booleans()):
        given += [f"ln -f /own/{other}/id {own}/id-of-{other}" for other in on]
    for _ in range(draw(st.integers(0, 5))):
        match draw(st.sampled_from(["own", "own", "offer", "offer", "shared"])):
            case "offer" if on:
                given.append(draw(_to_offer(name, draw(st.sampled_from(on)))))
            case "shared":
                given.append(draw(_shared()))
            case _:
                given.append(draw(_own(name)))
    given.append(_offers(name, draw(salts), draw(st.sampled_from(["1777", "3770"]))))
    return tuple(given)


@st.composite
def copied(draw: st.DrawFn, name: str) -> Copied:
    return Copied(
        draw(st.sampled_from([f"{name}.txt", "tree"])),
        draw(st.sampled_from(["", "7:7"])),
        draw(st.sampled_from(["", "600"])),
    )


@st.composite
def stages(draw: st.DrawFn, name: str, before: tuple[Sketch, ...]) -> Sketch:
    build_only = draw(st.integers(0, 4)) == 0
    may = [stage.name for stage in before if build_only or not stage.build_only]
    on: tuple[str, ...] = ()
    if may:
        on = tuple(draw(st.lists(st.sampled_from(may), unique=True, max_size=2)))
    others = [stage.name for stage in before if stage.name not in on]
    sources: tuple[str, ...] = ()
    if others:
        more = draw(st.lists(st.sampled_from(others), unique=True, max_size=1))
        sources = tuple(more)
    return Sketch(
        name,
        on,
        draw(commands(name, on)),
        sources,
        (draw(copied(name)),) if draw(st.integers(0, 2)) == 0 else (),
        build_only,
    )


def _script(draw: st.DrawFn, name: int) -> str:
    return f"mkdir -p /own/script; echo {draw(salts)} > /own/script/{name}"


@st.composite
def projects(draw: st.DrawFn) -> Project:
    made: tuple[Sketch, ...] = ()
    for name in NAMES[: draw(st.integers(2, 6))]:
        made += (draw(stages(name, made)),)
    files = {f"{name}.txt": "first\n" for name in NAMES}
    files |= {"tree/file": "first\n", "tree/sub/more": "more\n"}
    scripts = (_script(draw, 1),) if draw(st.booleans()) else ()
    return Project(made, files, scripts)


@st.composite
def edits(draw: st.DrawFn, before: tuple[Project, ...]) -> Project:
    """The last project after one edit of a random kind, or one from before again."""
    project = before[-1]
    match draw(st.integers(0, 9)):
        case 0:
            return draw(st.sampled_from(before))
        case 1:
            return replace(project, stages=tuple(draw(st.permutations(project.stages))))
        case 2:
            scripts = (_script(draw, draw(st.integers(1, 2))),)
            return replace(project, scripts=scripts)
        case 3:
            names = [f"{stage.name}.txt" for stage in project.stages]
            name = draw(st.sampled_from([*names, "tree/file", "tree/new"]))
            files = {**project.files, name: draw(words) + "\n"}
            return replace(project, files=files)
        case _:
            return replace(project, stages=_stages_edited(draw, project.stages))


def _stages_edited(
    draw: st.DrawFn, stages_before: tuple[Sketch, ...]
) -> tuple[Sketch, ...]:
    stage = draw(st.sampled_from(stages_before))
    needed = {n for s in stages_before for n in (*s.on, *s.copies_from)}
    free = [name for name in NAMES if name not in {s.name for s in stages_before}]
    only = {s.name for s in stages_before if s.build_only}
    match draw(st.sampled_from(["change", "change", "add", "remove", "on", "only"])):
        case "add" if free:
            return (*stages_before, draw(stages(free[0], stages_before)))
        case "remove" if stage.name not in needed and len(stages_before) > 1:
            return tuple(s for s in stages_before if s is not stage)
        case "only" if stage.name not in needed and not only & {*stage.on}:
            new = replace(stage, build_only=not stage.build_only)
        case "on" if stage.on:
            on = stage.on[:-1]
            new = replace(stage, on=on, commands=draw(commands(stage.name, on)))
        case _:
            new = replace(stage, commands=draw(commands(stage.name, stage.on)))
    return tuple(new if s is stage else s for s in stages_before)
