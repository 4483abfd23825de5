"""The linked image against a plain build or another image: by path, and by config."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from dynbuild.digest import Field
from dynbuild.link.commute import seen
from dynbuild.link.model import WriteSet, Written
from dynbuild.link.timeless import is_of_its_run, may_tell_time
from dynbuild.link.uncounted import byte_code, uncounted
from dynbuild.values import dataclass


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


_OF_MANAGERS = re.compile(
    r"var/lib/dpkg/\w+-old|var/cache/debconf/\w+\.dat-old"
    r"|var/(?:lib/apt/lists|cache/apt/archives)(?:/(?:lock|partial|auxfiles))?"
)


def of_managers(path: str) -> bool:
    """Whether a path is a lock or a backup that package managers keep for themselves.

    dynbuild leaves no backups, and other locks than an installation by hand; apt makes
    the directories of its lists wherever it runs.
    """
    return _OF_MANAGERS.fullmatch(path) is not None


def of_time(path: str) -> bool:
    """Whether a layer that does not tell when it was made has something else there."""
    return is_of_its_run(path) or may_tell_time(path)


@dataclass(frozen=True, slots=True)
class ConfigDifference:
    """A field of the config that differs; None where it says nothing."""

    field: str
    linked: Field
    other: Field


_SAME: Mapping[str, tuple[Field, Field]] = {
    "User": ("", "root"),
    "Shell": (None, ["/bin/sh", "-c"]),
}
"""What says nothing, and what means the same."""

_TOLD = (
    *("User", "WorkingDir", "Entrypoint", "Cmd", "Shell", "StopSignal", "Healthcheck"),
    *("ExposedPorts", "Volumes", "OnBuild"),
)


def config_differences(
    linked: Mapping[str, Field], other: Mapping[str, Field]
) -> tuple[ConfigDifference, ...]:
    """Return the fields that differ in what a container of the image is run with."""
    one, two = _told_of(linked), _told_of(other)
    return tuple(
        ConfigDifference(name, one.get(name), two.get(name))
        for name in sorted(one.keys() | two.keys())
        if one.get(name) != two.get(name)
    )


def _told_of(config: Mapping[str, Field]) -> dict[str, Field]:
    """Return what a config says; variables and labels one by one."""
    own = cast("Mapping[str, Field]", config.get("config") or {})
    told = {name: _meant(name, own.get(name)) for name in _TOLD}
    for text in cast("list[str]", own.get("Env") or []):
        name, _, value = text.partition("=")
        told[f"Env {name}"] = value
    labels = cast("Mapping[str, Field]", own.get("Labels") or {})
    told |= {f"Label {name}": value for name, value in labels.items()}
    return {name: value for name, value in told.items() if value not in (None, {}, [])}


def _meant(name: str, value: Field) -> Field:
    if name == "WorkingDir" and isinstance(value, str):
        # Docker keeps the slash that WORKDIR was written with.
        value = value.rstrip("/")
    nothing, same = _SAME.get(name, (None, None))
    return None if value in (nothing, same, "", "0") else value
