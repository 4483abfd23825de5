"""Programs in layers: read of ELF files and of the first lines of scripts."""

import json
import struct
import tarfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import field, replace
from io import BytesIO
from itertools import islice, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from dynbuild.digest import Digest, sha256
from dynbuild.engine.archives import content_of, normal, opened, path_of
from dynbuild.link.entries import MalformedLayerError
from dynbuild.link.programs import Program, script
from dynbuild.ports import Machine, Stack, Tier
from dynbuild.values import dataclass

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile
    from elftools.elf.gnuversions import GNUVerNeedSection

_ELF = b"\x7fELF"
_LINE = 256
"""The bytes of a script's first line that the kernel looks at."""
_LARGEST = 1 << 30
"""Maximum bytes of a program: it is in memory while it is read."""
_MOST = 200_000
"""Maximum programs of a step, and versions of one library."""
_SYMBOLS = 5_000_000
"""Maximum symbols of a step."""
_ENTRIES = {32: ("IIIBBH", (0, 3, 5)), 64: ("IBBHQQ", (0, 1, 3))}
"""Symbols of ELF files as they lie there: where name, kind and section are."""
_GLOBAL = 1
_UNVERSIONED = 1
"""The highest number that stands for no version."""
_NOTE = "programs-2-"


class _UnreadableError(Exception):
    """A program that cannot be read."""


@dataclass(frozen=True, slots=True)
class ProgramReader:
    """Reads the programs in layers that a tier has; the machine notes what they are."""

    tier: Tier
    machine: Machine

    def __call__(
        self, layers: Stack, names: Collection[str] | None = None
    ) -> tuple[Program, ...] | None:
        """Return the programs in layers; with ``names`` only files that have one.

        None where a layer is not there, or one of the programs cannot be read.
        """
        told = [*(layer.diff_id for layer in layers), *sorted(names or ())]
        if names is not None:
            told.append("names")
        note = _NOTE + sha256("\n".join(told).encode()).removeprefix("sha256:")
        # Whoever writes here decides what is not built: only notes of our own count.
        if (noted := self.machine.noted(note, own=True)) is not None:
            return _loads(noted)
        with TemporaryDirectory() as folder:
            paths = [Path(folder, str(number)) for number in range(len(layers))]
            for layer, path in zip(layers, paths, strict=True):
                if not self.tier.fetch(layer.digest, str(path)):
                    return None
            try:
                found = _programs(paths, names)
            except (_UnreadableError, MalformedLayerError):
                return None
        self.machine.note(note, _dumps(found))
        return found


@dataclass(slots=True)
class _Symbols:
    """The symbols that ELF files have, and those that each takes from whoever loads it.

    Only where no version says which library is meant.
    """

    has: set[bytes] = field(default_factory=set)
    takes: dict[str, set[bytes]] = field(default_factory=dict)
    seen: int = 0

    def see(self, path: str, content: bytes) -> None:
        """Read the symbols of an ELF file. Raises _UnreadableError."""
        loaded, symbols = _symbols(content)
        self.seen += len(symbols)
        if self.seen > _SYMBOLS:
            raise _UnreadableError
        takes = {name for name, is_here in symbols if not is_here}
        self.has |= {name for name, is_here in symbols if is_here}
        if loaded and takes:
            self.takes.setdefault(path, set()).update(takes)

    def told(self, program: Program) -> Program:
        return replace(
            program, hosted=not self.takes.get(program.path, set()) <= self.has
        )


def _programs(
    layers: Iterable[Path], names: Collection[str] | None
) -> tuple[Program, ...]:
    """Read programs. Raises _UnreadableError, MalformedLayerError."""
    symbols = _Symbols()
    found: list[Program] = []
    for layer in layers:
        files: set[str] = set()
        linked: set[str] = set()
        with opened(layer) as archive:
            for info in archive:
                path = path_of(info)
                if info.islnk():
                    linked.add(normal(info.linkname))
                if not info.isreg():
                    continue
                files.add(path)
                if names is None:
                    found += _program(archive, info, path, symbols)
                elif path.rpartition("/")[2] in names:
                    found += _program(archive, info, path, None)
                if len(found) > _MOST:
                    raise _UnreadableError
        if names is None and not linked <= files:
            raise _UnreadableError  # it is a file of whatever is below
    return tuple(map(symbols.told, found))


def _program(
    archive: tarfile.TarFile,
    info: tarfile.TarInfo,
    path: str,
    symbols: _Symbols | None,
) -> Iterator[Program]:
    if info.size > _LARGEST:
        raise _UnreadableError
    content = content_of(archive, info)
    if content.startswith(_ELF):
        program = elf(path, content)
        if symbols is not None:
            symbols.see(path, content)
        elif not program.defines:
            _, every = _symbols(content)
            has = sorted({name.decode("latin-1") for name, is_here in every if is_here})
            program = replace(program, defines=tuple(has))
        yield program
    elif content.startswith(b"#!") and info.mode & 0o111:
        interpreter, named = script(content[:_LINE].partition(b"\n")[0])
        yield Program(path, sha256(content), interpreter, named)


