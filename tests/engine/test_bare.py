"""Images that stand on a base without a shell, on a real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.engine.progress import steps_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

    Docker = Callable[..., str]
    Push = Callable[..., str]

BARE = """\
FROM {base} AS made
RUN mkdir -p /made/etc /made/usr/lib && ln -s usr/lib /made/lib && \
    cp /bin/busybox /made/usr/lib/cat && echo {unique} > /made/etc/unique{passwd}
FROM scratch
COPY --from=made /made /
ENTRYPOINT ["/lib/cat"]
"""
PASSWD = """ && \
    echo nonroot:x:65532:65532::/home:/none > /made/etc/passwd"""

DOCKERFILE = """\
FROM {base} AS build
RUN mkdir /out && echo {unique} > /out/app
FROM {bare}
WORKDIR /srv
COPY --from=build /out/a* .
COPY --chown=nonroot a.txt /etc/a.txt
ENV TOOL=tool
LABEL of=nobody
EXPOSE 80
USER nonroot
ENTRYPOINT ["/lib/cat"]
CMD ["/srv/app"]
"""

SHELL = """

[[stages]]
name = "shell"
copy = [{{ image = "{base}", from = "/bin/busybox", to = "/bin/sh" }}]

[[stages]]
name = "late"
dependencies = ["shell"]
user = "1234"
workdir = "/tmp"
commands = ["echo {unique} > /tmp/late"]
"""


def test_what_needs_no_shell_works_and_what_needs_one_is_told_by_lock(
    built: Space, busybox_base: str, push: Push, docker: Docker, tag: str
) -> None:
    unique = uuid4().hex
    bare = push(BARE.format(base=busybox_base, unique=unique, passwd=PASSWD))
    built.write("a.txt", "a\n")
    text = DOCKERFILE.format(base=busybox_base, bare=bare, unique=unique)
    built.write("Dockerfile", text)
    built.ok("init", "--from", "Dockerfile")
    built.ok("lock")
    compared = built.run("compare", "Dockerfile")
    assert (compared.status, compared.out) == (0, ""), compared.err
    built.ok("realize", "-t", tag)
    assert docker("run", "--rm", "--network=none", tag) == f"{unique}\n"

    declared = built.read("dynbuild.toml")
    before = built.read("dynbuild.lock")
    for more, wanted in (
        ('apt_packages = ["curl"]\n', "so nothing can be installed there"),
        ('env_scripts = ["true"]\n', "so it cannot run there"),
        ("", "so the commands of stage 'late' cannot run there"),
        ('cmd = "echo $TOOL"\n', "so nothing can run this line there"),
    ):
        base = f'base = "{bare}"\n'
        assert base in declared
        other = declared.replace(base, base + more)
        if more.startswith("cmd"):
            other = other.replace('cmd = ["/srv/app"]\n', "")
        if not more:
            other += '\n[[stages]]\nname = "late"\ncommands = ["true"]\n'
        built.write("dynbuild.toml", other)
        # No docker is needed to know it.
        refused = built.run("lock", DOCKER_HOST="unix:///nowhere")
        assert refused.status == 2
        assert f"DB0189]: {bare} has no /bin/sh, {wanted}" in refused.err
        assert built.read("dynbuild.lock") == before

    # A shell that is copied there is one.
    late = SHELL.format(base=busybox_base, unique=unique)
    built.write("dynbuild.toml", declared + late)
    built.ok("lock")
    done = built.ok("realize", "--progress", "rawjson", "-t", tag)
    assert {"shell", "late"} <= {*steps_run(done.err)}
    assert docker("run", "--rm", "--network=none", tag, "/tmp/late") == f"{unique}\n"


def test_neither_a_shell_nor_users(
    built: Space, busybox_base: str, push: Push, docker: Docker, tag: str
) -> None:
    """Nobody is called root where there is no /etc/passwd."""
    unique = uuid4().hex
    bare = push(BARE.format(base=busybox_base, unique=unique, passwd=""))
    built.write(
        "dynbuild.toml",
        f"""\
base = "{bare}"
cmd = ["/etc/unique", "/here"]

[[stages]]
name = "here"
files = {{ "/here" = "{unique}" }}
""",
    )
    built.ok("build", "-t", tag)
    assert docker("run", "--rm", "--network=none", tag).split() == [unique] * 2
    done = built.ok("realize", "--compare-linear")
    assert "no paths differ" in done.out + done.err
