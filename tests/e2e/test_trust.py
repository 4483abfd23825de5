"""Consent to the caches that a declaration names, on the real command line."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.space import Space

DECLARATION = """\
base = "debian:stable-slim"

[cache]
local = "planted"
registry = "127.0.0.1:9/evil/cache"
"""
KEYS = 'trusted_keys = ["evil-1:tdmqx8yqDgEpcRXhaUVD8dXHIGDrYZUnXeGGtBchnOs="]\n'
S3 = '[cache.minio]\nendpoint = "127.0.0.1:9"\nsecure = false\n'

LOCK = """\
version = 1

[base]
image = "docker.io/library/debian:stable-slim"
"""


@pytest.fixture
def project(space: Space) -> Space:
    space.write("dynbuild.toml", DECLARATION)
    space.write("dynbuild.lock", LOCK)
    return space


NOTHING = "nothing to remove: there is nothing that was not used for 30 days\n"
"""What ``clean`` did, and all that it says where no consent is lacking."""


def tiers(project: Space, *more: str, **variables: str) -> tuple[list[str], str]:
    """The places of the tiers that a command uses, and what it told."""
    done = project.run("clean", "--dry-run", *more, **variables)
    assert done.status == 0, done.err
    listed = project.run("cache", "ls", "--json", *more, **variables)
    if listed.status:
        return [listed.err], done.err
    return [one["place"] for one in json.loads(listed.out)], done.err


def test_what_a_declaration_names_is_not_used_before_consent(project: Space) -> None:
    (store,), err = tiers(project)
    assert store == f"{project.root}-cache/dynbuild"
    assert err.count("warning[DB0630]") == 1
    assert "store planted, registry 127.0.0.1:9/evil/cache" in err
    assert "`dynbuild trust`" in err
    (told,), err = tiers(project, "--accept-cache")
    assert "DB0605" in told, told
    assert "DB0630" not in err
    (told,), err = tiers(project, DYNBUILD_ACCEPT_CACHE="1")
    assert "DB0605" in told, told


def test_consent_is_for_these_settings_of_this_project(project: Space) -> None:
    done = project.ok("trust")
    assert f"accepted for {project.root}/dynbuild.toml" in done.err
    assert "127.0.0.1:9/evil/cache" in done.err
    (told,), err = tiers(project)
    assert "DB0605" in told, told
    assert "DB0630" not in err
    project.write("dynbuild.toml", DECLARATION.replace("planted", "other"))
    assert "DB0630" in tiers(project)[1]
    project.write("dynbuild.toml", DECLARATION)
    assert "DB0630" not in tiers(project)[1]
    listed = json.loads(project.ok("trust", "--list", "--json").out)
    assert [one["project"] for one in listed] == [f"{project.root}/dynbuild.toml"]
    assert {"kind": "store", "name": "planted", "use": ""} in listed[0]["names"]
    assert "accepted" in project.ok("trust", "--list").out
    project.ok("trust", "--revoke")
    assert "DB0630" in tiers(project)[1]
    assert json.loads(project.ok("trust", "--list", "--json").out) == []


def test_the_command_that_is_named_accepts_the_same_declaration(project: Space) -> None:
    project.write("other/image.toml", DECLARATION)
    err = project.ok("clean", "--dry-run", "-c", "other/image.toml").err
    assert "`dynbuild trust -c other/image.toml`" in err
    project.ok("trust", "-c", "other/image.toml")
    err = project.ok("clean", "--dry-run", "-c", "other/image.toml").err
    assert "DB0630" not in err
    assert "DB0630" in tiers(project)[1]


def test_what_the_environment_names_needs_no_consent(project: Space) -> None:
    here = {
        "CACHE_LOCAL_PATH": f"{project.root}-mine",
        "CACHE_REGISTRY": "127.0.0.1:9/a",
    }
    (told,), err = tiers(project, **here)
    assert "DB0605" in told, told
    assert err == NOTHING
    project.write("dynbuild.toml", DECLARATION + S3)
    assert "DB0630" in tiers(project, **here)[1]
    s3 = {"MINIO_ENDPOINT": "http://127.0.0.1:9", "MINIO_MODE": "off"}
    assert tiers(project, **here, **s3)[1] == NOTHING
    # Of a bucket that a stranger chose nothing is taken with the user's credentials.
    project.write("dynbuild.toml", DECLARATION + S3 + 'bucket = "evil"\n')
    assert "DB0630" in tiers(project, **here, **s3)[1]
    assert tiers(project, **here, **s3, MINIO_BUCKET="mine")[1] == NOTHING


def test_keys_that_nobody_agreed_to_allow_nothing(project: Space) -> None:
    project.write("dynbuild.toml", DECLARATION + KEYS)
    err = project.ok("clean", "--dry-run").err
    assert "key evil-1:" in err
    assert "nothing that is not built here counts" in err


@pytest.mark.parametrize(
    "command",
    [
        ("cache", "ls", "local"),
        ("cache", "verify", "local"),
        ("clean", "--dry-run"),
        ("graph",),
        ("diff", "dynbuild.lock"),
    ],
    ids=" ".join,
)
def test_every_command_tells_once_and_asks_nobody(
    project: Space, command: tuple[str, ...]
) -> None:
    project.commit()
    done = project.run(*command)
    assert done.err.count("DB0630") == 1, done.err
    assert "DB0604" not in done.err
    assert not (project.root / "planted").exists()
    accepted = project.run(*command, "--accept-cache")
    assert "DB0630" not in accepted.err


def on_a_terminal(project: Space, answer: bytes, *command: str) -> tuple[int, str]:
    """Run a command with a terminal for its input and its messages."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dynbuild", *command],
        cwd=project.root,
        env=dict(project.environment),
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, answer)
    told = b""
    while True:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:
            break
        if not piece:
            break
        told += piece
    os.close(ours)
    return process.wait(60), told.decode()


