"""A declaration that is a function: its arguments, on the line and in the lock."""

from pathlib import Path

import pytest

from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Target
from dynbuild.lockfile.update import update
from tests.pins import pinned
from tests.space import Space

FUNCTION = """\
{ python ? "3.12", debug ? false }:
{
  base = "debian:stable-slim";
  stages = [
    {
      name = "a";
      commands = [ "echo ${python}" ] ++ (if debug then [ "set" ] else [ ]);
    }
  ];
}
"""


@pytest.fixture
def project(space: Space) -> Space:
    """A function, and a lock that has the pin of its base."""
    base = pinned("docker.io/library/debian:stable-slim")
    space.write("dynbuild.lock", dumps(update(None, Target(base))))
    space.write("dynbuild.nix", FUNCTION)
    space.ok("lock")
    return space


DATA = """\
base = "debian:stable-slim"
labels = { rev = "${args.rev}" }
annotations = { rev = "${args.rev}" }
args = { python = "3.12", rev = { default = "none", late = true } }
stages = [{ name = "a", commands = ["true"], build_env = { P = "${args.python}" } }]
"""


def test_arguments_of_data_are_recorded_and_late_ones_are_not(space: Space) -> None:
    base = pinned("docker.io/library/debian:stable-slim")
    space.write("dynbuild.lock", dumps(update(None, Target(base))))
    space.write("dynbuild.toml", DATA)
    space.ok("lock", "--build-arg", "python=3.13", "--build-arg", "rev=abc")
    assert recorded(space) == {"python": "3.13"}
    assert "abc" not in space.read("dynbuild.lock")

    printed = space.ok("realize", "--print", "--build-arg", "rev=abc").out
    assert 'LABEL rev="abc"' in printed
    assert "export P=3.13" in printed
    assert 'LABEL rev="none"' in space.ok("realize", "--print").out
    frozen = space.ok("realize", "--print", "--frozen", "--argstr", "rev", "x$y").out
    assert r'LABEL rev="x\$y"' in frozen
    labelled = space.ok(
        "realize", "--print", "--label", "rev=x", "--label", "b=c=d"
    ).out
    assert 'LABEL b="c=d"\nLABEL rev="x"' in labelled
    assert "NAME=TEXT" in space.run("realize", "--print", "--label", "rev").err
    refused = space.run("realize", "--annotation", "rev")
    assert "--annotation takes NAME=TEXT" in refused.err
    refused = space.run("realize", "--annotation", "index:org.x=1")
    assert "leave 'index:' out" in refused.err
    refused = space.run("realize", "--print", "--frozen", "--build-arg", "python=3")
    assert "--frozen uses the lock" in refused.err
    assert "NAME=TEXT" in space.run("lock", "--build-arg", "python").err
    assert "DB0411" in space.run("realize", "--build-arg", "python=3.14").err


def recorded(space: Space) -> object:
    return loads(space.read("dynbuild.lock")).arguments


def test_recorded_arguments_are_used_until_others_are_given(project: Space) -> None:
    assert recorded(project) == {}
    done = project.ok("lock", "--argstr", "python", "3.11")
    assert "argument  python" in done.out
    assert recorded(project) == {"python": "3.11"}
    before = project.read("dynbuild.lock")
    project.ok("lock", "--check")
    project.ok("lock")
    assert project.read("dynbuild.lock") == before
    assert "echo 3.11" in project.ok("realize", "--print").out
    assert project.run("lock", "--check", "--argstr", "python", "3.12").status == 1
    assert project.run("realize", "--print", "--argstr", "python", "3").status == 1
    project.ok("lock", "--arg", "debug", "1 == 1")
    assert recorded(project) == {"debug": True, "python": "3.11"}
    project.ok("lock", "--argstr", "python", "3.12")
    assert recorded(project) == {"debug": True}


def test_an_argument_that_is_not_taken_any_more(project: Space) -> None:
    project.ok("lock", "--argstr", "python", "3.11")
    project.write("dynbuild.nix", FUNCTION.replace("python", "version"))
    done = project.run("lock", "--check")
    assert done.status == 1
    assert "DB0165" in done.err
    assert "DB0165" in project.run("realize", "--print").err
    assert "DB0165" in project.ok("lock").err
    assert recorded(project) == {}
    assert "DB0165" not in project.ok("lock", "--check").err


def test_what_is_missing_is_named_with_its_flag(project: Space) -> None:
    project.write("dynbuild.nix", "{ a, b }: { }")
    for command in ("lock", "check", "realize", "build"):
        done = project.run(command)
        assert done.status == 2
        assert "'a' and 'b'" in done.err
        assert "--argstr a TEXT --argstr b TEXT" in done.err


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (("--argstr", "pyton", "3"), "DB0163"),
        (("--arg", "debug", "x: x"), "DB0164"),
        (("--arg", "debug", "nothing"), "DB0203"),
        (("--arg", "debug", "tr +"), "DB0201"),
        (("--arg", "debug", "true", "--argstr", "debug", "x"), "DB0317"),
        (("--arg", "debug", "import ./nothing.nix"), "DB0220"),
    ],
)
def test_what_cannot_be_passed(
    project: Space, flags: tuple[str, ...], code: str
) -> None:
    done = project.run("lock", *flags)
    assert done.status == 2
    assert code in done.err


