"""``init --from``: a Dockerfile is translated, and what is wrong with it is said."""

import json

import pytest

from tests.space import Space

DOCKERFILE = """\
# syntax=docker/dockerfile:1
FROM python:3.13-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY src src
USER 1000
CMD ["python", "-m", "src"]
"""


@pytest.fixture
def project(space: Space) -> Space:
    space.write("Dockerfile", DOCKERFILE)
    space.write("requirements.txt", "flask\n")
    space.write("src/__init__.py", "")
    return space


def test_what_is_written_is_a_declaration(project: Space) -> None:
    done = project.ok("init", "--from", "Dockerfile")
    assert done.out == ""
    assert "Dockerfile: 7 of 7 instructions translated" in done.err
    assert "wrote dynbuild.toml" in done.err
    assert "`dynbuild compare Dockerfile`\n" in done.err
    assert "no mistakes" in project.ok("check").err
    again = project.run("init", "--from", "Dockerfile")
    assert (again.status, "there already" in again.err) == (2, True)


def test_the_report_as_data(project: Space) -> None:
    project.write("Dockerfile", f"{DOCKERFILE}ONBUILD RUN x\nCOPY c /c\n")
    done = project.ok("init", "--from", "Dockerfile", "--json", "-o", "x.toml")
    report = json.loads(done.out)
    assert [one["line"] for one in report["instructions"]] == [
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        10,
    ]
    assert report["instructions"][-2]["outcome"] == "left"
    assert report["independent"] == []


def test_targets_and_arguments(project: Space) -> None:
    project.write("d", "ARG V=1\nFROM debian:$V AS a\nRUN x\nFROM debian\n")
    done = project.ok("init", "--from", "d", "--target", "a", "--build-arg", "V=b")
    text = project.read("dynbuild.toml")
    assert 'base = "debian:${args.V}"' in text
    assert '[args]\nV = "b"\n' in text
    assert "with the same --target and --build-arg" in done.err


def test_several_targets(project: Space) -> None:
    project.write("d", "FROM debian AS a\nRUN x\nFROM a AS b\nRUN y\n")
    project.ok("init", "--from", "d", "--target", "a", "--target", "b")
    assert "[images.b]" in project.read("dynbuild.toml")
    project.ok("check")


def test_mistakes_that_the_declaration_has_are_told(project: Space) -> None:
    project.write("d", "ARG V\nFROM debian\nEXPOSE 99999\n")
    done = project.run("init", "--from", "d")
    assert done.status == 1
    assert "wrote dynbuild.toml" in done.err
    assert "dynbuild.toml:4:" in done.err
    assert "DB0149" in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", "nothing"], "cannot read nothing: no such file or directory"),
        (["--from", "src"], "cannot read src: is a directory"),
        (["--from", "bytes"], "bytes is not UTF-8"),
        (["--from", "requirements.txt"], "requirements.txt:1:1: error[DB0332]"),
        (["--from", "Dockerfile", "--target", "x"], "no build stage 'x'"),
        (["--from", "Dockerfile", "--build-arg", "x"], "gives no value"),
        (["--from", "Dockerfile", "-o", "x.yaml"], "is translated to TOML"),
        (["--target", "x"], "--target is for a Dockerfile, and none is given"),
        (["--build-arg", "x=y"], "--build-arg is for a Dockerfile"),
        (["--json"], "--json is for a Dockerfile"),
    ],
)
def test_what_cannot_be_translated(
    project: Space, arguments: list[str], told: str
) -> None:
    project.write("bytes", b"FROM \xff\n")
    done = project.run("init", *arguments)
    assert done.status == 2
    assert told in done.err
    assert not (project.root / "dynbuild.toml").exists()


def test_a_dockerfile_that_is_there_is_told_of(project: Space) -> None:
    command = "`dynbuild init --from Dockerfile`"
    assert command in project.ok("init").err
    (project.root / "Dockerfile").unlink()
    assert command not in project.ok("init", "-o", "other.toml").err


def test_comparing_with_a_file_that_is_not_there(project: Space) -> None:
    done = project.run("compare", "NoDockerfile")
    assert done.status == 2
    assert "there is no file NoDockerfile, and" in done.err
    assert "try lower case" not in done.err


def test_a_declaration_for_what_is_there(project: Space) -> None:
    project.ok("init")
    assert "requirements.txt" in project.read("dynbuild.toml")
    assert "no mistakes" in project.ok("check").err
    project.ok("init", "-o", "starter.yaml")
    assert "requirements.txt" not in project.read("starter.yaml")


def test_values_that_no_argument_takes(project: Space) -> None:
    project.write("Dockerfile", "ARG V=1\nFROM busybox:$V\nARG WHO\nRUN echo $WHO\n")
    values = ("W=2", "HTTP_PROXY=x", "WHO=me", "TARGETARCH=arm64")
    words = [word for value in values for word in ("--build-arg", value)]
    done = project.ok("init", "--from", "Dockerfile", *words)
    assert "--build-arg W: no ARG of the Dockerfile takes it" in done.err
    assert done.err.count("DB0335") == 1


def test_a_pattern_that_is_none(project: Space) -> None:
    for pattern, why in (
        ("[z-a]", "what is between [ and ] is no range"),
        ("[a", "[ has no end"),
    ):
        project.write(
            "dynbuild.toml",
            '[stages.a]\ncopy = [{ from = "src/' + pattern + '", to = "/x/" }]\n',
        )
        assert f"it is no pattern: {why}" in project.run("check").err


def test_one_dockerfile_at_a_time(project: Space) -> None:
    """A second one would silently have been the only one."""
    words = ("init", "--from", "Dockerfile", "--from", "Dockerfile", "-o", "x.toml")
    done = project.run(*words)
    assert (done.status, "one Dockerfile at a time" in done.err) == (2, True)
    assert not (project.root / "x.toml").exists()


def test_what_to_do_next_names_the_file_if_it_has_to(project: Space) -> None:
    done = project.ok("init", "--from", "Dockerfile", "-o", "api.toml")
    assert "`dynbuild lock -c api.toml`" in done.err
    assert "`dynbuild compare -c api.toml Dockerfile`" in done.err
    assert "next: edit it, `dynbuild lock`, " in project.ok("init").err


def test_platforms_are_those_of_a_workflow(project: Space) -> None:
    project.write(
        ".github/workflows/release.yml",
        "on: push\njobs:\n  a:\n    steps:\n    - uses: docker/build-push-action@v6\n"
        "      with: { platforms: 'linux/amd64,linux/arm64' }\n",
    )
    project.write("Dockerfile", "FROM debian\nRUN make\n")
    project.ok("init", "--from", "Dockerfile", "-o", "dynbuild.toml")
    text = project.read("dynbuild.toml")
    assert "# As .github/workflows/release.yml builds it.\n" in text
    assert 'platforms = ["linux/amd64", "linux/arm64"]\n' in text
