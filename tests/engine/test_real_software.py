"""Real packages of Debian and PyPI, edited step by step: the image is never broken.

After every edit the linked image is compared with a plain build of the same Dockerfile,
and asked what it thinks of itself (``software.Software``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import command, make_base
from tests.engine.software import Software, declared, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.space import Space

INSTALL = "apt-get update && apt-get install -y --no-install-recommends"
CLEAN = "rm -rf /var/lib/apt/lists/*"
MADISON = "apt-get update -qq && apt-cache madison jq | cut -d '|' -f 2"


@pytest.fixture
def base(engine: dict[str, str], debian_base: str) -> Iterator[str]:
    """A Debian of its own, so that BuildKit remembers nothing that was built on it."""
    dockerfile = f"FROM {debian_base}\nRUN echo {uuid4()} > /etc/own\n"
    tag = make_base(engine, dockerfile, f"software-base-{uuid4().hex[:12]}")
    yield tag
    command("docker", "image", "rm", "--force", tag, env=engine)


@pytest.fixture
def software(built: Space, engine: dict[str, str], base: str) -> Iterator[Software]:
    made = Software(built, engine, base)
    yield made
    made.forget()


def test_packages_around_a_stage_that_installs(software: Software) -> None:
    """A stage runs apt-get; packages come and go behind it, and one brings a user."""
    own = stage("own", f"{INSTALL} bc && {CLEAN}")
    user = stage("user", "useradd --system --no-create-home first-user")
    software.becomes(
        declared(own, user, apt_packages="jq tree"), "apt.1", "own", "user"
    )

    # What only a removed package needed goes with it; what the stage has stays.
    seen = software.becomes(
        declared(own, user, apt_packages="tree dbus-system-bus-common"), "apt.4"
    )
    assert {"first-user", "messagebus"} <= {*seen.accounts}
    assert not {"jq", "libjq1"} & seen.versions.keys()
    assert "bc" in seen.versions
    assert software.warned == []


@pytest.mark.slow
def test_what_two_stages_install(software: Software) -> None:
    """Two stages run apt-get, neither depends on the other; one is edited, one goes."""
    less = stage("less", f"{INSTALL} less && {CLEAN}")
    nano = stage("nano", f"{INSTALL} nano && {CLEAN}")
    seen = software.becomes(
        declared(less, nano, apt_packages="tree"), "apt.1", "less", "nano"
    )
    assert {"less", "nano", "tree"} <= seen.versions.keys()

    # The same package from a list: what is there is only marked as asked for.
    seen = software.becomes(declared(less, nano, apt_packages="tree nano"), "apt.4")
    assert "nano" in software.run("apt-mark showmanual")

    # It moves behind the packages, which no longer stand on it. The other one was built
    # alone before it was put on this one.
    less = stage("less", f"{INSTALL} less bc && {CLEAN}")
    seen = software.becomes(
        declared(less, nano, apt_packages="tree nano"), "apt.4", "less"
    )
    assert {"less", "nano", "bc"} <= seen.versions.keys()

    seen = software.becomes(declared(less, apt_packages="tree nano"), "less")
    assert {"less", "nano", "bc"} <= seen.versions.keys()
    assert software.warned == []


@pytest.mark.slow
def test_versions(software: Software) -> None:
    """A version is pinned, another package goes, the pin goes."""
    listed = software.docker(
        "run", "--rm", "--network=host", software.base, "sh", "-c", MADISON
    ).split()
    uses = stage("uses", "jq --version > /jq-version")
    pinned = f"jq={listed[-1]} libjq1={listed[-1]}"
    seen = software.becomes(
        declared(uses, apt_packages=f"{pinned} tree"), "apt.1", "uses"
    )
    assert seen.versions["jq"] == seen.versions["libjq1"] == listed[-1]
    seen = software.becomes(declared(uses, apt_packages=pinned), "apt.3")
    assert "tree" not in seen.versions
    seen = software.becomes(declared(uses, apt_packages="jq tree"), "apt.4")
    assert seen.versions["jq"] == seen.versions["libjq1"] == listed[0]
    assert software.warned == []


LIBRARIES = """mkdir -p /out/own /out/plain && cd /out
for name in own plain; do
  printf '%s\\n' 'int answer(void) {{ return {}; }}' > $name.c
  gcc -shared -fPIC -Wl,-soname,lib$name.so.1 -o $name/lib$name.so.1 $name.c
