"""Stages that start from another base than the image, on a real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.engine.managers import served
from tests.engine.progress import steps_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

    Docker = Callable[..., str]

TWO_BASES = """\
base = "{base}"
user = "app"
shell = ["/bin/sh", "-e", "-c"]

[[stages]]
name = "tool"
base = "{other}"
env = {{ PATH = "/opt/tool:$PATH" }}
commands = [
    "test -e /of-the-other && test ! -e /etc/never # {unique}",
    "mkdir -p /out /opt/tool && cp /of-the-other /out/mark",
    "echo $PATH:$OTHER > /out/env && id -u > /out/uid",
]

[[stages]]
name = "more"
base = "{other}"
dependencies = ["tool"]
commands = ["test -e /out/mark && pwd >> /out/uid && echo {more} > /out/more"]

[[stages]]
name = "app"
copy = [{{ stage = "more", from = "/out", to = "/srv" }}]
commands = ["test ! -e /of-the-other && test -z \\"$OTHER\\" && ls /srv > /listed"]

[[stages]]
name = "beside"
commands = ["echo {unique} > /beside"]
"""

OTHER = """\
FROM {base}
RUN echo {unique} > /of-the-other
ENV OTHER=other PATH=/other/bin:$PATH
USER 1234
WORKDIR /elsewhere
"""


def ran(space: Space, *arguments: str, **variables: str) -> list[str]:
    done = space.ok("realize", "--progress", "rawjson", *arguments, **variables)
    return sorted(steps_run(done.err))


def test_it_stands_on_its_base_and_others_copy_from_it(
    built: Space, busybox_base: str, push: Callable[..., str], docker: Docker, tag: str
) -> None:
    unique = uuid4().hex
    other = push(OTHER.format(base=busybox_base, unique=unique))

    def write(more: str, base: str = busybox_base) -> None:
        text = TWO_BASES.format(base=base, other=other, unique=unique, more=more)
        built.write("dynbuild.toml", text)
        built.ok("lock")

    write("one")
    assert {"app", "beside", "more", "tool"} <= {*ran(built, "-t", tag)}
    run = ("run", "--rm", "--network=none", tag, "cat")
    env, uid, more = docker(*run, "/srv/env", "/srv/uid", "/srv/more").splitlines()[:3]
    assert env.startswith("/opt/tool:/other/bin:")
    assert env.endswith(":other")
    assert (uid, more) == ("0", "/")
    assert ran(built, "-t", tag) == []
    # Its layers are taken from a store for whoever copies from it.
    write("two")
    assert ran(built, "-t", tag) == ["app", "more"]
    done = built.ok("realize", "--compare-linear")
    assert "no paths differ" in done.out + done.err
    # Another base of the image leaves it alone.
    write("two", push(f"FROM {busybox_base}\nRUN echo {unique} > /third\n"))
    assert ran(built, "-t", tag) == ["app", "beside", "user.1"]


def test_another_digest_of_its_base_runs_it_again(
    built: Space, busybox_base: str, push: Callable[..., str]
) -> None:
    other = push(OTHER.format(base=busybox_base, unique=uuid4().hex))
    text = TWO_BASES.format(
        base=busybox_base, other=other, unique=uuid4().hex, more="more"
    )
    built.write("dynbuild.toml", text)
    built.ok("build")
    push(OTHER.format(base=busybox_base, unique=uuid4().hex), name=other)
    assert ran(built) == []
    told = built.ok("lock", "--upgrade-base").out
    assert other in told
    assert ran(built) == ["app", "more", "tool"]


FOR_ANOTHER = """\
base = "{base}"

[[stages]]
name = "compile"
base = "{native}"
platform = "linux/amd64"
add = [{{ url = "{url}/of-${{TARGETARCH}}", to = "/sysroot" }}]
commands = [
    "mkdir /out",
    "echo $TARGETARCH $TARGETPLATFORM $(cat /sysroot) > /out/for",
]

