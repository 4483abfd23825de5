from dynbuild.errors import DeclarationError, render
from tests.dockerfiles import translated


def refusal(text: str, target: str | None = None) -> str:
    try:
        translated(text, target)
    except DeclarationError as error:
        return "\n".join(map(render, error.diagnostics))
    raise AssertionError(text)


def test_a_run_takes_the_copies_before_it() -> None:
    found = translated("""
        FROM python:3.13-slim
        WORKDIR /app
        COPY requirements.txt pyproject.toml ./
        RUN pip install -r requirements.txt
        COPY . .
        EXPOSE 8000
        CMD ["python", "-m", "app"]
        """)
    assert found.data == {
        "base": "python:3.13-slim",
        "workdir": "/app",
        "cmd": ["python", "-m", "app"],
        "expose": [8000],
        "stages": [
            {
                "name": "pip-install",
                "copy": [
                    {"from": ["requirements.txt", "pyproject.toml"], "to": "/app/"},
                ],
                "workdir": "/app",
                "commands": ["pip install -r requirements.txt"],
            },
            {
                "name": "app",
                "dependencies": ["pip-install"],
                "copy": [{"from": ".", "to": "/app/"}],
            },
        ],
    }
    assert found.outcomes[5] == "differs"
    assert ".git" in found.reason(5)
    assert [line for line, one in found.outcomes.items() if one != "translated"] == [5]


def test_comments_carry_over() -> None:
    found = translated("""
        # About all

        # The base
        FROM debian:bookworm-slim
        # For the tools
        ENV A=1
        # Two files
        COPY a b /x/
        # One more
        COPY c /x/
        # What is built
        RUN one && \\
            # the second
            two
        # What runs
        CMD ["x"]
        # The end
        """)
    assert found.text == (
        "# From Dockerfile, by `dynbuild init --from`.\n"
        "#\n"
        "# About all\n"
        "\n"
        "# The base\n"
        'base = "debian:bookworm-slim"\n'
        "# What runs\n"
        'cmd = ["x"]\n'
        "\n"
        "# For the tools\n"
        "[[stages]]\n"
        'name = "one"\n'
        "copy = [\n"
        "    # Two files\n"
        '    { from = ["a", "b"], to = "/x/" },\n'
        "    # One more\n"
        '    { from = "c", to = "/x/" },\n'
        "]\n"
        'env = { A = "1" }\n'
        "commands = [\n"
        "    # What is built\n"
        '    "one",\n'
        "    # the second\n"
        '    "two",\n'
        "]\n"
        "\n"
        "# The end\n"
    )


def test_no_comment_is_lost() -> None:
    text = """
        # c1

        # c2
        ARG V=1
        # c3
        FROM debian:$V AS base
        # c4
        ENV A=1
        # c5
        FROM base AS side
        # c6
        COPY a /a
        # c7
        RUN x
        # c8
        FROM base
        # c9
        COPY --from=side /a /a
        # c10
        RUN y
        # c11
        SHELL ["/bin/sh", "-c"]
        # c12
        ENV B=1
        # c13
        USER app
        # c14
        WORKDIR /w
        # c15
        ARG C=1
        # c16
        LABEL a=b
        # c17
        CMD ["x"]
        # c19
        EXPOSE http
        # c18
        """
    found = translated(text)
    for number in range(1, 20):
        assert f"# c{number}\n" in found.text, number
    assert "# c13\nuser = " in found.text
    assert "# c12\n[env]" in found.text
    assert "# c14\nworkdir" in found.text


def test_a_variable_stands_where_it_is_first_seen() -> None:
    found = translated("""
        FROM debian:bookworm-slim
        ENV HOME_OF=/opt/x
        ENV PATH=$HOME_OF/bin:$PATH LITERAL='$x' OLD=${NOWHERE}
        RUN one
        ENV PATH=/more:$PATH NEW=$LITERAL-${OTHER:-y}
        ENV PATH=/most:$PATH
        RUN two
        ENV LAST two words
        ENV SAME=1 QUOTED="a b"
        """)
    one, two = found.stages.values()
    assert one["env"] == {
        "HOME_OF": "/opt/x",
        "PATH": "/opt/x/bin:$PATH",
        "LITERAL": "$$x",
        "OLD": "${NOWHERE:-}",
    }
    assert two["env"] == {"PATH": "/most:/more:$PATH", "NEW": "$$x-${OTHER:-y}"}
    assert found.data["env"] == {"LAST": "two words", "SAME": "1", "QUOTED": "a b"}


