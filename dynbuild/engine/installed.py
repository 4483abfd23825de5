"""What layers say is installed: read while they are read anyway, or later by itself."""

import tarfile
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from tempfile import TemporaryDirectory

from dynbuild.digest import BlobDigest, sha256
from dynbuild.engine.archives import content_of, normal, opened, path_of
from dynbuild.inside.codec import UnreadableReadingsError, dumps, loads
from dynbuild.inside.model import Reading, Readings
from dynbuild.inside.readers import MOST, reader_of, reading, too_large
from dynbuild.link.entries import MalformedLayerError
from dynbuild.link.model import Inside, WriteSet
from dynbuild.ports import Machine, Stack, Tier
from dynbuild.values import dataclass

_MOST = 1_000_000
"""Maximum packages and names of needed ones that are kept in memory."""
_BYTES = 2 << 30
"""Maximum bytes of all files that are read: one path may be there many times."""


@dataclass(slots=True)
class Installed:
    """What the files of layers say, the highest last; filled member by member."""

    found: dict[str, Reading] = field(default_factory=dict)
    _linked: dict[str, str] = field(default_factory=dict)
    _said: int = 0
    _read_bytes: int = 0

    def wants(self, info: tarfile.TarInfo) -> bool:
        """Whether the content of a member is needed; if not, it was seen by this."""
        path = path_of(info)
        reader = reader_of(path)
        if reader is None:
            return False
        if not info.isreg() and not info.islnk():
            return False
        self._linked.pop(path, None)
        if len(self.found) + len(self._linked) >= MOST or self._is_full():
            self._leave_out(path)
            return False
        if info.islnk():
            self._linked[path] = normal(info.linkname)
            return False
        if info.size > reader.largest:
            self.found[path] = too_large(info.size)
            return False
        self._read_bytes += info.size
        return True

    def see(self, info: tarfile.TarInfo, data: bytes) -> None:
        """Read a member that is wanted."""
        path = path_of(info)
        if reader := reader_of(path):
            self._keep(path, reading(reader, data))

    def follow(self, layer: Path) -> None:
        """Read the files of a layer that hard links in it name, once it was seen."""
        linked, self._linked = self._linked, {}
        named: dict[str, list[str]] = {}
        for path, end in _ends(linked).items():
            named.setdefault(end, []).append(path)
        if not named:
            return
        with opened(layer) as archive:
            for info in archive:
                if info.isreg() and (paths := named.get(path_of(info))):
                    self._read(archive, info, paths)

    def _read(
        self, archive: tarfile.TarFile, info: tarfile.TarInfo, paths: Sequence[str]
    ) -> None:
        """Read a file once for all paths that are alike."""
        known: dict[str, Reading] = {}
        for path in paths:
            reader = reader_of(path)
            if reader is None:
                continue
            if self._is_full():
                self._leave_out(path)
                continue
            if reader.paths not in known:
                self._read_bytes += info.size
                known[reader.paths] = (
                    too_large(info.size)
                    if info.size > reader.largest
                    else reading(reader, content_of(archive, info))
                )
            self._keep(path, known[reader.paths])

    def _is_full(self) -> bool:
        return self._said >= _MOST or self._read_bytes >= _BYTES

    def _leave_out(self, path: str) -> None:
        """Forget what a path said before: nobody looks what it says now."""
        self.found.pop(path, None)
        problem = "more files say what is installed than are read"
        self.found[""] = Reading(problem=problem)

    def _keep(self, path: str, one: Reading) -> None:
        self.found[path] = one
        self._said += sum(1 + len(package.needs) for package in one.packages)

    def of(self, writes: WriteSet) -> Readings:
        """Return what is left of it in what the layers write as a whole."""
        return {
            path: one
            for path, one in self.found.items()
            if not path or ((here := writes.get(path)) and here.kind == "file")
        }


def _ends(linked: Mapping[str, str]) -> dict[str, str]:
    """Return where links end; each is followed once, however many lead to it."""
    ends: dict[str, str] = {}
    for path in linked:
        passed: dict[str, None] = {}
        at = path
        while at in linked and at not in ends and at not in passed:
            passed[at] = None
            at = linked[at]
        ends |= dict.fromkeys(passed, ends.get(at, at))
    return ends


def installed(layers: Iterable[Path], writes: WriteSet) -> Readings:
    """Read what layers say is installed, lowest first; ``writes`` is all they write.

    Raises MalformedLayerError.
    """
    seen = Installed()
    for layer in layers:
        with opened(layer) as archive:
            for info in archive:
                if seen.wants(info):
                    seen.see(info, content_of(archive, info))
        seen.follow(layer)
    return seen.of(writes)


@dataclass(frozen=True, slots=True)
class InstalledReader:
    """Implements ``commands.packages.ReadInstalled`` with tiers and a machine's notes.

    The tiers are asked near to far. ``layers``: where nobody kept what the layers say,
    they are read themselves.
    """

    tiers: Sequence[Tier]
    machine: Machine
    layers: bool = True

    def __call__(
        self, layers: Stack, writes: WriteSet, inside: Inside | None
    ) -> Readings | None:
        if inside is not None and inside.digest is None:
            return {}
        with TemporaryDirectory() as folder:
            if inside is not None and inside.digest is not None:
                path = f"{folder}/inside"
                if self._fetched(inside.digest, path):
                    with suppress(UnreadableReadingsError):
                        return loads(Path(path).read_bytes())
            return self._read(layers, writes, folder)

    def _read(self, layers: Stack, writes: WriteSet, folder: str) -> Readings | None:
        told = "\n".join(layer.diff_id for layer in layers)
        note = "inside-" + sha256(told.encode()).removeprefix("sha256:")
        if (noted := self.machine.noted(note)) is not None:
            with suppress(ValueError):
                return loads(b64decode(noted, validate=True))
        if not self.layers:
            return None
        paths = [Path(folder, str(number)) for number in range(len(layers))]
        for layer, path in zip(layers, paths, strict=True):
            if not self._fetched(layer.digest, str(path)):
                return None
        try:
            found = installed(paths, writes)
        except MalformedLayerError:
            return None
        self.machine.note(note, b64encode(dumps(found)).decode())
        return found

    def _fetched(self, blob: BlobDigest, path: str) -> bool:
        return any(tier.fetch(blob, path) for tier in self.tiers)
