import pytest

from tests.dockerfiles import translated


def copied(line: str) -> list[dict[str, object]]:
    """The copies that one instruction becomes."""
    found = translated(f"FROM debian\nWORKDIR /w\n{line}\n")
    return [copy for stage in found.stages.values() for copy in stage.get("copy", [])]


@pytest.mark.parametrize(
    ("line", "copies"),
    [
        ("COPY a b", [{"from": "a", "to": "/w/b"}]),
        ("COPY a b/ /x/", [{"from": ["a", "b"], "to": "/x/"}]),
        ("COPY . .", [{"from": ".", "to": "/w/"}]),
        ("COPY /a ..", [{"from": "a", "to": "/"}]),
        ('COPY ["a b", "c d"]', [{"from": "a b", "to": "/w/c d"}]),
        ("ADD a /", [{"from": "a", "to": "/"}]),
        ("COPY --link --chmod=755 a /b", [{"from": "a", "to": "/b", "mode": "755"}]),
        ("COPY --chown=1:2 a /b", [{"from": "a", "to": "/b", "owner": "1:2"}]),
        (
            "COPY --exclude=*.md --exclude=x a /b",
            [{"from": "a", "to": "/b", "exclude": ["*.md", "x"]}],
        ),
        ("COPY --parents a/b/c /x/", [{"from": "a/b/c", "to": "/x/a/b/c"}]),
        ("COPY --parents ./a/b/./c/d /x/", [{"from": "a/b/c/d", "to": "/x/c/d"}]),
        ("COPY --parents ./a/b /x/", [{"from": "a/b", "to": "/x/a/b"}]),
        ("COPY --parents . /x/", [{"from": ".", "to": "/x/"}]),
        ("ADD a*.sh /x/", [{"from": "a*.sh", "to": "/x/", "optional": True}]),
        ("COPY --parents=false a/b /x/", [{"from": "a/b", "to": "/x/"}]),
        (
            "COPY --from=busybox:1 / /b",
            [{"image": "busybox:1", "from": "/", "to": "/b"}],
        ),
        (
            "COPY --from=busybox bin/ /b",
            [{"image": "busybox", "from": "/bin/", "to": "/b"}],
        ),
        ("COPY a b c /x/", [{"from": ["a", "b", "c"], "to": "/x/"}]),
        (
            "COPY a b*.txt /x/",
            [
                {"from": "a", "to": "/x/"},
                {"from": "b*.txt", "to": "/x/", "optional": True},
            ],
        ),
        (
            "ARG TARGETARCH\nCOPY --from=busybox /bin/$TARGETARCH /${TARGETARCH}/x",
            [
                {
                    "image": "busybox",
                    "from": "/bin/${TARGETARCH}",
                    "to": "/${TARGETARCH}/x",
                }
            ],
        ),
        (
            "COPY a/**/b**.txt /x/",
            [{"from": "a/*/b*.txt", "to": "/x/", "optional": True}],
        ),
        ("COPY ../../up /x", [{"from": "up", "to": "/x"}]),
        ("COPY .. /x", [{"from": ".", "to": "/x"}]),
        (
            "COPY --from=busybox a b /x/",
            [
                {"image": "busybox", "from": "/a", "to": "/x/"},
                {"image": "busybox", "from": "/b", "to": "/x/"},
            ],
        ),
    ],
)
def test_copies(line: str, copies: list[dict[str, object]]) -> None:
    assert copied(line) == copies


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("COPY a", "needs a source and a destination"),
        ("COPY --from=busybox /$TARGETOS /x", "$TARGETOS differs from platform"),
        ("COPY a b c", "a destination of several files ends in /"),
        ("COPY --unpack=true a b", "COPY --unpack is not known here"),
        ("COPY --chown=a,b a b", "is not the owner of a copy"),
        ("COPY --chmod=9 a b", "is not the mode of a copy"),
        ("COPY a\\\\b c", "has a backslash"),
        ("COPY a C:\\\\b", "is a path of Windows"),
        ("COPY --parents a* /b/", "--parents of a pattern"),
        ("COPY a* /b", "is copied to a directory: name those of 'a*'"),
        ("COPY --from=busybox --parents a/* /b/", "--parents of a pattern"),
        ("COPY <<E /x\na\\$b\nE", "variables or backslashes"),
        ("COPY <<E /x\n$b\nE", "does not set $b"),
        ("ADD x.tar.gz /", "ADD unpacks an archive such as x.tar.gz"),
        ("ADD x* /y/", "ADD unpacks an archive such as x*"),
        ("ADD x*.tgz /y/", "ADD unpacks an archive such as x*.tgz"),
        ("ADD git@github.com:a/b.git /x", "git clone"),
        ("ADD https://example.org/a.git#v1 /x", "git clone"),
        ("ADD https://example.org/a.git?branch=main /x", "git clone"),
        ("ADD --keep-git-dir=true https://example.org/a.git/ /x", "git clone"),
        ("ADD --keep-git-dir=true https://example.org/a /x", "is of a repository"),
    ],
)
def test_what_is_left_to_a_person(line: str, reason: str) -> None:
    found = translated(f"FROM debian\n{line}\n")
    assert found.outcomes[2] == "left"
    assert reason in found.reason(2)
    assert "stages" not in found.data


def test_patterns_of_what_others_have() -> None:
    """The builder matches them: as in Docker, to a file too, and perhaps nothing."""
    found = translated("""
        FROM debian AS build
        RUN make
        FROM debian
        COPY --from=build /out/app-*.jar /app.jar
        COPY --from=build out/**/?.whl /dist/
        COPY --from=busybox /bin/[*] /bin/
        COPY --from=build /out/[slug] /srv/
        """)
    copies = [one for stage in found.data["stages"] for one in stage.get("copy", ())]
    jar, wheel, every, slug = copies
    rest = {"optional": True}
    stage = jar["stage"]
    assert jar == {"stage": stage, "from": "/out/app-*.jar", "to": "/app.jar", **rest}
    assert wheel == {"stage": stage, "from": "/out/*/?.whl", "to": "/dist/", **rest}
    assert every == {"image": "busybox", "from": "/bin/[*]", "to": "/bin/", **rest}
    assert slug == {"stage": stage, "from": "/out/[slug]", "to": "/srv/"}
    assert not any(map(found.reason, range(4, 8)))


def test_documents_are_files() -> None:
    found = translated("""
        FROM debian
        ENV V=1
        # The settings
        COPY <<conf <<'raw' /etc/x/
        v = "$V"
        conf
        raw = "$V"
        raw
        COPY --chmod=755 --chown=app <<E /usr/bin/x
        exec x
        E
        RUN x
        """)
    assert found.stages["x"]["files"] == {
        "/etc/x/conf": 'v = "1"\n',
        "/etc/x/raw": 'raw = "$V"\n',
        "/usr/bin/x": {"text": "exec x\n", "mode": "755", "owner": "app"},
    }
    assert "# The settings\n[[stages]]" in found.text
    alone = translated("FROM debian\nCOPY <<E /etc/a.conf\nx\nE\n")
    assert [*alone.stages] == ["a.conf"]