def test_what_a_variable_cannot_say() -> None:
    found = translated("""
        FROM debian:bookworm-slim
        ENV A=$PATH
        ENV PATH=/x:$A
        ENV B=${C:+d}
        ENV D=${E
        RUN x
        """)
    assert found.outcomes[3] == "left"
    assert "which the same instruction or a next one sets anew" in found.reason(3)
    assert found.outcomes[4] == "left"
    assert "not decided by the Dockerfile" in found.reason(4)
    assert found.outcomes[5] == "left"
    assert "TODO line 3, ENV" in found.text


def test_an_argument_without_a_value_where_one_is_needed() -> None:
    found = translated("FROM debian\nARG U\nUSER $U\nARG TARGETARCH\nCOPY $NO /x\n")
    assert found.reason(3).startswith("U has no value: --build-arg U=…; what stands")
    assert found.outcomes[4] == "differs"
    assert "only commands that name TARGETARCH see it" in found.reason(4)
    build = translated("FROM debian\nARG BUILDPLATFORM\n")
    assert build.outcomes[2] == "left"
    assert found.reason(5) == "the Dockerfile does not set $NO"
    assert "platform" in translated("FROM debian\nCOPY a-$TARGETARCH /x\n").reason(2)


def test_users_directories_and_shells() -> None:
    found = translated("""
        FROM node:22-slim
        SHELL ["/bin/bash", "-o", "pipefail", "-c"]
        USER node:node
        RUN one
        USER 0
        WORKDIR /srv/x
        WORKDIR sub
        RUN two
        USER 1001
        SHELL ["/bin/sh", "-c"]
        RUN three
        ENTRYPOINT exec x
        """)
    one, two, three = found.stages.values()
    assert one["user"] == "node:node"
    assert one["shell"] == ["/bin/bash", "-o", "pipefail", "-c"]
    assert "workdir" not in one
    assert two["workdir"] == "/srv/x/sub"
    assert "user" not in two
    assert three["user"] == "1001"
    assert "shell" not in three
    assert found.data["user"] == {"name": "1001", "create": False}
    assert found.data["entrypoint"] == "exec x"


def test_a_line_for_another_shell_than_the_image_has() -> None:
    found = translated("""
        FROM debian
        CMD one
        HEALTHCHECK --interval=5s --retries=3 --start-period=0s CMD two three
        SHELL ["/bin/bash", "-c"]
        """)
    assert found.data["shell"] == ["/bin/bash", "-c"]
    assert found.data["cmd"] == ["/bin/sh", "-c", "one"]
    assert found.data["healthcheck"] == {
        "cmd": ["/bin/sh", "-c", "two three"],
        "interval": "5s",
        "retries": 3,
    }


def test_directories_that_only_workdir_makes() -> None:
    found = translated("""
        FROM debian
        WORKDIR /one
        WORKDIR /two
        USER app
        RUN x
        WORKDIR /three
        COPY a /three/a
        WORKDIR /four
        """)
    stages = found.stages
    assert stages["one-directory"]["commands"] == ["mkdir -p /one"]
    # root made /two, and the user would.
    assert stages["two-directory"]["commands"] == ["mkdir -p /two"]
    assert stages["three-directory"] == {
        "name": "three-directory",
        "dependencies": ["x"],
        "user": "app",
        "workdir": "/three",
        "commands": ["true"],
    }
    assert stages["four-directory"]["user"] == "app"
    assert found.data["workdir"] == "/four"


def test_an_owner_is_not_that_of_the_directory_above() -> None:
    found = translated("""
        FROM node:22-slim
        WORKDIR /app
        COPY --chown=node:node . .
        """)
    assert [*found.stages] == ["app-directory", "app"]
    assert found.stages["app"]["copy"] == [
        {"from": ".", "to": "/app/", "owner": "node:node"}
    ]


