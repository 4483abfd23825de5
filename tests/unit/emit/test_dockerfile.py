"""What the emitter writes, as files to read, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import Digest, sha256
from dynbuild.emit.dockerfile import emit, render
from dynbuild.errors import LockError
from dynbuild.lockfile.order import install_order
from dynbuild.quote import MAX_LINE, MAX_SCRIPT
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.model import Copy, Download, Pin, Stage
from dynbuild.steps.run import EPOCH
from tests.snapshot_files import files
from tests.unit.emit.every_string import emitted
from tests.unit.emit.locks import LOCKS, PINNED, lock, pin

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from dynbuild.lockfile.model import Lock


def text_of(what: Lock) -> str:
    what = replace(what, images=what.images or {"go": pin("docker.io/library/go:1")})
    order = install_order(what)
    known = [placed for placed in order if not placed.live]
    digests = {placed.id: sha256(placed.id.encode()) for placed in known}
    return render(emit(what, order, "linux/amd64", digests))


@pytest.mark.parametrize("name", LOCKS)
def test_snapshot(name: str, snapshot: SnapshotAssertion) -> None:
    assert text_of(LOCKS[name]) == snapshot(extension_class=files("Dockerfile"))


@pytest.mark.parametrize("name", LOCKS)
def test_hadolint(name: str, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(text_of(LOCKS[name]))
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, path], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_no_digest_is_no_word_of_one() -> None:
    what = lock(Stage("a", commands=("true",)))
    text = render(emit(what, install_order(what), "linux/amd64", {}))
    assert "# a\n# seq 1, stands on base.0\nFROM base.0 AS a\n" in text


@pytest.mark.parametrize("moment", [None, 1_000])
def test_what_runs_is_told_one_time_where_layers_are_alike(moment: int | None) -> None:
    stages = Stage("a", commands=("true",)), Stage("b", copies=(Copy("x", "/x"),))
    config = RuntimeConfig(reproducible=True, source_date_epoch=moment)
    text = text_of(replace(lock(*stages), config=config))
    assert text.count(f"\nARG SOURCE_DATE_EPOCH={moment or EPOCH}\n") == 1
    assert "SOURCE_DATE_EPOCH" not in text_of(lock(*stages))


def test_an_unpinned_base_is_named_by_its_tag() -> None:
    what = replace(lock(), base=Pin("docker.io/library/own:1", None))
    assert "\nFROM docker.io/library/own:1 AS base.0\n" in text_of(what)


@pytest.mark.parametrize(
    ("place", "text", "reason"),
    [
        ("variable", "A=B", "the name of a variable"),
        ("variable", "A B", "the name of a variable"),
        ("variable", "A\nRUN x", "the name of a variable"),
        ("build variable", "A;x", "the name of a variable"),
        ("container variable", "", "the name of a variable"),
        ("secret variable", "A,target=/etc/passwd", "the name of a variable"),
        ("value", "a\nb", "line end"),
        ("label", "a=b", "cannot name a label"),
        ("label", "", "cannot name a label"),
        ("label value", "a\rb", "line end"),
        ("stage", "base.0", "the base is called 'base.0' too"),
        ("stage", "Image.0", "the image is called 'image.0' too"),
        ("stage", "APK.1", "'apk.1' is called 'apk.1' too"),
        ("stage", "scratch", "a name that Docker takes for a stage"),
        ("stage", "a b", "a name that Docker takes for a stage"),
        ("base image", "x:1 AS y", "a full reference"),
        ("copied image", "x:1@sha256:0", "a full reference"),
        ("stage user", "", "a user"),
        ("stage user", "²", "a user"),
        ("user", "../x", "useradd"),
        ("user", "x ALL=(ALL)", "useradd"),
        ("user shell", "-x", "would not be read as a name"),
        ("package", "-o=x", "would not be read as a name"),
        ("package", "a\nb", "cannot be seen"),
        ("source uri", "http://x y", "one word"),
        ("source suite", "stable\nTrusted: yes", "cannot be seen"),
        ("cache", "/a,from=base.0", "a comma"),
        ("cache", "/a/$TARGETARCH", "flag"),
        ("secret file", "/run/$TARGETARCH", "flag"),
        ("secret", "a b", "flag"),
        ("secret", "", "flag"),
        ("owner", "0 --from=x", "flag"),
        ("exclude", "é", "ASCII only"),
        ("from", "a\tb", "control characters"),
        ("from", "", "a source and a target"),
        ("to", "", "a source and a target"),
        ("volume", " /x", "blanks around it"),
        ("volume", "", "blanks around it"),
        ("port", "80 90", "a port"),
        ("signal", "", "has an argument"),
        ("stage shell", "", "name of a program"),
        ("check", "", "name of a program"),
        ("cmd", "a\0b", "a NUL character"),
        ("command", "a\0b", "a NUL character"),
        ("script", "true &&", "ends in `&&`"),
        ("script", "cat <<E\nx", "opens a here-document"),
        ("value", "a\0b", "a NUL character"),
        ("script", "x" * (MAX_LINE + 1), f"more than {MAX_LINE} bytes"),
        ("script", "x\n" * MAX_SCRIPT, f"more than {MAX_SCRIPT} bytes"),
        ("container value", "x" * MAX_LINE, f"more than {MAX_LINE} bytes"),
        ("to", "/" + "x" * MAX_LINE, f"more than {MAX_LINE} bytes"),
        ("script", "\ud800", "half a character"),
        ("label value", "\ud800", "half a character"),
    ],
)
def test_refused(place: str, text: str, reason: str) -> None:
    with pytest.raises(LockError) as refused:
        emitted({place: text})
    assert reason in str(refused.value)
    assert "DB0408" in str(refused.value)
    assert refused.value.diagnostics[0].hint


copying = lock(Stage("a", copies=(Copy("/a", "/b", image="go"),)))


@pytest.mark.parametrize(
    "what",
    [
        replace(lock(), shell=()),
        replace(lock(), base=Pin("x.org/base", Digest("sha256:x"))),
        replace(copying, images={"go": Pin("b", None)}),
        replace(copying, images={"go": Pin("0", None)}),
        lock(
            Stage("b", commands=("true",)),
            Stage("a", copies=(Copy("/a", "/b", stage="b", image="go"),)),
        ),
        lock(Stage("a", commands=("true",), network="x y")),  # type: ignore[arg-type]
    ],
)
def test_a_lock_edited_by_hand(what: Lock) -> None:
    with pytest.raises(LockError, match="DB0408"):
        text_of(what)


def test_names_that_are_taken() -> None:
    what = lock(
        Stage("one", commands=("true",), build_only=True),
        Stage("two", commands=("true",), build_only=True),
        Stage("both.needs", commands=("true",), build_only=True),
        Stage("both", dependencies=("one", "two"), commands=("true",), build_only=True),
    )
    assert "FROM one AS both.needss\n" in text_of(what)


def test_a_stage_has_no_variable_of_those_before_it() -> None:
    naming = Stage("naming", commands=("echo $TARGETARCH $TARGETOS",))
    named = Stage("named", dependencies=("naming",), commands=("echo $TARGETOS",))
    last = Stage("last", dependencies=("named",), commands=("./build.sh",))
    # An ENV of the base hides an ARG.
    hidden = replace(PINNED, env={"TARGETOS": "mine"})
    text = text_of(lock(naming, named, last))
    below = text_of(replace(lock(naming, named, last), base=hidden))
    unset = [line for line in text.split("\n") if line.startswith("unset ")]
    assert unset == ["unset TARGETARCH", "unset TARGETARCH TARGETOS"]
    assert below.count("\nunset TARGETARCH\n") == 2


def test_a_download_without_a_digest_for_the_platform() -> None:
    arm = (("linux/arm64", sha256(b"arm")),)
    one = Download("https://x.test/a-${TARGETARCH}", "/a", arm)
    with pytest.raises(LockError, match=r"no digest of .* for linux/amd64"):
        text_of(lock(Stage("a", add=(one,))))


def test_a_download_that_is_unpacked_has_no_mode() -> None:
    one = Download("https://x.test/a.tar", "/a/", (("", sha256(b"a")),), unpack=True)
    text = text_of(lock(Stage("a", add=(one,))))
    assert "    --unpack=true https://x.test/a.tar /a/\n" in text
    assert "--chmod" not in text


def test_what_cannot_be_seen_is_told() -> None:
    command = "echo admin \N{RIGHT-TO-LEFT OVERRIDE}\N{ZERO WIDTH SPACE}"
    text = text_of(lock(Stage("a", commands=(command,))))
    told = "# Careful, this has characters that cannot be seen: U+200B, U+202E\n"
    assert f"{told}FROM base.0 AS a\n" in text
    assert f"\n{command}\n" in text
