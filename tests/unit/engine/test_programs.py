"""Programs are read of layers, and nothing that is not understood counts as read."""

from __future__ import annotations

import _ctypes_test
import io
import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest

from dynbuild.digest import sha256
from dynbuild.engine.programs import ProgramReader
from dynbuild.link.model import Layer
from dynbuild.tiers.local.machine import LocalMachine
from dynbuild.tiers.local.tier import Local

PYTHON = Path(sys.executable).resolve().read_bytes()


def read(place: Path, files: dict[str, tuple[bytes, int]], *names: str) -> object:
    place.mkdir(exist_ok=True)
    path = place / "layer"
    with tarfile.open(path, "w") as archive:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    blob = sha256(path.read_bytes())
    tier = Local(place / "store", print)
    reader = ProgramReader(tier, LocalMachine(tier, lambda _: None))
    layers = (Layer(blob, blob, 1),)
    assert reader(layers, names or None) is None  # it is not there yet
    tier.keep(blob, str(path))
    found = reader(layers, names or None)
    assert reader(layers, names or None) == found  # as it is noted
    return found


def test_programs_and_scripts_are_read(tmp_path: Path) -> None:
    script = b"#!/usr/bin/env python3\nbody\n"
    files = {"run": (script, 0o755), "text": (script, 0o644), "py": (PYTHON, 0o755)}
    found = read(tmp_path, files)
    assert isinstance(found, tuple)
    of_script, of_python = found
    assert (of_script.interpreter, of_script.named) == ("/usr/bin/env", "python3")
    assert of_python.interpreter.startswith("/lib")
    libraries = dict(of_python.libraries)
    assert any(one.startswith("GLIBC_") for one in libraries["libc.so.6"])


@pytest.mark.parametrize("size", [4, 40, 64, 700, len(PYTHON) // 2])
def test_a_broken_program_makes_all_unreadable(tmp_path: Path, size: int) -> None:
    assert read(tmp_path, {"broken": (PYTHON[:size], 0o755)}) is None


def test_only_what_has_a_name_is_read(tmp_path: Path) -> None:
    files = {"a/lib": (PYTHON, 0o644), "broken": (PYTHON[:40], 0o755)}
    found = read(tmp_path, files, "lib")
    assert isinstance(found, tuple)
    assert [one.path for one in found] == ["a/lib"]


def linked(place: Path, target: str) -> object:
    """Read a layer with a script, and a hard link to a path."""
    path = place / "linked"
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo("bin/run")
        archive.addfile(entry, io.BytesIO())
        entry = tarfile.TarInfo("bin/link")
        entry.type, entry.linkname = tarfile.LNKTYPE, target
        archive.addfile(entry)
    blob = sha256(path.read_bytes())
    tier = Local(place / "store", print)
    tier.keep(blob, str(path))
    return ProgramReader(tier, LocalMachine(tier, lambda _: None))(
        (Layer(blob, blob, 1),)
    )


def test_a_hard_link_to_what_is_below_cannot_be_read(tmp_path: Path) -> None:
    assert linked(tmp_path, "bin/run") == ()
    assert linked(tmp_path, "bin/below") is None


def test_what_takes_symbols_of_its_host_is_told(tmp_path: Path) -> None:
    """A module of Python, alone and beside the program whose symbols it takes."""
    module = Path(_ctypes_test.__file__).read_bytes()
    alone = read(tmp_path / "a", {"x.so": (module, 0o644)})
    assert isinstance(alone, tuple)
    assert [one.hosted for one in alone] == [True]
    files = {"x.so": (module, 0o644), "bin/python": (PYTHON, 0o755)}
    if library := sysconfig.get_config_var("INSTSONAME"):
        place = Path(sysconfig.get_config_var("LIBDIR"), library)
        if place.suffix != ".a" and place.exists():
            files["lib/libpython.so"] = (place.read_bytes(), 0o644)
    both = read(tmp_path / "b", files)
    assert isinstance(both, tuple)
    assert not any(one.hosted for one in both)


def test_a_library_without_versions_defines_its_symbols(tmp_path: Path) -> None:
    module = Path(_ctypes_test.__file__).read_bytes()
    found = read(tmp_path, {"lib/x.so": (module, 0o644)}, "x.so")
    assert isinstance(found, tuple)
    assert "PyInit__ctypes_test" in found[0].defines