def elf(path: str, content: bytes) -> Program:
    """Read an ELF file. Raises _UnreadableError for one that cannot be read."""
    # Of all commands only `realize --onto` looks into programs.
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    try:
        file = ELFFile(BytesIO(content))
        interpreter, needed, asks = _segments(file)
        versioned, defines = _sections(file) if asks else ({}, ())
    except Exception as error:
        # What a broken file makes of a parser is not to be foretold.
        raise _UnreadableError from error
    if asks and not (versioned or defines):
        raise _UnreadableError  # its versions are in no section
    return Program(
        path=path,
        content=sha256(content),
        interpreter=interpreter,
        libraries=tuple((name, versioned.get(name, ())) for name in sorted(needed)),
        defines=defines,
    )


def _segments(file: "ELFFile") -> tuple[str, set[str], bool]:
    """Return the interpreter, the libraries, and whether any version is asked for."""
    from elftools.elf.dynamic import DynamicSegment  # noqa: PLC0415
    from elftools.elf.segments import InterpSegment  # noqa: PLC0415

    interpreter, needed, asks = "", set(), False
    for segment in file.iter_segments():
        if isinstance(segment, InterpSegment):
            interpreter = segment.get_interp_name()
        elif isinstance(segment, DynamicSegment):
            for tag in islice(segment.iter_tags(), _MOST):
                if tag.entry.d_tag == "DT_NEEDED":
                    needed.add(tag.needed)  # type: ignore[attr-defined]
                asks |= tag.entry.d_tag in {"DT_VERNEED", "DT_VERDEF"}
    return interpreter, needed, asks


def _sections(file: "ELFFile") -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return the versions of symbols that libraries need to have, and its own."""
    from elftools.elf.gnuversions import (  # noqa: PLC0415
        GNUVerDefSection,
        GNUVerNeedSection,
    )

    versioned: dict[str, tuple[str, ...]] = {}
    defines: set[str] = set()
    for section in islice(file.iter_sections(), _MOST):
        if isinstance(section, GNUVerNeedSection):
            versioned = dict(_versions(section))
        elif isinstance(section, GNUVerDefSection):
            for _, names in islice(section.iter_versions(), _MOST):
                defines |= {one.name for one in islice(names, 1)}
    return versioned, tuple(sorted(defines))


def _symbols(content: bytes) -> tuple[bool, list[tuple[bytes, bool]]]:
    """Return whether a file is loaded by others, and the symbols of no version.

    Of each whether it is here. Raises _UnreadableError.
    """
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    try:
        file = ELFFile(BytesIO(content))
        kinds = {one.header.p_type for one in file.iter_segments()}
        if "PT_DYNAMIC" not in kinds:
            return False, []
        loaded = "PT_INTERP" not in kinds
        section = file.get_section_by_name(".dynsym")
        if section is None:
            # Nobody knows what it takes.
            return loaded, [(b"", False)] if loaded else []
        names = file.get_section(section.header.sh_link).data()
        order = "<" if file.little_endian else ">"
        form, places = _ENTRIES[file.elfclass]
        of_file = file.get_section_by_name(".gnu.version")
        versions: Iterable[tuple[int]] = repeat((0,))
        if of_file is not None:
            versions = struct.iter_unpack(f"{order}H", of_file.data())
        found = []
        for entry, (version,) in zip(
            struct.iter_unpack(f"{order}{form}", section.data()), versions, strict=False
        ):
            at, info, index = (entry[place] for place in places)
            binding, here = info >> 4, index != 0
            named = not here and version & 0x7FFF > _UNVERSIONED
            if binding == _GLOBAL or (binding and here):
                found += [] if named else [(names[at : names.index(b"\0", at)], here)]
    except Exception as error:
        raise _UnreadableError from error
    return loaded, found


def _versions(section: "GNUVerNeedSection") -> Iterator[tuple[str, tuple[str, ...]]]:
    for library, names in islice(section.iter_versions(), _MOST):
        yield (
            str(library.name),
            tuple(sorted({one.name for one in islice(names, _MOST)})),
        )


def _dumps(programs: Sequence[Program]) -> str:
    return json.dumps(
        [
            [
                p.path,
                p.content,
                p.interpreter,
                p.named,
                p.libraries,
                p.defines,
                p.hosted,
            ]
            for p in programs
        ]
    )


def _loads(text: str) -> tuple[Program, ...]:
    return tuple(
        Program(
            path,
            Digest(content),
            interpreter,
            named,
            tuple((name, tuple(versions)) for name, versions in libraries),
            tuple(defines),
            hosted,
        )
        for path, content, interpreter, named, libraries, defines, hosted in json.loads(
            text
        )
    )
