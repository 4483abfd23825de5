"""What packages and commands do to a tree of files, as their names say.

A function of the name and of the tree alone: so an image can be built in one go, step
upon step, and be compared with one whose layers came from elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from dynbuild.digest import sha256
from dynbuild.link.model import Written

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from dynbuild.steps.model import Stage

Tree: TypeAlias = "dict[str, Written]"


class Layered(dict[str, Written]):
    """A tree that knows what was written, whether or not it was there as it is."""

    def __init__(self, tree: Mapping[str, Written]) -> None:
        super().__init__(tree)
        self.touched: set[str] = set()

    def __setitem__(self, path: str, written: Written) -> None:
        self.touched.add(path)
        super().__setitem__(path, written)


STATUS, ACCOUNTS = "var/lib/dpkg/status", "etc/passwd"
_FILES = ("etc/hosts", "lib/libc.so.6", "usr/bin/tool", STATUS, ACCOUNTS)
_TOPS = ("etc", "lib", "usr", "usr/bin", "usr/share", "var", "var/lib", "var/lib/dpkg")
_TOPS = (*_TOPS, "opt", "srv", "data")
TREE: Tree = {
    **{path: Written("directory", 0o755) for path in _TOPS},
    **{path: Written("file", 0o644, content=path) for path in _FILES},
}

STAGES = (
    *("plain", "plain", "plain", "reads", "reads", "lists", "chowns", "installs"),
    *("patches", "hosts", "same", "fills", "removes"),
)

_CHANGED = re.compile(r"var/lib/dpkg|.*\.conf\Z|etc/hosts|srv/in|usr/share/same").match
"""Paths that stages change: a stage that looked at them would have to say which of
these it depends on."""


def installed(name: str, tree: Tree) -> None:
    """Install a package as its name says."""
    kind = name.rstrip("0123456789")
    _file(tree, STATUS, f"{tree[STATUS].content} {name}")
    _file(tree, f"usr/bin/{name}", name)
    _file(tree, f"etc/{name}.conf", name)
    _INSTALLED[kind](name, tree)


def _account(name: str, tree: Tree) -> None:
    _file(tree, ACCOUNTS, f"{tree[ACCOUNTS].content} {name}")


def _owner(name: str, tree: Tree) -> None:
    _account(name, tree)
    tree[f"srv/{name}"] = Written("file", uid=_accounts(tree), content=name)


def _index(name: str, tree: Tree) -> None:
    # Made of what all packages brought, as an index of icons is.
    there = sorted(path for path in tree if path.startswith("usr/bin/"))
    _file(tree, "usr/share/index", " ".join([name[:0], *there]))


def _choice(name: str, tree: Tree) -> None:
    tree["etc/alternatives/choice"] = Written("symlink", content=name)


def _newer(name: str, tree: Tree) -> None:
    _file(tree, "lib/libc.so.6", name)


def _asks(name: str, tree: Tree) -> None:
    # Set up in another way where some other package is there.
    found = any(path.startswith("usr/bin/plain") for path in tree)
    _file(tree, f"usr/share/{name}", f"{found}")


def _opens(name: str, tree: Tree) -> None:
    tree["data"] = Written("directory", 0o777 if name[-1] in "13579" else 0o755)


def _drops(_: str, tree: Tree) -> None:
    tree.pop("usr/bin/tool", None)


def _same(_: str, tree: Tree) -> None:
    _file(tree, "usr/share/same", "same")


def _inside(name: str, tree: Tree) -> None:
    tree["srv/in"] = Written("directory", 0o755)
    _file(tree, f"srv/in/{name}", name)


def _moves(name: str, tree: Tree) -> None:
    _file(tree, "usr/share/moved", name[-1])


_INSTALLED: Mapping[str, Callable[[str, Tree], None]] = {
    "plain": lambda *_: None,
    "account": _account,
    "owner": _owner,
    "index": _index,
    "choice": _choice,
    "newer": _newer,
    "asks": _asks,
    "opens": _opens,
    "drops": _drops,
    "same": _same,
    "inside": _inside,
    "moves": _moves,
}
"""What packages do besides bringing a program and its configuration."""

PACKAGES = (*_INSTALLED, "plain", "plain", "plain")


def removed(name: str, tree: Tree) -> None:
    words = tree[STATUS].content.split()
    _file(tree, STATUS, " ".join(word for word in words if word != name))
    tree.pop(f"usr/bin/{name}", None)
    tree.pop(f"etc/{name}.conf", None)


def commanded(stage: Stage, tree: Tree, known: Collection[str]) -> None:
    """Run the commands of a stage, which look at nothing but what is ``known``."""
    name, text = stage.name, stage.commands[0]
    kind = name.rpartition("-")[2].rstrip("0123456789")
    chance = Random(f"{name} {text}")
    seen = sorted(path for path in known if not _CHANGED(path))
    found = [
        f"{path} {_plain(tree.get(path))}" for path in seen if chance.random() < 0.5
    ]
    _file(tree, f"opt/{name}", " ".join([text, *(found if kind == "reads" else ())]))
    match kind:
        case "lists":
            there = [path for path in seen if path in tree]
            _file(tree, f"opt/{name}.list", " ".join(there))
        case "patches":
            for path in sorted(p for p in known if p.endswith(".conf")):
                if chance.random() < 0.3 and path in tree:
                    _file(tree, path, f"{tree[path].content} {text}")
        case "removes" if "srv/in" in known:
            # `rm -r`, of what it knows to be there.
            for path in [p for p in tree if f"{p}/".startswith("srv/in/")]:
                del tree[path]
        case "same":
            _file(tree, "usr/share/same", "same" if chance.random() < 0.5 else text)
        case _:
            _changed(kind, stage, tree)


def _changed(kind: str, stage: Stage, tree: Tree) -> None:
    name, text = stage.name, stage.commands[0]
    match kind:
        case "chowns":
            tree[f"srv/{name}"] = Written("file", uid=_accounts(tree), content=text)
        case "installs":
            _file(tree, STATUS, f"{tree[STATUS].content} {name}")
        case "hosts":
            _file(tree, "etc/hosts", f"{_plain(tree.get('etc/hosts'))} {name}")
        case "fills":
            tree["srv/in"] = Written("directory", 0o755)
            _file(tree, f"srv/in/{name}", text)


def _plain(found: Written | None) -> str:
    return "" if found is None else f"{found.kind} {found.content} {found.uid}"


def _accounts(tree: Tree) -> int:
    return len(tree[ACCOUNTS].content.split())


def _file(tree: Tree, path: str, content: str) -> None:
    tree[path] = Written("file", 0o644, content=sha256(content.encode())[-12:])
    if path in {STATUS, ACCOUNTS}:
        tree[path] = Written("file", 0o644, content=content)


def there(tree: Mapping[str, Written]) -> Tree:
    """What is in a tree, whatever layer it came from."""
    found = {path: one for path, one in tree.items() if one.kind != "whiteout"}
    return {
        path: replace(
            one, new=False, kind="directory" if one.kind == "opaque" else one.kind
        )
        for path, one in found.items()
    }


def written(before: Tree, after: Layered) -> Tree:
    """The write set of a layer, with the directories above all that it writes."""
    found: Tree = {
        path: replace(one, new=path not in before and one.kind != "directory")
        for path, one in after.items()
        if before.get(path) != one or path in after.touched
    }
    for path in before.keys() - after.keys():
        if not any(f"{above}/" in f"{path}/"[: len(above) + 1] for above in found):
            found[path] = Written("whiteout")
    for path in [*found]:
        above = path.rpartition("/")[0]
        while above:
            if above in after:
                found.setdefault(above, after[above])
            above = above.rpartition("/")[0]
    return {
        path: one
        for path, one in found.items()
        if not any(
            f"{path}/".startswith(f"{gone}/") and gone != path
            for gone, what in found.items()
            if what.kind == "whiteout"
        )
    }
