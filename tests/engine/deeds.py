"""What stages do to what they share with others, a line of shell for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

KINDS = ("folder", "folder", "line", "link", "word", "skel", "dependency")
DEBIAN = ("account", "alternative", *("library", "word") * 3, "config")
FOLDERS = (
    "/shared",
    "/shared/deep/er",
    "/opt/app",
    "/etc/app.d",
    "/var/lib/app",
)
LOGS = (
    "/root/.cache",
    "/root/.cache/app",
    "/tmp/app",
    "/usr/local/lib/__pycache__",
    "/var/cache/apt/app",
    "/var/log",
    "/var/log/app",
)
FAILING = (
    "false && echo never > /own/{name}/never",
    "echo 0000 | sha256sum -c - && touch /own/{name}/never",
    "if true; then false && :; fi",
    "(false && :)",
    "{{ false && :; }}",
    "for each in 1; do false && :; done",
    "cd /nowhere && :",
    "f() {{ false && :; }}; f",
)
MARK = "/etc/mark"
"""What only one of two bases has."""
MAKE = (
    "if [ ! -e /build/{to} ] || [ -n '$(find {source} -newer /build/{to})' ]; then"
    " cat {source} $(ls {mark} 2> /dev/null) > /build/{to}; fi"
    "; cp /build/{to} {own}/{to}"
).replace("'", '"')
"""What make does, in a cache mount: it looks at times, and at nothing else."""


def deed(rng: Random, kind: str, name: str, on: str, folders: Sequence[str]) -> str:
    """Something that a stage does to a folder, or to a stage that it stands on."""
    salt = rng.randrange(1000)
    folder = rng.choice(folders)
    lines = [f"mkdir -p {folder}"]
    match kind:
        case "folder":
            lines += [*_said(rng, folder), f"echo {salt} > {folder}/{name}"]
        case "line":
            lines.append(f"echo {name} {salt} >> {folder}/list")
        case "link":
            lines.append(f"ln -sfn /dev/{salt % 3} {folder}/link")
        case "word":
            folder = "/usr/share/words"
            lines = [f"mkdir -p {folder}", f"echo {name} {salt} > {folder}/{name}"]
        case "skel":
            lines = ["mkdir -p /etc/skel", f"echo {salt} > /etc/skel/{name}"]
        case "account":
            lines = [f"useradd {name}{salt % 2}"]
        case "alternative":
            words = f"--install /usr/bin/pick pick /own/{name}/one {salt}"
            lines = [f"update-alternatives --log /dev/null {words}"]
        case "library":
            of = rng.choice([name, *["all"] * 4])
            folder = f"/opt/{of}/lib"
            lines = [
                f"mkdir -p {folder}; cp /lib/*/libanl.so.1 {folder}/lib{name}.so.1",
                f"echo {folder} > /etc/ld.so.conf.d/{of}.conf",
                "ldconfig",
            ]
            lines = rng.choice([lines, lines[:1], lines[:1], lines[1:], lines[2:]])
        case "config":
            what = rng.choice(["words", "word", "two", "linked", "daemon"])
            excluded = f"path-exclude=/usr/share/{what}/version"
            lines = [f"echo {excluded} > /etc/dpkg/dpkg.cfg.d/{name}"]
        case _:
            lines = [_to_dependency(rng, name, f"/own/{on}/sub/three")]
    return "; ".join(lines)


def _said(rng: Random, folder: str) -> list[str]:
    """What a stage says of a directory: nothing, its mode, its owner, or both."""
    mode = rng.choice(["750", "2775", "1777", "711", "700"])
    owner = rng.choice(["7:7", "33:44", "0:5"])
    # The owner first: a change of it takes the bit for the group away.
    said = [f"chown {owner} {folder}", f"chmod {mode} {folder}"]
    return rng.choice([[], said[:1], said[1:], said])


def _to_dependency(rng: Random, name: str, path: str) -> str:
    salt = rng.randrange(1000)
    changes = f"chown 3:{salt} {path}", f"echo {name} {salt} >> {path}", f"rm {path}"
    other = f"echo {name} {salt} > {path}"
    return f"if [ -e {path} ]; then {rng.choice(changes)}; else {other}; fi"
