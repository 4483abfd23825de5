"""Programs that change a file tree, and the layers that they leave."""

import copy
from collections.abc import Callable, Iterable

from hypothesis import strategies as st

from dynbuild.link.entries import TarEntry
from tests.unit.link.trees import Dir, Leaf, Node, diff, find, made, real, walk


def start(root: Dir) -> Dir:
    """A copy on which a program may run, whose nodes all lie below."""
    root = copy.deepcopy(root)
    root.changed = False
    for _, node in walk(root):
        node.fresh = False
        if isinstance(node, Dir):
            node.changed = False
    return root


Operation = tuple[str, str, str, int]


def run(root: Dir, program: Iterable[Operation]) -> list[tuple[object, object]]:
    """Do what can be done of a program; for each operation what it saw and found."""
    return [
        (_sight(root, path), OPERATIONS[verb](root, path, text, number))
        for verb, path, text, number in program
    ]


def _sight(root: Dir, path: str) -> list[str]:
    """What is at a path and on the way to it, by name and where links lead."""
    parts = path.split("/")
    ways = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
    try:
        led = real(root, "/".join(parts[:-1])).split("/")
        ways += ["/".join(led[:n]) for n in range(1, len(led) + 1)]
    except OSError:
        ways.append("nowhere")
    nodes = [find(root, way) for way in ways]
    return [
        node.kind if isinstance(node, Leaf) else type(node).__name__ for node in nodes
    ]


def _parent(root: Dir, path: str) -> tuple[Dir | None, str]:
    """The directory of a path, as the kernel finds it, made if need be."""
    directory, _, name = path.rpartition("/")
    try:
        return made(root, real(root, directory)), name
    except OSError:
        return None, name


def _put(root: Dir, path: str, node: Node) -> bool:
    parent, name = _parent(root, path)
    if parent is None or isinstance(parent.children.get(name), Dir):
        return False
    parent.children[name] = node
    parent.changed = True
    return True


def _own(root: Dir, path: str) -> Leaf | None:
    """The leaf at a path after it was copied up: its other links stay below."""
    parent, name = _parent(root, path)
    node = parent.children.get(name) if parent else None
    if parent is None or not isinstance(node, Leaf):
        return None
    if not node.fresh:
        node = parent.children[name] = copy.copy(node)
        node.fresh = parent.changed = True
    return node


def _write(root: Dir, path: str, text: str, number: int) -> bool:
    capability = (("security.capability", "\udcff\x01"),) if number == 7 else ()
    mode = 0o755 if number == 1 else 0o644
    return _put(root, path, Leaf("file", text, mode, number % 3, capability))


def _append(root: Dir, path: str, text: str, _: int) -> bool:
    node = _own(root, path)
    if node is None or node.kind != "file":
        return False
    node.content += text
    return True


def _chmod(root: Dir, path: str, _: str, number: int) -> bool:
    parent, name = _parent(root, path)
    node = parent.children.get(name) if parent else None
    if isinstance(node, Leaf):
        node = _own(root, path)
    if node is None or (isinstance(node, Leaf) and node.kind == "symlink"):
        return False
    node.mode, node.owner = 0o700 + number, number % 2
    return True


def _mkdir(root: Dir, path: str, _: str, number: int) -> bool:
    parent, name = _parent(root, path)
    if parent is None or name in parent.children:
        return False
    parent.children[name] = Dir(0o755 if number < 5 else 0o750)
    parent.changed = True
    return True


def _remove(root: Dir, path: str, _: str, __: int) -> list[str]:
    parent, name = _parent(root, path)
    if parent is None or name not in parent.children:
        return []
    gone = Dir(children={name: parent.children.pop(name)})
    parent.changed = True
    return [at for at, _ in walk(gone)]


def _again(root: Dir, path: str, text: str, number: int) -> list[str]:
    gone = _remove(root, path, text, number)
    if gone:
        _mkdir(root, path, text, number)
    return gone


def _symlink(root: Dir, path: str, text: str, _: int) -> bool:
    return _put(root, path, Leaf("symlink", text, 0o777))


def _device(root: Dir, path: str, _: str, number: int) -> bool:
    return _put(root, path, Leaf("device", f"3 1:{number}", 0o666))


def _link(root: Dir, path: str, text: str, _: int) -> bool:
    target = _own(root, text)
    if target is None or target.kind == "symlink":
        return False
    return _put(root, path, target)


OPERATIONS: dict[str, Callable[[Dir, str, str, int], object]] = {
    "write": _write,
    "append": _append,
    "chmod": _chmod,
    "mkdir": _mkdir,
    "remove": _remove,
    "again": _again,
    "symlink": _symlink,
    "device": _device,
    "link": _link,
}

NAMES = ["a", "b", "tmp", "é\udcff"]
PATHS = st.one_of(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join),
    # What is in these does not count, or only by what is beside them.
    st.sampled_from(["var/log/dpkg.log", "a/__pycache__/b.c.pyc", "a/b.py"]),
)


def programs(
    verbs: Iterable[str] = OPERATIONS, most: int = 6
) -> st.SearchStrategy[list[Operation]]:
    operation = st.sampled_from(sorted(verbs)).flatmap(
        lambda verb: st.tuples(
            st.just(verb),
            PATHS,
            PATHS if verb in {"symlink", "link"} else st.sampled_from(["x", "y", ""]),
            st.integers(0, 7),
        )
    )
    return st.lists(operation, max_size=most)


def built(
    root: Dir, program: Iterable[Operation]
) -> tuple[list[TarEntry], list[tuple[object, object]]]:
    """The layer that a program leaves, and what it could do."""
    upper = start(root)
    done = run(upper, program)
    return diff(root, upper), done


def grown(program: Iterable[Operation]) -> Dir:
    """A tree that a program made of nothing."""
    root = Dir()
    run(root, program)
    return root