[[stages]]
name = "same"
base = "{native}"
platform = "linux/amd64"
commands = ["mkdir /out", "echo {unique} > /out/same"]

[[stages]]
name = "app"
copy = [
    {{ stage = "compile", from = "/out", to = "/srv/" }},
    {{ stage = "same", from = "/out", to = "/srv/" }},
]
"""


def test_a_compiler_runs_where_it_says_whatever_the_image_is_for(
    built: Space, busybox_base: str, push: Callable[..., str], docker: Docker, tag: str
) -> None:
    """No step of the image runs, so that no machine has to emulate it.

    What it downloads is for the image, as what its commands are told.
    """
    empty = f"FROM scratch\nCOPY Dockerfile /{uuid4().hex}\n"
    both = push(empty, "--platform=linux/amd64,linux/arm64")
    unique = uuid4().hex
    folder = built.root.with_name(f"{built.root.name}-served")
    folder.mkdir()
    for arch in ("arm64", "amd64"):
        (folder / f"of-{arch}").write_text(f"{arch} {unique}\n")
    with served(folder) as url:
        words = {"base": both, "native": busybox_base, "url": url, "unique": unique}
        built.write("dynbuild.toml", FOR_ANOTHER.format(**words))
        built.ok("lock")
        for arch in ("arm64", "amd64"):
            platform = f"linux/{arch}"
            to = ("--platform", platform, "--compare-linear", "-t", tag)
            done = built.ok("realize", *to)
            assert "no paths differ" in done.out + done.err
            made = docker("create", "--platform", platform, tag, "none").strip()
            docker("cp", f"{made}:/srv", str(built.root / arch))
            docker("rm", made)
            told = f"{arch} {platform} {arch} {unique}\n"
            assert built.read(f"{arch}/for") == told


PACKAGES = """\
base = "{base}"

[[stages]]
name = "tool"
base = "{debian}"
apt_packages = {packages}
commands = ["mkdir /out", "{command} # {unique}"]

[[stages]]
name = "app"
copy = [{{ stage = "tool", from = "/out", to = "/srv" }}]
"""


def test_packages_of_its_own_base(
    built: Space, busybox_base: str, debian_base: str, docker: Docker, tag: str
) -> None:
    unique = uuid4().hex

    def realized(packages: str, command: str) -> list[str]:
        text = PACKAGES.format(
            base=busybox_base,
            debian=debian_base,
            packages=packages,
            command=command,
            unique=unique,
        )
        built.write("dynbuild.toml", text)
        built.ok("lock")
        return ran(built, "-t", tag)

    first = realized('["jq"]', "echo 1 | jq . > /out/one")
    assert {"tool", "app"} <= {*first}
    more = realized('["jq", "hello"]', "hello > /out/two && jq -n 1 > /out/one")
    assert "tool.apt.1" not in more
    assert {"tool", "app"} <= {*more} <= {"tool.apt.2", "tool", "app"}
    run = ("run", "--rm", "--network=none", tag)
    assert docker(*run, "cat", "/srv/one", "/srv/two") == "1\nHello, world!\n"
    realized('["hello"]', "hello > /out/two && ! command -v jq")
    done = built.ok("realize", "--compare-linear")
    assert "no paths differ" in done.out + done.err
    assert "one" not in docker(*run, "ls", "/srv")
    # Others copy what was installed, where that is all that it does.
    text = built.read("dynbuild.toml").replace("/out", "/usr/bin/hello")
    lines = [line for line in text.splitlines() if not line.startswith("commands")]
    built.write("dynbuild.toml", "\n".join(lines))
    built.ok("lock")
    assert {*ran(built, "-t", tag)} <= {"tool", "app"}
    assert docker(*run, "ls", "-l", "/srv").split()[0].startswith("-rwx")
    done = built.ok("realize", "--compare-linear")
    assert "no paths differ" in done.out + done.err
