from tests.dockerfiles import translated


def test_failures_that_docker_ignores_are_told() -> None:
    found = translated("""
        FROM debian
        RUN one; two
        RUN set -eu; one; two
        SHELL ["/bin/bash", "-ec"]
        RUN one; two
        """)
    assert found.outcomes[2] == "differs"
    assert "Docker goes on" in found.reason(2)
    assert found.outcomes[3] == "translated"
    assert found.outcomes[5] == "translated"
    one, two, _ = found.stages.values()
    assert one["commands"] == ["one; two"]
    assert two["commands"] == ["set -eu", "one", "two"]


def test_documents_are_commands() -> None:
    found = translated("""
        FROM debian
        RUN <<E
        set -e
        one
        two && \\
          three
        E
        RUN <<E
        cat <<F > /x
        F
        E
        RUN python3 - <<'E' && after
        print("x")
        E
        RUN <<E
        #!/usr/bin/env python3
        E
        RUN <<E
        if x
        E
        RUN cat <<E |
        E
        """)
    first, second, third = found.stages.values()
    assert first["commands"] == ["set -e", "one", "two && \\\n  three"]
    assert second["commands"] == ["cat <<F > /x\nF"]
    assert third["commands"] == ["python3 - <<'E' && after\nprint(\"x\")\nE"]
    assert [found.outcomes[line] for line in (15, 18, 21)] == ["left"] * 3
    assert "file that the stage copies" in found.reason(15)


def test_a_run_as_a_list_and_without_an_end() -> None:
    found = translated("""
        FROM debian
        RUN ["one", "a b", "$x"]
        RUN []
        RUN echo 'a
        """)
    assert found.stages["one"]["commands"] == ["one 'a b' '$x'"]
    assert found.outcomes[3] == found.outcomes[4] == "left"


def test_long_commands_keep_their_lines() -> None:
    words = [f"some-rather-long-package-name-{number}" for number in range(4)]
    listed = " \\\n      ".join(words)
    found = translated(
        f"FROM debian\nRUN one && \\\n    two \\\n      {listed} && three\n"
    )
    (stage,) = found.stages.values()
    assert stage["commands"][0] == "one"
    assert stage["commands"][1] == " \\\n    ".join(["two", *words])
    assert stage["commands"][2] == "three"
    quoted = translated("FROM debian\nRUN echo 'a \\\n  b' \\\n c\n")
    assert quoted.data["stages"][0]["commands"] == ["echo 'a   b'  c"]
    glued = translated("FROM debian\nRUN ab\\\nc d\n")
    assert glued.data["stages"][0]["commands"] == ["abc d"]
    escaped = translated('FROM debian\nRUN a \\" b \\\n  c\n')
    assert escaped.data["stages"][0]["commands"] == ['a \\" b c']


def test_a_line_that_goes_on_with_a_comment_and_nothing_more() -> None:
    found = translated("FROM debian\nRUN one && \\\n  two \\\n# the end\n")
    assert found.stages["one"]["commands"] == ["one", "two"]
    assert "# the end" in found.text


def test_what_no_mount_can_be() -> None:
    found = translated("""
        FROM debian
        RUN --mount=target=. one
        RUN --mount=type=cache,target=/proc/x two
        """)
    assert [found.reason(line) for line in (2, 3)] == [
        "nothing can be mounted at /",
        "nothing can be mounted at /proc/x",
    ]


def test_caches_are_apart_by_platform_anyway() -> None:
    found = translated("""
        FROM debian
        RUN --mount=type=cache,id=a-$TARGETARCH${TARGETVARIANT},target=/c one
        RUN --mount=type=cache,id=a-$TARGETARCHS,target=/c two
        """)
    (one,) = found.stages.values()
    assert one["cache_mounts"] == [{"target": "/c", "id": "a"}]
    assert found.reason(3) == "the Dockerfile does not set $TARGETARCHS"