def test_no_arguments_for_data_or_for_a_frozen_lock(project: Space) -> None:
    assert "DB0317" in project.run("realize", "--frozen", "--arg", "debug", "true").err
    project.write("x/dynbuild.toml", "")
    done = project.run("check", "-c", "x", "--argstr", "python", "3")
    assert (done.status, "DB0163" in done.err) == (2, True)


def test_an_expression_is_meant_where_the_command_runs(project: Space) -> None:
    project.write("sub/debug.nix", "true")
    sub = Space(project.root / "sub", project.environment)
    sub.ok("lock", "--arg", "debug", "import ./debug.nix")
    assert recorded(project) == {"debug": True}


def test_a_damaged_lock_does_not_hide_the_committed_arguments(project: Space) -> None:
    project.ok("lock", "--argstr", "python", "3.11")
    project.commit()
    project.write("dynbuild.lock", "<<<<<<< HEAD\n")
    project.ok("lock")
    assert recorded(project) == {"python": "3.11"}


@pytest.mark.parametrize(
    "words",
    [
        ("--linear", "--strict"),
        ("--linear", "--compare-linear"),
        ("--linear", "--no-cache-stage", "a"),
        ("--platform", "linux/amd64,linux/arm64", "--compare-linear"),
        ("--platform", "linux/amd64,linux/arm64", "--print"),
        ("--platform", "linux/amd64,linux/arm64", "--shell", "first"),
        ("--shell", "a", "-t", "x"),
        ("--shell", "a", "--print"),
        ("--shell", "a", "--linear"),
        ("--shell", "a", "-o", "oci:x"),
        ("--shell", "a", "--no-cache"),
    ],
)
def test_flags_that_would_be_left_out(space: Space, words: tuple[str, ...]) -> None:
    done = space.run("realize", *words)
    assert done.status == 2
    assert "DB0317" in done.err
    assert words[0] in done.err


def test_a_comparison_is_on_one_platform(space: Space) -> None:
    done = space.run("compare", "Dockerfile", "--platform", "linux/amd64,linux/arm64")
    assert done.status == 2
    assert "names several, and one is needed" in done.err


def test_an_image_is_not_written_among_other_files(space: Space) -> None:
    space.write("dynbuild.toml", "")
    space.write("src/app.py", "")
    space.write("file", "")
    (space.root / "empty").mkdir()
    space.write("layout/oci-layout", "{}")
    for taken in ("src", "file"):
        done = space.run("realize", "-o", f"oci:{taken}")
        assert (done.status, "DB0318" in done.err) == (2, True)
        assert "name a new or empty directory" in done.err
    for free in ("empty", "layout", "new"):
        assert "DB0318" not in space.run("realize", "-o", f"oci:{free}").err


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("--sbom=syft", "'syft' is none of true, spdx, cyclonedx, false"),
        ("--provenance=mode=all", "'mode=all' is none of true, mode=max, mode=min, "),
        ("--sbom", "error[DB0317]: --sbom goes beside an image that is pushed"),
        ("--provenance", "add --push or -o oci:DIR"),
        ("--attest-in-index", "say what: --sbom spdx, --provenance, or both"),
        ("--sign", "error[DB0317]: --sign is for what is pushed"),
        ("--sign=", "Invalid value for '--sign': it is empty; `false` leaves it out"),
    ],
)
def test_what_is_told_of_an_image_has_words(
    project: Space, flag: str, says: str
) -> None:
    done = project.run("realize", flag)
    assert done.status == 2
    assert says in done.err


@pytest.mark.parametrize(
    ("key", "status", "says"),
    [
        ("api", 2, "--sign=api: there is no such file with a key"),
        ("", 2, "--sign is for what is pushed"),
        (f"{'k' * 5000}", 2, "--sign=what is given: there is no such file with"),
        ("KEY hunter2\nhunter2", 2, "--sign=what is given: there is no"),
        ("pkcs11:token=x;pin-value=hunter2", 2, "COSIGN_PKCS11_PIN holds it"),
        ("awskms:///alias/x", 1, "--sign needs cosign, and there is none on the PATH"),
    ],
)
def test_keys_that_sign_nothing(
    project: Space, tmp_path: Path, key: str, status: int, says: str
) -> None:
    """They are told before anything is built, and what may be a secret is not shown."""
    program = tmp_path / "programs" / "cosign"
    if status != 1:
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    sign, push = (f"--sign={key}", "--push") if key else ("--sign", "--label=a=b")
    words = ("realize", "-t", "a.example/b", push, sign)
    done = project.run(*words, PATH=str(program.parent))
    assert done.status == status
    assert says in done.err
    assert "hunter2" not in done.err


def test_nothing_is_told_where_that_is_said(project: Space) -> None:
    words = ("realize", "--print", "--sbom=false", "--provenance=0", "--sign=0")
    project.ok(*words, DYNBUILD_SBOM="spdx", DYNBUILD_SIGN="x")
    refused = project.run("realize", "--print", DYNBUILD_PROVENANCE="what")
    assert "Invalid value for DYNBUILD_PROVENANCE (the environment)" in refused.err
