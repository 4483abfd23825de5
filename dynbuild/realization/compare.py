"""``realize --compare-linear``: the linked image against a plain build, by path."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dynbuild.link.commute import seen
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.uncounted import byte_code, uncounted


@dataclass(frozen=True, slots=True)
class Difference:
    """A path that differs between the two images; None where it does not exist."""

    path: str
    linked: Written | None
    linear: Written | None

    @property
    def what(self) -> str:
        """The aspects in which they differ, one word each."""
        one, other = self.linked, self.linear
        if one is None or other is None:
            return "only linear" if one is None else "only linked"
        fields = {
            "type": one.kind != other.kind,
            "mode": one.mode != other.mode,
            "owner": (one.uid, one.gid) != (other.uid, other.gid),
            "content": one.content != other.content,
            "xattrs": one.xattrs != other.xattrs,
        }
        return ", ".join(name for name, differ in fields.items() if differ)


def differences(linked: WriteSet, linear: WriteSet) -> tuple[Difference, ...]:
    """Return the paths that differ between two trees, sorted.

    Times are ignored. So are the content and the existence of files that package
    managers rewrite on every run: some of them have a timestamp in their name.
    """
    return tuple(_differences(_tree(linked), _tree(linear)))


def _differences(linked: WriteSet, linear: WriteSet) -> Iterator[Difference]:
    for path in sorted(linked.keys() | linear.keys()):
        one, other = linked.get(path), linear.get(path)
        if one == other or ((one is None or other is None) and uncounted(path)):
            continue
        yield Difference(path, one, other)


def _tree(writes: WriteSet) -> WriteSet:
    return {
        path: _told(path, written, writes)
        for path, written in writes.items()
        if written.kind != "whiteout"
    }


def _told(path: str, written: Written, writes: WriteSet) -> Written:
    kind = "directory" if written.kind == "opaque" else written.kind
    counts = replace(seen(path, written), kind=kind, new=False)
    made = byte_code(path, writes)
    return counts if made is None else replace(counts, content=made[1].content)