def test_mounts_secrets_and_networks() -> None:
    found = translated("""
        FROM debian
        WORKDIR /w
        RUN --mount=type=cache,id=a/b,dst=c,mode=0700,uid=1 --network=none one
        RUN --mount=type=secret,id=s,required=true --mount=type=ssh --network=default t
        RUN --mount=type=secret,target=/x/t,env=T three
        USER app
        RUN --mount=type=cache,target=/c four
        RUN --mount=type=secret,id=s five
        RUN --mount=type=tmpfs,size=64m six
        RUN --mount=type=npipe,target=/c seven
        RUN --mount=type=cache seven
        RUN --mount=type=cache,target=/c,from=x eight
        RUN --mount=type=secret,id=a+b nine
        RUN --security=insecure ten
        """)
    one, two, three, four = found.stages.values()
    assert one["cache_mounts"] == [{"target": "/w/c", "id": "a-b", "mode": "0700"}]
    assert one["network"] == "none"
    assert two["secrets"] == [{"id": "s"}]
    assert two["ssh"] is True
    assert three["secrets"] == [{"id": "t", "env": "T", "target": "/x/t"}]
    assert "cache_mounts" not in four
    assert "belongs to the user of the stage" in found.reason(3)
    assert "--ssh default" in found.reason(4)
    assert "--secret id=t" in found.reason(5)
    assert "uid of 'app' is not known" in found.reason(7)
    assert [found.outcomes[line] for line in range(8, 15)] == ["left"] * 7


def test_directories_in_memory() -> None:
    found = translated("""
        FROM debian
        WORKDIR /w
        RUN --mount=type=tmpfs,target=/c --mount=type=tmpfs,dst=d/,size=64MiB one
        RUN --mount=type=tmpfs,target=/c,size=1g two
        RUN --mount=type=tmpfs,target=/c,size=half three
        RUN --mount=type=tmpfs,target=/c,uid=3 four
        """)
    one, two = found.stages.values()
    assert one["tmpfs"] == [{"target": "/c"}, {"target": "/w/d", "size": "64m"}]
    assert two["tmpfs"] == [{"target": "/c", "size": "1g"}]
    assert [found.outcomes[line] for line in range(3, 7)] == [
        *("translated", "translated"),
        *("left", "left"),
    ]
    assert "'half' is not an amount of memory" in found.reason(5)


def test_secrets_that_others_read() -> None:
    found = translated("""
        FROM debian
        RUN --mount=type=secret,id=s,uid=33 one
        RUN --mount=type=secret,id=s,mode=0444 two
        RUN --mount=type=secret,id=s,uid=0,mode=0400 three
        """)
    assert "for the user of the stage alone" in found.reason(2)
    assert "for the user of the stage alone" in found.reason(3)
    assert "alone" not in found.reason(4)


def test_bind_mounts() -> None:
    found = translated("""
        FROM debian AS base
        FROM base AS wheels
        RUN make
        FROM base
        WORKDIR /w
        RUN --mount=target=req.txt,source=/req.txt --mount=type=bind,target=/src one
        RUN --mount=from=wheels,source=/out,target=/out,rw two
        RUN --mount=type=bind,from=busybox,target=/b three
        RUN --mount=type=bind,source=x four
        """)
    stages = found.stages
    assert stages["one"]["mounts"] == [
        {"from": "req.txt", "to": "/w/req.txt"},
        {"from": ".", "to": "/src"},
    ]
    assert stages["two"]["mounts"] == [
        {"stage": "wheels", "from": "/out", "to": "/out"}
    ]
    assert stages["three"]["mounts"] == [{"image": "busybox", "from": "/", "to": "/b"}]
    assert "read-only" in found.reason(7)
    assert found.outcomes[9] == "left"


def test_a_document_for_another_shell() -> None:
    found = translated("""
        FROM debian
        RUN <<E
        #!/usr/bin/env bash
        set -e
        one
        E
        """)
    assert found.stages["one"]["shell"] == ["/bin/bash", "-c"]
    assert "/bin/bash runs its text" in found.reason(2)