done"""
OWN_EDITOR = (
    "printf '#!/bin/sh\\n' > /usr/local/bin/own-editor && "
    "chmod +x /usr/local/bin/own-editor && update-alternatives --install "
    "/usr/bin/editor editor /usr/local/bin/own-editor 100"
)


@pytest.mark.slow
def test_libraries_and_alternatives(software: Software) -> None:
    """Libraries are compiled and come into the linker's cache; editors come and go."""
    copied = 'copy = [{{ stage = "compile", from = "/out/{}", to = "/usr/local/lib" }}]'

    def project(packages: str, answer: int, *more: str) -> str:
        compiled = stage(
            "compile",
            f"{INSTALL} gcc libc6-dev && {CLEAN}",
            LIBRARIES.format(answer),
            more="build_only = true",
        )
        # Whoever runs ldconfig has to see what this one brings.
        plain = stage("plain", more=copied.format("plain"))
        library = stage("library", "ldconfig", more=copied.format("own"))
        return declared(compiled, plain, library, *more, apt_packages=packages)

    def editors() -> list[str]:
        return sorted(software.run("update-alternatives --list editor").split())

    own, new = stage("own", OWN_EDITOR), "/usr/local/bin/own-editor"
    seen = software.becomes(
        project("nano", 1, own), "apt.1", "compile", "plain", "library", "own"
    )
    assert {"libown.so.1", "libplain.so.1"} <= {*seen.cached}
    assert editors() == ["/bin/nano", new]

    # It brings a library and an editor, and runs ldconfig.
    seen = software.becomes(project("nano vim-tiny jq", 1, own), "apt.6")
    assert {"libown.so.1", "libplain.so.1", "libjq.so.1"} <= {*seen.cached}
    assert editors() == ["/bin/nano", "/usr/bin/vim.tiny", new]
    assert software.run("readlink -f /usr/bin/editor").strip() == new

    seen = software.becomes(
        project("vim-tiny jq", 2, own),
        *("apt.6", "apt.7", "compile", "plain", "library"),
    )
    assert {"libown.so.1", "libplain.so.1", "libjq.so.1"} <= {*seen.cached}
    assert editors() == ["/usr/bin/vim.tiny", new]

    # What compiles never had the editor below it, nor had the packages that it stands
    # on: those are reused. The image's own stood on packages put on the editor.
    software.becomes(project("vim-tiny jq", 2), "plain", "library")
    assert editors() == ["/usr/bin/vim.tiny"]
    assert software.run("readlink -f /usr/bin/editor").strip() == "/usr/bin/vim.tiny"
    assert software.warned == []


