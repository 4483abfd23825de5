import pytest

from dynbuild.dockerfiles.shell import errexit, read_script


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("a && b", ["a", "b"]),
        ("a", ["a"]),
        ("a;", ["a"]),
        ("a && b ;", ["a", "b"]),
        ("set -eux; a;  b && c; d", ["set -eux", "a", "b && c", "d"]),
        ("set -o errexit; a; b", ["set -o errexit", "a", "b"]),
        ("set -e && a", ["set -e", "a"]),
        ("set -e; a &\nb", None),
        ("a || b", None),
        ("a & b", None),
        ("for x in 1 2; do a $x; done && b", ["for x in 1 2; do a $x; done", "b"]),
        ("if a; then b; else c; fi && d", ["if a; then b; else c; fi", "d"]),
        ("while read x; do y; done < f", ["while read x; do y; done < f"]),
        ("(cd x && y) && z", ["(cd x && y)", "z"]),
        ("{ a && b; } && c", ["{ a && b; }", "c"]),
        ("case $x in (a) b;; c|d) e;; esac && f", None),
        ("case $x in a) b;; *) e;; esac && f", ["case $x in a) b;; *) e;; esac", "f"]),
        ("echo 'a && b' && c \"$(d && e)\"", ["echo 'a && b'", 'c "$(d && e)"']),
        ('echo "a\\" && b" && c', ['echo "a\\" && b"', "c"]),
        ("a $(b \\) && c) && d", ["a $(b \\) && c)", "d"]),
        ("a ${x:-{}} `b && c` && d", ["a ${x:-{}} `b && c`", "d"]),
        ("a | b && c", ["a | b", "c"]),
        ("a $(b ')' \"c\") && d", ["a $(b ')' \"c\")", "d"]),
        ("a >x 2>&1 && b &> y && c >| z", ["a >x 2>&1", "b &> y", "c >| z"]),
        ("find . -exec x {} \\; && y", ["find . -exec x {} \\;", "y"]),
        ("A=1 b && c", ["A=1 b", "c"]),
        ("a <(b && c) && d", ["a <(b && c)", "d"]),
        ("x && y <<< z", ["x", "y <<< z"]),
        # What is not understood for sure is one command.
        ("cat <<E\nx\nE", None),
        ("a # b && c", None),
        ("f() { a; }", None),
        ("function f { a; }", None),
        ("a 'b", None),
        ("a $(b", None),
        ("a )", None),
        ("a && && b", None),
        ("a &&", None),
        ("a &", None),
        ("done", None),
        ("if a; done", None),
        ("(a", None),
        ("a ;; b", None),
        ("a(b)", None),
    ],
)
def test_a_text_is_taken_apart(text: str, entries: list[str] | None) -> None:
    found = read_script(text).entries
    assert (found and [one.text for one in found]) == entries
    for one in found or ():
        assert text[one.start :].startswith(one.text)


@pytest.mark.parametrize(
    ("text", "carries_on"),
    [
        ("a && b", False),
        ("a; b", True),
        ("a\nb", True),
        ("a;", False),
        ("set -e; a; b", False),
        ("a || b; c", True),
        ("for x in 1; do a; done", False),
        ("for x in 1; do a; b; done", True),
        ("if a; then b; fi", False),
        ("if a; then b; c; fi", True),
        ("{ a && b; }", False),
        ("(a; b)", True),
        ("cat <<E\nx\nE", True),
        ("set -e\ncat <<E\nx\nE", False),
        ("a # b", False),
    ],
)
def test_what_goes_on_after_a_failure(text: str, *, carries_on: bool) -> None:
    assert read_script(text).carries_on == carries_on


def test_lists_between_semicolons() -> None:
    found = read_script("a && b;  c || d ; e").sequence
    assert found is not None
    assert [one.text for one in found] == ["a && b", "c || d", "e"]


@pytest.mark.parametrize(
    ("text", "is_so"),
    [("set -e", True), ("set -ux", False), ("set -x -e", True), ("sets -e", False)],
)
def test_errexit(text: str, *, is_so: bool) -> None:
    assert errexit(text) == is_so
