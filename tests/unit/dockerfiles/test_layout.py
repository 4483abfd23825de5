from tests.dockerfiles import translated


def test_an_edge_is_dropped_where_both_are_understood() -> None:
    found = translated("""
        FROM debian
        RUN mkdir -p /data && chmod 755 /data
        COPY a /srv/a/
        RUN echo x > /opt/x
        RUN make
        COPY b /srv/b/
        """)
    assert found.conversion.dropped == (
        ("chmod", "a"),
        ("chmod", "echo-x"),
        ("a", "echo-x"),
    )
    assert found.stages["make"]["dependencies"] == ["chmod", "a", "echo-x"]
    assert found.stages["b"]["dependencies"] == ["make"]


def test_an_edge_stays() -> None:
    found = translated("""
        FROM debian
        COPY a /srv/
        RUN touch /srv/x
        COPY --chown=app c /home/app/c
        RUN chown -R 1:1 /srv
        WORKDIR /w
        RUN touch y
        RUN rm /w/y
        """)
    edges = {name: one.get("dependencies") for name, one in found.stages.items()}
    assert edges == {
        "touch": None,
        "c": None,
        "chown": ["touch"],
        "touch-y": None,
        "rm": ["touch-y"],
    }


def test_variables_keep_an_edge() -> None:
    found = translated("""
        FROM debian
        ENV A=1
        RUN mkdir /a
        RUN mkdir /b
        COPY c /c
        """)
    assert found.stages["mkdir-2"]["dependencies"] == ["mkdir"]
    assert found.conversion.dropped == (("mkdir", "c"), ("mkdir-2", "c"))


def test_what_is_copied_from_has_all_that_it_had() -> None:
    found = translated("""
        FROM debian AS base
        RUN mkdir -p /a
        RUN mkdir -p /b
        FROM base
        COPY --from=base / /x/
        """)
    assert found.stages["mkdir-2"]["dependencies"] == ["mkdir"]


def test_names() -> None:
    found = translated("""
        FROM debian AS My.Build
        RUN one
        RUN two --x
        FROM debian AS 2nd
        RUN ./configure --prefix=/x
        FROM debian
        COPY --from=my.build / /scratch
        COPY --from=1 / /apt.1
        RUN apt-get update && apt-get install x && A=1 B=2 /usr/bin/make all; true
        RUN set -e; cd /x; mkdir y
        RUN two
        COPY a /
        """)
    assert [*found.stages] == [
        "my.build-one",
        "my.build",
        "stage-2nd",
        "apt-get-install",
        "set",
        "two",
        "files",
    ]


def test_a_build_stage_without_parts_is_its_image() -> None:
    found = translated("""
        FROM busybox AS tools
        FROM busybox
        COPY --from=tools /bin/sh /sh
        """)
    assert found.data["stages"][0]["copy"] == [
        {"image": "busybox", "from": "/bin/sh", "to": "/sh"}
    ]


def test_a_directory_that_is_not_made_by_all() -> None:
    """What works in a directory needs the stage that made it."""
    found = translated("""
        FROM debian
        WORKDIR /w
        COPY a /w/a
        RUN make
        RUN touch x
        """)
    assert found.stages["touch-x"]["dependencies"] == ["make"]


def test_programs_that_the_search_path_finds() -> None:
    """A command may be one that an earlier stage put into PATH."""
    found = translated("""
        FROM debian
        COPY tools /opt/tools/bin/
        ENV PATH=/opt/tools/bin:$PATH
        RUN mkdir /x
        """)
    assert found.conversion.dropped == ()
    other = translated("FROM example.org/x\nCOPY a /opt/a\nRUN mkdir /x\n")
    assert [*other.stages] == ["mkdir"]
    loader = translated("FROM debian\nENV LD_PRELOAD=/a\nCOPY a /a\nRUN mkdir /x\n")
    assert [*loader.stages] == ["mkdir"]


def test_a_copy_whose_place_differs_by_platform_keeps_its_edges() -> None:
    found = translated("""
        FROM debian
        ARG TARGETARCH
        RUN mkdir -p /opt/amd64
        COPY --from=busybox /bin/x /opt/$TARGETARCH/x
        RUN touch /opt/amd64/x
        """)
    assert found.conversion.dropped == ()