@pytest.mark.slow
def test_users(software: Software) -> None:
    """Packages, stages and the declaration make users; the keys of a server differ."""
    software.differs = [
        f"/etc/ssh/ssh_host_{kind}_key{end}"
        for kind in ("ecdsa", "ed25519", "rsa")
        for end in ("", ".pub")
    ]
    one = stage("one", "useradd --create-home one && su one -c 'touch /home/one/own'")
    two = stage("two", "useradd --create-home two && su two -c 'touch /home/two/own'")
    app = 'user = { name = "app", uid = 2000 }'
    seen = software.becomes(
        declared(one, two, apt_packages="uuid-runtime", more=app),
        *("apt.1", "user.2", "one", "two"),
    )
    assert {"uuidd", "app", "one", "two"} <= {*seen.accounts}
    seen = software.becomes(
        declared(one, two, apt_packages="uuid-runtime openssh-server", more=app),
        "apt.5",
    )
    assert {"uuidd", "app", "one", "two", "sshd"} <= {*seen.accounts}
    # A removed package leaves its user, as Debian has it.
    one = stage("one", "useradd --create-home one && su one -c 'touch /home/one/new'")
    seen = software.becomes(
        declared(one, two, apt_packages="openssh-server", more=app),
        *("apt.5", "apt.6", "one"),
    )
    assert {"app", "one", "two", "sshd"} <= {*seen.accounts}
    owners = "stat -c %U:%G /home/one /home/one/new /home/two /home/two/own"
    assert software.run(owners, "--user=0").split() == [
        *["one:one"] * 2,
        *["two:two"] * 2,
    ]


@pytest.mark.slow
def test_directories_that_stages_change(software: Software) -> None:
    """One is moved behind a symlink, one is emptied; packages go on writing there."""
    moved = stage(
        "moved", "mv /usr/share/doc /srv/doc && ln -s /srv/doc /usr/share/doc"
    )
    made = stage("made", "mkdir -p /opt/a /opt/b && touch /opt/a/x /opt/b/y")
    slim = stage("slim", "rm -rf /opt/a /usr/share/bash-completion", on="made")
    software.becomes(
        declared(moved, made, slim, apt_packages="tree"),
        *("apt.1", "moved", "made", "slim"),
    )
    software.becomes(declared(moved, made, slim, apt_packages="tree bc"), "apt.5")
    (warned,) = software.warned
    assert "'moved' and 'apt.5' both write /usr/share/doc" in warned
    kept = "test -d /srv/doc/bc && test -L /usr/share/doc && test ! -e /opt/a"
    assert software.run(kept) == ""
    made = stage("made", "mkdir -p /opt/a /opt/b && touch /opt/a/x /opt/b/z")
    software.becomes(
        declared(moved, made, slim, apt_packages="bc"), "apt.6", "made", "slim"
    )
    assert software.run(f"{kept} && test -f /opt/b/z && test ! -e /srv/doc/tree") == ""


@pytest.fixture
def python(software: Software, engine: dict[str, str]) -> Iterator[Software]:
    """The same with Debian's pip in its base."""
    base = make_base(
        engine,
        f"FROM {software.base}\nRUN {INSTALL} python3-pip && {CLEAN}\n",
        f"software-python-{uuid4().hex[:12]}",
    )
    software.base = base
    yield software
    command("docker", "image", "rm", "--force", base, env=engine)


@pytest.mark.slow
def test_pip(python: Software) -> None:
    """Versions change, distributions go, and a stage runs pip itself."""
    own = stage("own", "pip install --break-system-packages --no-cache-dir idna==3.4")
    seen = python.becomes(
        declared(own, pip_packages="six==1.15.0 click==8.1.6"), "pip.1", "own"
    )
    assert {
        "six": "1.15.0",
        "click": "8.1.6",
        "idna": "3.4",
    }.items() <= seen.distributions.items()

    seen = python.becomes(declared(own, pip_packages="six==1.16.0"), "pip.3")
    assert {"six": "1.16.0", "idna": "3.4"}.items() <= seen.distributions.items()
    assert "click" not in seen.distributions
    assert python.warned == []

    # The same distribution in another version: the later one replaces it as a whole.
    seen = python.becomes(declared(own, pip_packages="six==1.16.0 idna==3.6"), "pip.4")
    assert seen.distributions["idna"] == "3.6"

    seen = python.becomes(declared(pip_packages="six==1.16.0 idna==3.6"))
    assert seen.distributions["idna"] == "3.6"
    seen = python.becomes(declared(apt_packages="python3-yaml"), "apt.5", "pip.6")
    assert not {"six", "idna"} & seen.distributions.keys()
    assert "pyyaml" in seen.distributions
