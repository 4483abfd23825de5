from tests.dockerfiles import translated


def test_config_of_the_stages_that_the_image_stands_on() -> None:
    found = translated("""
        FROM debian AS one
        CMD ["one"]
        LABEL a=b
        EXPOSE 80/tcp 53/udp
        VOLUME ["/v"]
        FROM one
        ENTRYPOINT ["two"]
        LABEL c="d e"
        EXPOSE 80/TCP 81
        VOLUME /w /v
        STOPSIGNAL SIGINT
        MAINTAINER Some One <x@example.org>
        HEALTHCHECK NONE
        """)
    data = found.data
    assert "cmd" not in data
    assert data["entrypoint"] == ["two"]
    authors = "org.opencontainers.image.authors"
    assert data["labels"] == {"a": "b", "c": "d e", authors: "Some One <x@example.org>"}
    assert data["expose"] == [80, "53/udp", 81]
    assert data["volumes"] == ["/v", "/w"]
    assert data["stop_signal"] == "SIGINT"
    assert data["healthcheck"] is False
    assert found.outcomes[12] == "differs"


def test_a_cmd_before_an_entrypoint_stays() -> None:
    found = translated('FROM debian\nCMD ["a"]\nENTRYPOINT ["b"]\n')
    assert found.data["cmd"] == ["a"]


def test_config_that_no_declaration_has() -> None:
    found = translated("""
        FROM debian
        EXPOSE http
        VOLUME data
        LABEL a="b
        STOPSIGNAL NO
        HEALTHCHECK --other=1 CMD x
        HEALTHCHECK --retries=-1 CMD x
        HEALTHCHECK --interval=1x CMD x
        HEALTHCHECK WHAT x
        ONBUILD RUN x
        SHELL bash
        USER a,b
        WORKDIR C:\\\\x
        """)
    assert set(found.outcomes.values()) == {"translated", "left"}
    assert found.outcomes[1] == "translated"
    assert sum(one == "left" for one in found.outcomes.values()) == 12
    assert "own declarations" in found.reason(10)


def test_a_zero_in_a_health_check_is_the_default() -> None:
    found = translated("""
        FROM debian
        HEALTHCHECK --interval=0s --timeout=2s --start-period=0 --retries=0 CMD ["x"]
        """)
    assert found.data["healthcheck"] == {"cmd": ["x"], "timeout": "2s"}
