"""Instructions of fields that few declarations have: files, homes, health checks."""

import pytest

from dynbuild.digest import Digest, digest_of, sha256
from dynbuild.emit.config import image_config
from dynbuild.emit.dockerfile import emit, render
from dynbuild.errors import LockError
from dynbuild.lockfile.model import Entry, Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.resolved import environments_of, resolve
from dynbuild.lockfile.update import update
from dynbuild.steps.image import Healthcheck, RuntimeConfig
from dynbuild.steps.model import Copy, Index, InlineFile, Stage, User
from dynbuild.steps.recipe import content_of
from tests.pins import pinned

BASE = pinned("docker.io/library/debian:12")


def emitted(*stages: Stage, user: User | None = None, **config: object) -> str:
    lock = Lock(
        BASE,
        user=user,
        user_seq=1 if user else 0,
        stages={stage.name: Entry(stage, 2) for stage in stages},
        config=RuntimeConfig(**config),  # type: ignore[arg-type]
    )
    return render(emit(lock, install_order(lock), "linux/amd64", {}))


def test_a_file_is_a_document_that_nothing_expands() -> None:
    files = (
        InlineFile("/etc/a", "$HOME\nEOF"),
        InlineFile("/b", "", "app:app", "0700"),
    )
    text = emitted(Stage("s", files=files, commands=("true",)))
    assert "COPY <<'EOF1' /etc/a\n$HOME\nEOF\nEOF1\n" in text
    assert "COPY --chown=app:app --chmod=u=rwx,g=,o= <<'EOF' /b\nEOF\n" in text


@pytest.mark.parametrize("home", ["/srv/app", ""])
def test_a_home_or_none(home: str) -> None:
    text = emitted(user=User("app", 7, "/bin/sh", home=home))
    assert ("--home-dir /srv/app" in text) == bool(home)
    assert ("--no-create-home" in text) == (not home)
    with pytest.raises(LockError, match="plain absolute path"):
        emitted(user=User("app", 7, "/bin/sh", home="/a b"))
    with pytest.raises(LockError, match="useradd takes"):
        emitted(user=User("app", 7, "/bin/sh", groups=("a;b",)))
    with pytest.raises(LockError, match="a colon"):
        emitted(user=User("app", 7, "/bin/sh", home="/a:/bin/b"))
    with pytest.raises(LockError, match="a colon"):
        emitted(user=User("app", 7, "/bin/sh:b", home=""))


def test_what_a_late_default_makes_of_a_variable_is_told() -> None:
    with pytest.raises(LockError, match=r"\$HOME"):
        emitted(env={"A": "$${args.v}"}, late={"v": "HOME"})


def test_health_checks() -> None:
    assert "HEALTHCHECK NONE" in emitted(healthcheck=Healthcheck(none=True))
    line = emitted(healthcheck=Healthcheck(shell="a || b", start_interval="1s"))
    assert "HEALTHCHECK --start-interval=1s CMD a || b" in line
    with pytest.raises(LockError, match="backslash"):
        emitted(healthcheck=Healthcheck(shell="a \\"))


def test_what_is_late_and_not_given_has_its_default() -> None:
    late = {"rev": "no$ne"}
    text = "r-${args.rev}-${args.other}"
    told = emitted(labels={"l": text}, env={"E": text}, late=late)
    assert r'LABEL l="r-no\$ne-\${args.other}"' in told
    assert r'ENV E="r-no\$ne-\${args.other}"' in told
    lock = Lock(BASE, config=RuntimeConfig(labels={"l": text}, late=late))
    config = image_config(lock, environments_of(lock), {})["config"]
    assert isinstance(config, dict)
    assert config["Labels"] == {"l": "r-no$ne-${args.other}"}


def test_variables_of_the_platform() -> None:
    copies = (Copy("/x/${TARGETOS}", "/y", stage="made"),)
    text = emitted(
        Stage("made", commands=("echo $TARGETARCH $TARGETOS",)),
        Stage("own", commands=("echo $TARGETARCH",), build_env={"TARGETARCH": "x"}),
        Stage("taken", copies=copies),
    )
    made, own, taken = (
        text.split(f" AS {name}\n")[1].split("\nFROM ")[0]
        for name in ("made", "own", "taken")
    )
    assert made.startswith("ARG TARGETARCH\nARG TARGETOS\n")
    assert "ARG TARGETARCH" not in own
    assert "ARG TARGETOS\nCOPY --from=" in taken
    assert '["/x/${TARGETOS}", "/y"]' in taken


def test_the_content_of_a_pattern_is_of_names_and_contents() -> None:
    def read(path: str, exclude: tuple[str, ...]) -> Digest:
        assert exclude == ()
        return sha256(path.encode())

    assert content_of(Copy("a", "/a"), read) == sha256(b"a")
    matched = Copy("d/*", "/a/", files=("d/a", "d/b"))
    names = [["a", sha256(b"d/a")], ["b", sha256(b"d/b")]]
    assert content_of(matched, read) == digest_of({"files": names})


@pytest.mark.parametrize(
    ("stage", "user"),
    [
        (Stage("s", commands=("true",), env={"A": "\0"}), None),
        (Stage("s", commands=("true",)), User("app", 7, "/bin/sh\0")),
    ],
)
def test_what_no_script_can_say_has_no_digest(stage: Stage, user: User | None) -> None:
    lock = Lock(
        BASE, user=user, user_seq=1 if user else 0, stages={"s": Entry(stage, 2)}
    )
    with pytest.raises(LockError, match=r"no script can say this of .*NUL"):
        resolve(lock, "linux/amd64", {}, {})


@pytest.mark.parametrize(
    "index",
    [
        Index("https://pypi.example.com/a b"),
        Index("https://pypi.example.com", username="me\nRUN x", secret="s"),
        Index("https://pypi.example.com", secret="a b"),
    ],
)
def test_what_a_login_cannot_say_is_refused(index: Index) -> None:
    packages, indexes = {"pip": {"flask": "flask"}}, {"pip": (index,)}
    lock = update(None, Target(BASE, packages, indexes=indexes))
    with pytest.raises(LockError):
        render(emit(lock, install_order(lock), "linux/amd64", {}))
    fine = {"pip": (Index("https://pypi.example.com", username="me", secret="s"),)}
    lock = update(None, Target(BASE, packages, indexes=fine))
    assert "pypi.example.com" in render(
        emit(lock, install_order(lock), "linux/amd64", {})
    )