def test_a_terminal_is_asked_once(project: Space) -> None:
    status, told = on_a_terminal(project, b"y\n", "clean", "--dry-run")
    assert status == 0, told
    assert "Use them for this project? [y/N]" in told
    assert "127.0.0.1:9/evil/cache" in told
    assert "DB0630" not in told
    _, again = on_a_terminal(project, b"", "clean", "--dry-run")
    assert "Use them" not in again
    assert tiers(project)[1] == NOTHING


def test_no_is_remembered_too(project: Space) -> None:
    status, told = on_a_terminal(project, b"n\n", "clean", "--dry-run")
    assert status == 0, told
    assert "DB0630" in told
    _, again = on_a_terminal(project, b"", "clean", "--dry-run")
    assert "Use them" not in again
    assert "DB0630" in again
    assert "refused" in project.ok("trust", "--list").out
    project.ok("trust")
    assert tiers(project)[1] == NOTHING


def test_an_answer_that_others_could_have_given_does_not_count(project: Space) -> None:
    project.ok("trust")
    Path(project.root, ".local/state/dynbuild").chmod(0o777)
    assert "DB0630" in tiers(project)[1]
    done = project.run("trust")
    assert done.status == 1
    assert "error[DB0631]" in done.err


def test_an_answer_that_a_newer_version_kept_is_listed(project: Space) -> None:
    """What it is for is not known here: nothing is used by it, and nothing fails."""
    project.ok("trust")
    state = Path(project.root, ".local/state/dynbuild/trust")
    (path,) = state.iterdir()
    said = json.loads(path.read_text())
    said["settings"] = '{"minio": {"endpoint": "a", "sealed": true}}'
    path.write_text(json.dumps(said))
    assert "another version" in project.ok("trust", "--list").out
    assert json.loads(project.ok("trust", "--list", "--json").out)[0]["names"] == []
    assert "DB0630" not in project.run("why", "--frozen").err


def test_lists_and_revokes_not_at_once(project: Space) -> None:
    assert project.run("trust", "--list", "--revoke").status == 2


def test_caches_are_those_of_the_declaration_as_it_is(project: Space) -> None:
    """What a command kept of it is asked for again only while nothing changed."""
    text = project.read("dynbuild.toml")
    caches = "[cache" + text.partition("[cache")[2]
    project.ok("lock")
    for now, warned in ((text, True), (text.removesuffix(caches), False), (text, True)):
        project.write("dynbuild.toml", now)
        for _ in range(2):
            assert ("DB0630" in project.ok("graph").err) == warned
