from tests.dockerfiles import translated

TEXT = """
    ARG VERSION=3 KIND=${UNSET}
    ARG BASE=debian
    ARG TAG=bookworm-slim
    FROM ${BASE}:${TAG}
    ARG VERSION
    ARG NAME=n-$VERSION LACKING NOTHING=${NOBODY}
    ENV SHADOWED=1 SEEN=$NAME
    ARG SHADOWED=2
    RUN one
    LABEL v=$VERSION
    """


def test_arguments_are_those_of_the_declaration() -> None:
    found = translated(TEXT)
    assert found.data["base"] == "${args.BASE}:${args.TAG}"
    assert found.data["args"] == {
        "BASE": "debian",
        "TAG": "bookworm-slim",
        "VERSION": "3",
    }
    assert found.stages["one"]["build_env"] == {
        "VERSION": "${args.VERSION}",
        "NAME": "n-${args.VERSION}",
    }
    assert found.stages["one"]["env"] == {
        "SHADOWED": "1",
        "SEEN": "n-${args.VERSION}",
    }
    assert found.data["labels"] == {"v": "${args.VERSION}"}
    assert found.outcomes[6] == "differs"
    reason = found.reason(6)
    assert "no value unless --build-arg LACKING=…, its default is what" in reason
    assert "give it, --build-arg NOTHING=…" in reason


def test_values_that_are_given_are_the_defaults() -> None:
    found = translated(TEXT, given={"VERSION": "4$", "BASE": "node", "LACKING": "l"})
    assert found.data["args"] == {
        "BASE": "node",
        "TAG": "bookworm-slim",
        "VERSION": "4$",
        "LACKING": "l",
    }
    assert found.stages["one"]["build_env"]["LACKING"] == "${args.LACKING}"


def test_what_no_text_can_name_has_its_value() -> None:
    found = translated("""
        FROM debian
        ARG PORT=80
        ARG OWNER=app
        ARG DIRECTORY=/srv
        ARG TWICE=1
        ARG UNUSED=x
        COPY --chown=$OWNER a $DIRECTORY/
        COPY <<E /x
        $DIRECTORY
        E
        EXPOSE $PORT
        FROM debian
        ARG TWICE=2
        LABEL t=$TWICE
        """)
    assert found.data == {"base": "debian", "labels": {"t": "${args.TWICE}"}} | {
        "args": {"TWICE": "2"}
    }
    other = translated("""
        FROM debian
        ARG PORT=80
        ARG OWNER=app
        ARG DIRECTORY=/srv
        COPY --chown=$OWNER a $DIRECTORY/
        COPY <<E /x
        $PORT
        E
        EXPOSE $PORT
        ARG V=1
        LABEL v=$V
        """)
    assert other.data["labels"] == {"v": "${args.V}"}
    assert other.data["args"] == {"V": "1"}
    assert other.data["expose"] == [80]
    (stage,) = other.stages.values()
    assert stage["files"] == {"/x": "80\n"}
    assert stage["copy"][0]["owner"] == "app"


def test_an_argument_with_two_values() -> None:
    found = translated("""
        FROM debian AS one
        ARG A=1
        RUN x
        FROM one
        ARG A=2
        RUN y
        """)
    assert [stage["build_env"] for stage in found.stages.values()] == [
        {"A": "1"},
        {"A": "2"},
    ]
    assert "args" not in found.data


def test_a_text_that_looks_like_an_argument() -> None:
    found = translated("FROM debian\nARG A=1\nRUN echo '${args.A}' $A\n")
    assert "args" not in found.data
    assert found.data["stages"][0]["build_env"] == {"A": "1"}
