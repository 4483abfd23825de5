"""Build stages that start from images of their own."""

import pytest

from dynbuild.errors import DeclarationError
from tests.dockerfiles import read_as_toml, translated

TWO = """
    FROM --platform=$BUILDPLATFORM golang:1.26 AS build
    ARG VERSION=1
    WORKDIR /src
    COPY go.mod .
    RUN go mod download
    COPY . .
    RUN mkdir /made
    RUN go build
    FROM debian
    COPY --from=build /made/x /usr/bin/x
    """


def test_they_are_translated() -> None:
    found = translated(TWO)
    assert "left" not in found.outcomes.values()
    assert found.reason(1) == "it is built for linux/amd64, whoever builds"


def test_a_stage_with_a_base_of_its_own_stands_on_one() -> None:
    first, second, _, third, last = read_as_toml(TWO)
    assert first == {
        "name": "build-go-mod",
        "build_only": True,
        "base": "golang:1.26",
        "platform": "linux/amd64",
        "copy": [{"from": "go.mod", "to": "/src/"}],
        "workdir": "/src",
        "build_env": {"VERSION": "${args.VERSION}"},
        "commands": ["go mod download"],
    }
    assert second["dependencies"] == ["build-go-mod"]
    assert third["name"] == "build"
    assert third["dependencies"] == ["build-mkdir"]
    assert last["copy"] == [{"stage": "build", "from": "/made/x", "to": "/usr/bin/x"}]


def test_the_same_image_apart_from_packages() -> None:
    text = """
        FROM debian AS tools
        RUN make
        FROM debian
        {}
        COPY --from=tools /x /x
        """
    apt = (
        "RUN apt-get update && apt-get install -y --no-install-recommends git "
        "&& rm -rf /var/lib/apt/lists/*"
    )
    assert "base" not in read_as_toml(text.format("RUN x"))[0]
    stages = read_as_toml(text.format(apt))
    # Without a base of its own, it would have to see the packages.
    assert [stage["name"] for stage in stages] == ["tools", "apt-get-install", "x"]


def test_a_base_for_the_platform_of_the_image() -> None:
    text = TWO.replace("--platform=$BUILDPLATFORM", "--check=x")
    assert "platform" not in read_as_toml(text)[0]
    text = TWO.replace("$BUILDPLATFORM", "linux/arm64")
    assert read_as_toml(text)[0]["platform"] == "linux/arm64"


SHA256 = "0123456789abcdef" * 4


def test_downloads_of_a_stage() -> None:
    (stage,) = read_as_toml(
        f"""
        FROM debian
        # A tool
        ADD --checksum=sha256:{SHA256} --chmod=755 https://example.org/x /usr/bin/
        ADD https://example.org/y /y
        """,
    )
    assert stage["add"] == [
        {
            "url": "https://example.org/x",
            "to": "/usr/bin/",
            "sha256": SHA256,
            "mode": "755",
        },
        {"url": "https://example.org/y", "to": "/y", "mode": "600"},
    ]


def test_downloads_for_each_platform() -> None:
    (stage,) = read_as_toml(
        """
        FROM debian
        ARG TARGETARCH
        ARG VERSION=1
        ADD --unpack --chown=1:2 https://example.org/$VERSION/${TARGETARCH}.tgz /opt
        """
    )
    (download,) = stage["add"]
    assert download == {
        "url": "https://example.org/${args.VERSION}/${TARGETARCH}.tgz",
        "to": "/opt",
        "unpack": True,
        "owner": "1:2",
    }


@pytest.mark.parametrize(
    ("flags", "address", "reason"),
    [
        ("", "https://example.org/$TARGETARCH", "differs from platform to platform"),
        ("", "https://example.org/x.git", "git clone"),
        ("", "git@example.org:x", "git clone"),
        ("--checksum=sha256:0123", "https://example.org/x", "no sha256"),
        ("--unpack --chmod=1", "https://example.org/x", "is not the mode"),
        ("--unpack --chmod=644", "https://example.org/x", "modes that are in the"),
        ("--exclude=x", "https://example.org/x", "taken whole"),
        ("", "https://example.org/x a", "an ADD of its own"),
    ],
)
def test_downloads_that_are_left_to_the_reader(
    flags: str, address: str, reason: str
) -> None:
    found = translated(f"FROM debian\nADD {flags} {address} /y/\n")
    assert reason in found.reason(2)


@pytest.mark.parametrize(
    ("first", "second", "apart"),
    [
        ("COPY a /x/", "ADD https://example.org/b /x/", True),
        ("ADD https://example.org/b /x/", "COPY a /x/", False),
        ("COPY <<E /x/f\ntext\nE", "COPY a /x/", True),
        ("COPY <<E /x/f\ntext\nE", "COPY a /x/f", True),
        ("COPY <<E /x/f\ntext\nE", "COPY a /y", False),
        ("COPY a /x/", "COPY <<E /x/f\ntext\nE", False),
    ],
)
def test_what_comes_last_is_what_counts(
    first: str, second: str, *, apart: bool
) -> None:
    stages = read_as_toml(f"FROM debian\n{first}\n{second}\n")
    assert len(stages) == 1 + apart


def test_a_build_stage_from_nothing() -> None:
    found = translated("""
        FROM scratch AS files
        COPY a /a
        FROM debian
        COPY --from=files /a /a
        """)
    assert {*found.outcomes.values()} == {"translated"}
    files, last = found.data["stages"]
    assert (files["base"], files["build_only"]) == ("scratch", True)
    assert last["copy"] == [{"stage": "files", "from": "/a", "to": "/a"}]