def test_build_stages_of_one_image() -> None:
    found = translated("""
        FROM node:22-slim AS base
        ENV A=1
        WORKDIR /app
        FROM base AS deps
        COPY package.json .
        RUN --mount=type=cache,target=/root/.npm npm ci
        FROM deps AS Build_It
        COPY src src
        RUN --mount=type=cache,target=/root/.npm,sharing=locked npm run build
        EXPOSE 1
        FROM base
        COPY --from=deps /app/node_modules node_modules
        COPY --from=2 app/dist/ dist/
        CMD ["x"]
        """)
    assert found.stages["deps"] == {
        "name": "deps",
        "build_only": True,
        "copy": [{"from": "package.json", "to": "/app/"}],
        "workdir": "/app",
        "cache_mounts": [{"target": "/root/.npm", "id": "root-.npm"}],
        "env": {"A": "1"},
        "commands": ["npm ci"],
    }
    assert found.stages["build_it"]["dependencies"] == ["deps"]
    assert found.stages["build_it"]["cache_mounts"] == [
        {"target": "/root/.npm", "id": "root-.npm", "sharing": "locked"}
    ]
    assert found.stages["dist"]["copy"] == [
        {"stage": "deps", "from": "/app/node_modules", "to": "/app/node_modules"},
        {"stage": "build_it", "from": "/app/dist/", "to": "/app/dist/"},
    ]
    assert found.data["env"] == {"A": "1"}
    assert found.outcomes[10] == "unused"


def test_a_target_and_what_it_does_not_need() -> None:
    text = """
        FROM debian AS one
        RUN x
        FROM one AS two
        RUN y
        FROM debian AS three
        RUN z
        """
    found = translated(text, "TWO")
    assert [*found.stages] == ["x", "y"]
    assert found.stages["y"]["dependencies"] == ["x"]
    assert found.outcomes[5] == found.outcomes[6] == "unused"
    last = translated(text)
    assert [*last.stages] == ["z"]
    assert last.outcomes[1] == last.outcomes[4] == "unused"
    assert translated(text, "0").data["stages"] == [{"name": "x", "commands": ["x"]}]
    assert "has no build stage 'tow'" in refusal(text, "tow")
    assert "did you mean 'two'" in refusal(text, "tow")
    assert "it has none" in refusal("FROM a\n", "x")


def test_root_as_the_user() -> None:
    # What an unknown base runs as is not known: USER root is said.
    jenkins = translated("FROM jenkins/jenkins\nUSER root\nRUN x\n")
    assert jenkins.data["user"] == {"name": "root", "create": False}
    assert "user" not in jenkins.stages["x"]
    assert "user" not in translated("FROM jenkins/jenkins\nRUN x\n").data
    assert "user" not in translated("FROM debian\nUSER 0:0\nRUN x\n").data
    group = translated("FROM debian\nUSER root:adm\nRUN x\n")
    assert group.stages["x"]["user"] == "root:adm"
    assert group.data["user"] == {"name": "root:adm", "create": False}


def test_images_that_cannot_be() -> None:
    assert "is an image of Windows" in refusal(
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\n"
    )
    assert "Dockerfile:1:1: error[DB0333]" in refusal("FROM $X\n")
    assert "--build-arg X=…" in refusal("FROM $X\n")
    assert "its argument is empty" in refusal("ARG X\nARG Y=\nFROM $Y\n")
    assert "DB0333" in refusal("FROM ${X?no}\n")


def test_images_whose_user_is_not_known() -> None:
    found = translated("FROM ghcr.io/org/x:1\nCOPY a b\n")
    assert found.outcomes[1] == "differs"
    assert "begin as root in /" in found.reason(1)
    go = translated("FROM golang:1.26\nRUN x\nCOPY a b\n")
    assert go.outcomes[1] == "translated"
    assert go.stages["x"]["workdir"] == "/go"
    assert go.stages["b"]["copy"] == [{"from": "a", "to": "/go/b"}]


def test_platforms() -> None:
    found = translated("FROM --platform=$BUILDPLATFORM debian AS a\nRUN x\n")
    assert found.outcomes[1] == "differs"
    assert "`realize` is asked for" in found.reason(1)
    for flag in ("${TARGETPLATFORM}", "$TARGETPLATFORM"):
        plain = translated(f"FROM --platform={flag} debian\n")
        assert plain.outcomes[1] == "translated"


def test_dollars_and_line_breaks() -> None:
    found = translated(
        """
        FROM debian
        ARG X
        ENV A=\\$x\\y B="\\$x"
        LABEL a=$X
        """,
        given={"X": "a\nb"},
    )
    assert found.data["env"] == {"A": "$$xy", "B": "$$x"}
    assert "no line breaks" in found.reason(4)


def test_a_shell_that_is_none() -> None:
    found = translated('FROM debian\nSHELL ["pwsh", "-c"]\nRUN x\n')
    assert "shell" not in found.data
    assert found.reason(2) == found.reason(3) == "pwsh is not a POSIX shell"
