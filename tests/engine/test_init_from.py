"""Dockerfiles become declarations whose images equal theirs, by path and by config."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.space import Space

ROOT = Path(__file__).parents[2]
SMALL = {
    "directories": """
        FROM {small}
        RUN mkdir -p /etc /home/app && echo app:x:1234: >> /etc/group && \
            echo app:x:1234:1234::/home/app:/bin/sh >> /etc/passwd && \
            chown 1234:1234 /home/app
        WORKDIR /root-made
        USER app
        WORKDIR /home/app/own/deep
        RUN touch here
        WORKDIR ../other
        USER root
        WORKDIR /srv/app
        COPY --chown=app:app src src
        COPY --chown=1234:1234 a.txt /new/deep/a.txt
        WORKDIR /last
        USER 1234
        """,
    "copies": """
        FROM {small}
        COPY a.txt b.txt /both/
        COPY src /src
        COPY *.txt missing*.md /pattern/
        COPY --chmod=600 a.txt /secret
        COPY --exclude=*.py src /without/
        ADD a.txt b.txt /added/
        RUN ls -R /both /src > /list
        COPY b.txt /both/a.txt
        """,
    "variables": """
        ARG BASE={small}
        ARG WORD=global
        FROM $BASE
        ARG WORD
        ARG OTHER="$WORD and more"
        ENV A=1 B="two words" C='$A' D=$NOWHERE
        ENV A=3 E=$A PATH=/tools:$PATH
        RUN env | sort > /one
        ENV OTHER=shadowed F=${{A:-x}}-${{G:-y}} LAST=$PATH
        RUN true
        ENV PATH=/more:$PATH
        RUN env | sort > /two
        ENV H last one
        ARG LACKING
        ENV LACKING=$LACKING TOO=$LACKING
        RUN env | sort > /three
        LABEL a="$A" "b c"=d
        EXPOSE $A 53/udp
        STOPSIGNAL SIGINT
        """,
    "shells": """
        FROM {small} AS one
        CMD echo inherited
        ENTRYPOINT ["/bin/echo"]
        SHELL ["/bin/sh", "-ec"]
        RUN echo a > /a; echo b > /b
        RUN ["/bin/sh", "-c", "echo 'c d' > /c"]
        RUN <<EOF
        for x in 1 2; do
          echo $x
        done > /d
        EOF
        RUN cat > /e <<'E' && echo done > /f
        text $x
        E
        FROM one
        CMD run $HOME
        HEALTHCHECK --interval=5s --start-period=1m CMD true || false
        VOLUME ["/data"]
        """,
    "nothing": """
        FROM {small} AS build
        RUN mkdir -p /out && echo a > /out/a.txt && cp /bin/busybox /out/tool
        FROM scratch AS files
        COPY --chown=1234 a.txt /deep/a.txt
        COPY <<EOF /b.txt
        b
        EOF
        FROM scratch
        WORKDIR /srv
        COPY --from=build /out/ /bin/
        COPY --from=build /out/*.txt out/*.md /matched/
        COPY --from=files / /etc/
        COPY --from=build /out/to?l .
        ENV A=$PATH
        USER 65532
        ENTRYPOINT ["/bin/tool"]
        """,
    "files": """
        FROM {small}
        ENV V=1
        COPY <<EOF /etc/app.conf
        v = "$V"
        EOF
        COPY --chmod=755 <<'EOF' /usr/bin/hello
        #!/bin/sh
        echo $V
        EOF
        RUN hello > /said
        """,
    "stages": """
        FROM {small} AS base
        ENV KIND=base
        RUN mkdir -p /base && echo $KIND > /base/kind
        FROM base AS build
        ENV KIND=build
        COPY src /src
        RUN --mount=type=bind,source=a.txt,target=/tmp/a.txt cat /tmp/a.txt > /out
        ARG TARGETARCH
        RUN mkdir -p /more && ln -s /out /more/link && touch /out-$TARGETARCH
        FROM base
        ARG TARGETARCH
        COPY --from=build /out /more /got/
        COPY --from=build /out-$TARGETARCH /by/$TARGETARCH/out
        COPY --from=base /base /again
        RUN --mount=from=build,target=/build cat /build/out > /bound
        CMD ["sh"]
        """,
    "edges": """
        FROM {small}
        RUN mkdir -p /data/x && chmod 700 /data
        COPY a.txt /srv/a.txt
        RUN echo hello > /opt-file
        COPY b.txt /etc/b.txt
        RUN cat /srv/a.txt > /copy
        RUN rm -rf /data/x && touch /data/y
        """,
}

DEBIAN = """
FROM {debian} AS base
ENV PYTHONUNBUFFERED=1
# What runs needs
RUN apt-get update && apt-get install -y --no-install-recommends \\
      python3 python3-venv \\
    && rm -rf /var/lib/apt/lists/*
RUN groupadd -g 1234 app && useradd -m -u 1234 -g app app
WORKDIR /srv/app

FROM base AS build
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip python3 -m venv /opt/venv && \\
    # no byte code
    /opt/venv/bin/pip install --no-compile -r requirements.txt

FROM base
ENV PATH=/opt/venv/bin:$PATH
COPY --from=build /opt/venv /opt/venv
COPY --chown=app:app src ./src
USER app
EXPOSE 8000
CMD ["python", "-m", "src"]
"""


@pytest.fixture
def moved(built: Space) -> Space:
    built.write("a.txt", "a\n")
    built.write("b.txt", "b\n")
    built.write("src/one.py", "one\n")
    built.write("src/two.txt", f"{uuid4()}\n")
    built.write("requirements.txt", "six==1.17.0\n")
    return built


def moves(space: Space, text: str) -> dict[str, object]:
    """Translate, lock and compare; return the report."""
    lines = [line.removeprefix("        ") for line in text.strip("\n").split("\n")]
    space.write("Dockerfile", "\n".join(lines).rstrip(" "))
    done = space.ok("init", "--from", "Dockerfile", "--json")
    space.ok("lock")
    compared = space.run("compare", "Dockerfile")
    assert (compared.status, compared.out) == (0, ""), compared.err
    report: dict[str, object] = json.loads(done.out)
    return report


@pytest.mark.parametrize("name", SMALL)
def test_an_image_is_that_of_the_dockerfile(
    moved: Space, busybox_base: str, name: str
) -> None:
    report = moves(moved, SMALL[name].format(small=busybox_base))
    found = report["instructions"]
    assert isinstance(found, list)
    assert {one["outcome"] for one in found} <= {"translated", "differs", "unused"}


def test_a_dropped_edge_was_none(moved: Space, busybox_base: str) -> None:
    """What an earlier stage writes besides runs no later one, and changes no path."""
    report = moves(moved, SMALL["edges"].format(small=busybox_base))
    assert report["independent"] == [
        ["chmod", "a.txt"],
        ["chmod", "echo-hello"],
        ["a.txt", "echo-hello"],
    ]
    for name in ("Dockerfile", "dynbuild.toml"):
        text = moved.read(name)
        assert "mkdir -p /data/x" in text
        moved.write(name, text.replace("mkdir -p /data/x", "mkdir -p /data/x /more"))
    moved.ok("lock")
    done = moved.run("compare", "Dockerfile", "--progress", "plain")
    assert (done.status, done.out) == (0, ""), done.err
    for stage in ("a.txt", "echo-hello"):
        assert f"{stage} started" not in done.err


def test_an_image_of_debian_with_packages_of_pip(
    moved: Space, debian_base: str
) -> None:
    moves(moved, DEBIAN.format(debian=debian_base))
    declaration = moved.read("dynbuild.toml")
    assert 'apt_packages = ["python3", "python3-venv"]' in declaration
    assert "# no byte code" in declaration


def test_what_differs_is_told(moved: Space, busybox_base: str) -> None:
    moves(moved, f"FROM {busybox_base}\nENV A=1\nCOPY a.txt /a\nRUN echo x > /x\n")
    moved.write("Other", f"FROM {busybox_base}\nENV A=2\nCOPY b.txt /a\nWORKDIR /w\n")
    done = moved.run("compare", "Other")
    assert done.status == 1
    assert done.out.splitlines() == [
        "/a: content",
        "/w: only there",
        "/x: only here",
        "config Env A: '1' here, '2' there",
        "config WorkingDir: None here, '/w' there",
    ]
    assert "3 paths and 2 fields of the config differ" in done.err
    data = json.loads(moved.run("compare", busybox_base, "--json").out)
    assert data["paths"] == [
        {"path": "/a", "differs": "only here"},
        {"path": "/x", "differs": "only here"},
    ]
    wrong = moved.run("compare", "no such")
    assert wrong.status == 2
    assert "no image reference" in wrong.err
    lone = moved.run("compare", busybox_base, "--target", "x")
    assert "--target is for a Dockerfile" in lone.err


def test_the_file_of_the_documentation(moved: Space, debian_base: str) -> None:
    """The page's own file, its lock, and that the images are the same."""
    page = (ROOT / "docs/from-dockerfile.md").read_text()
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    *_, dockerfile = (text for kind, text in blocks if kind == "dockerfile")
    *_, console = (text for kind, text in blocks if kind == "console")
    text = dockerfile.partition("\n")[2].replace("debian:bookworm-slim", debian_base)
    moved.write("Dockerfile", text)
    moved.ok("init", "--from", "Dockerfile")
    first, second = re.split(r"^\$ dynbuild [^\n]*\n", console, flags=re.MULTILINE)[1:]
    locked = moved.ok("lock")
    assert f"{locked.out}{locked.err}" == first
    assert second in moved.ok("compare", "Dockerfile").err


MANY_EDGES = r"""
FROM {small}
RUN mkdir -p /data/x && chmod 700 /data
COPY a.txt /srv/a.txt
RUN echo hello > /greeting
RUN mkdir -p /opt/app/bin /opt/app/lib
COPY --chown=1234:1234 b.txt /home/app/b.txt
RUN ln -s /srv/a.txt /opt/app/bin/a
RUN cp /greeting /opt/app/lib/greeting
COPY <<E /etc/app.conf
v = 1
E
RUN mv /opt/app/lib/greeting /opt/app/lib/moved
WORKDIR /var/work
RUN touch here
RUN printf '%s' "x y" >> /data/list
COPY src /opt/app/src
RUN rm -rf /data/x
USER 1234
WORKDIR /var/own
RUN touch mine
USER root
RUN cat /srv/a.txt /data/list > /all
"""


@pytest.mark.slow
def test_no_edge_is_dropped_wrongly(moved: Space, busybox_base: str) -> None:
    """Each stage writes one more file: those that were said not to need it stay.

    And the image is that of a plain build, in which they do stand on it.
    """
    report = moves(moved, MANY_EDGES.format(small=busybox_base))
    dropped = cast("list[tuple[str, str]]", report["independent"])
    assert len(dropped) > 30
    before = moved.read("dynbuild.toml")
    for stage in dict.fromkeys(one for one, _ in dropped):
        text, count = re.subn(
            rf'(\[\[stages\]\]\nname = "{re.escape(stage)}"\n(?:(?!\[\[)[^\n]*\n)*?)'
            r"(?:commands = \[|(?=\n|\Z))",
            r'\1commands = ["touch /one-more", ',
            before,
        )
        assert count == 1, (stage, before)
        lines = [
            line + "]" if line == 'commands = ["touch /one-more", ' else line
            for line in text.split("\n")
        ]
        moved.write("dynbuild.toml", "\n".join(lines))
        moved.ok("lock")
        words = ("realize", "--compare-linear", "--metadata-file", "built.json")
        done = moved.ok(*words)
        assert "no paths differ from a plain build" in done.err
        steps = json.loads(moved.read("built.json"))["dynbuild.steps"]
        ran = {step["step"] for step in steps if step["ran"]}
        assert stage in ran
        assert not ran & {later for one, later in dropped if one == stage}