def test_an_image_from_nothing() -> None:
    found = translated("""
        FROM golang AS build
        RUN go build -o /app
        FROM scratch
        WORKDIR /srv
        COPY --from=build /app .
        USER 65532
        ENTRYPOINT ["/srv/app"]
        """)
    assert {*found.outcomes.values()} == {"translated"}
    assert found.data["base"] == "scratch"
    build, app = found.data["stages"]
    assert app["copy"] == [{"stage": build["name"], "from": "/app", "to": "/srv/"}]


@pytest.mark.parametrize(
    "image",
    [
        "scratch",
        "gcr.io/distroless/static-debian12",
        "gcr.io/distroless/java17:nonroot",
        "cgr.dev/chainguard/static:latest",
    ],
)
def test_what_no_shell_can_run_is_left(image: str) -> None:
    found = translated(f"""
        FROM {image}
        COPY a /opt/a
        RUN ["/opt/a", "setup"]
        """)
    assert found.outcomes[3] == "left"
    assert f"{image} has no shell to run it" in found.reason(3)
    assert "commands" not in found.text


@pytest.mark.parametrize(
    ("image", "copied"),
    [
        ("gcr.io/distroless/base-debian12:debug", "COPY a /a"),
        ("gcr.io/distroless/base:debug-nonroot", "COPY a /a"),
        ("gcr.io/distroless/base:x-debug", "COPY a /a"),
        ("scratch", "COPY --from=busybox /bin/ /bin/"),
        ("scratch", "COPY --from=busybox / /"),
    ],
)
def test_what_a_shell_may_run_is_not(image: str, copied: str) -> None:
    found = translated(f"FROM {image}\n{copied}\nRUN x\n")
    assert found.outcomes[3] != "left"


def test_directories_that_no_shell_can_make() -> None:
    """In Docker WORKDIR makes them for root, before the copy."""
    found = translated("""
        FROM scratch
        WORKDIR /never
        WORKDIR /app
        COPY --chown=65532 app .
        FROM scratch
        COPY --from=0 /app/ /
        """)
    assert "no shell can make /app" in found.reason(3)
    assert found.outcomes[3] == "differs"
    assert "commands" not in found.text


def test_nor_those_of_the_build_stage_below() -> None:
    found = translated("""
        FROM scratch AS a
        WORKDIR /app
        FROM a
        COPY --chown=65532 app .
        """)
    assert "commands" not in found.text


@pytest.mark.parametrize(
    ("image", "base"),
    [
        ("${REGISTRY}python:3", "python:3"),
        ("${REGISTRY:+$REGISTRY/}python:${TAG:-3}", "python:3"),
        ("python:$VERSION", "python:3"),
    ],
)
def test_an_argument_without_a_value_is_empty_in_a_from(image: str, base: str) -> None:
    """Above the first FROM no base sets a variable: what is not set is nothing."""
    text = f"ARG REGISTRY\nARG VERSION=${{TAG-3}}\nFROM {image}\n"
    assert translated(text).data["base"] == base


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ("$TAG", "FROM names nothing: its argument is empty"),
        ("debian:$TAG", "debian:$TAG is 'debian:', which names no image"),
        ("debian:${TARGETARCH}", "$TARGETARCH differs from platform to platform"),
    ],
)
def test_an_image_that_needs_an_argument(image: str, told: str) -> None:
    with pytest.raises(DeclarationError) as error:
        translated(f"ARG TAG\nFROM {image}\n")
    message = error.value.diagnostics[0].message
    assert told in message
    assert f"(give it: --build-arg {image.strip('debian:${}')}=…)" in message


def test_a_name_that_no_image_has() -> None:
    for text in ("FROM a AS b\nFROM Debian\n", "ARG X=Debian\nFROM b\nFROM $X\n"):
        with pytest.raises(DeclarationError) as error:
            translated(text)
        (refusal,) = error.value.diagnostics
        assert "'Debian' is no image reference" in refusal.message
        assert refusal.hint == "try lower case"
        assert refusal.span
    # What the image does not need may be called anything.
    assert "stages" not in translated("FROM Debian AS a\nFROM debian\n").data


@pytest.mark.parametrize("source", ["later", "own", "1", "2", "7"])
@pytest.mark.parametrize(
    "line", ["COPY --from={} /x /y", "RUN --mount=from={},target=/m true"]
)
def test_a_build_stage_that_does_not_stand_before(source: str, line: str) -> None:
    """Docker refuses it; taking the image of that name would be something else."""
    found = translated(f"""
        FROM debian
        FROM debian AS own
        {line.format(source)}
        FROM debian AS later
        RUN touch /x
        FROM own
        """)
    assert found.outcomes[3] == "left"
    assert f"{source!r}, which is no build stage before its own" in found.reason(3)
    assert found.stages == {}


def test_an_image_that_is_not_needed_may_be_unknown() -> None:
    text = "FROM debian AS a\nRUN x\nFROM tools-$TARGETOS\nRUN y\nFROM a\n"
    found = translated(text)
    assert found.outcomes[3] == found.outcomes[4] == "unused"
    with pytest.raises(DeclarationError) as error:
        translated(text, target="1")
    assert "Dockerfile:3:1: error[DB0333]" in str(error.value)
