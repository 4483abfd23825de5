"""The first command that fails ends a stage: every way to fail, in every shell.

A command is one entry. What fails within one and does not show in its status is
``hidden``: there `check` advises (DB0182).
"""

from pathlib import Path

import pytest

from dynbuild.declaration.scripts.entry import incomplete, read_entry
from dynbuild.steps.model import Script, Stage
from dynbuild.steps.recipe import run_of
from tests import shells

ENDS: dict[str, tuple[str, ...]] = {
    "a command": ("false",),
    "a status": ("exit 3",),
    "no such command": ("no-such-command",),
    "the first of two": ("false; true",),
    "a line of three": ("true\nfalse\ntrue",),
    "the left of &&": ("false && true",),
    "the right of &&": ("true && false",),
    "the first of three": ("false && true && true",),
    "&& over two lines": ("false &&\n  true",),
    "a continued line": ("false \\\n  x",),
    "with a comment": ("false && true # it's so",),
    "both of ||": ("false || false",),
    "|| before &&": ("true || true && false",),
    "what was tested": ("[ -f missing ] && echo there",),
    "test itself": ("test 1 = 2",),
    "not": ("! true",),
    "a check before a move": ("echo 0 x | sha256sum -c - && mv x y", "echo done"),
    "the end of a pipe": ("true | false",),
    "a search": ("printf x | grep -q y && echo found",),
    "in if": ("if true; then false; fi",),
    "&& in if": ("if true; then false && true; fi",),
    "in else": ("if false; then :; else false && true; fi",),
    "in for": ("for x in a b; do false; done",),
    "&& in the last round": ("for x in a; do false && true; done",),
    "in while": ("while :; do false; done",),
    "in until": ("until false; do false; done",),
    "in case": ("case a in a) false;; esac",),
    "&& in case": ("case a in a) false && true;; esac",),
    "in a subshell": ("(false)",),
    "&& in a subshell": ("(false && true)",),
    "&& in a subshell, then more": ("(false && true); true",),
    "in a group": ("{ false; }",),
    "&& in a group": ("{ false && true; }",),
    "in a function": ("f() { false; true; }", "f"),
    "&& in a function": ("f() { false && true; }", "f"),
    "returned": ("f() { return 3; }", "f"),
    "a function behind &&": ("f() { false && true; }", "f && true"),
    "a substitution": ("X=$(false)",),
    "an old substitution": ("X=`false`",),
    "a substitution behind &&": ("true && X=$(exit 3)",),
    "evaluated": ("eval 'false && true'",),
    "read from a file": ("echo 'false && true' > x.sh", ". ./x.sh"),
    "a file that is not there": (". ./missing",),
    "a directory that is not there": ("cd missing",),
    "another shell": ("sh -c 'exit 3' && true",),
    "in the background": ("false & wait $!",),
    "waited for later": ("false &", "wait $! && true"),
    "executed": ("exec false",),
    "killed": ("kill -9 $$",),
    "a variable that is needed": (": ${NEEDED:?is not set}",),
    "a variable that is fixed": ("readonly X=1", "X=2"),
    "behind a here-document": ("cat <<E\nx\nE\nfalse",),
    "&& with a here-document": ("grep -q y <<E && true\nx\nE",),
    "with a trap": ("trap 'true' EXIT", "false && true"),
    "-e again": ("set +e", "false", "set -e", "false && true"),
    "redirected": ("cat < missing",),
    "&& redirected": ("cat < missing && true",),
}

GOES_ON: dict[str, tuple[str, ...]] = {
    "or else": ("false || true",),
    "or a word": ("[ -f missing ] || echo none",),
    "in a condition": ("if false; then exit 1; fi",),
    "&& in a condition": ("if false && true; then exit 1; fi",),
    "a loop's condition": ("while false; do :; done",),
    "not false": ("! false",),
    "left alone": ("false &",),
    "or empty": ("X=$(false) || X=none",),
    "a switch": ("set +e", "false", "false && true"),
    "a switch and back": ("set +e; false; set -e", "true"),
    "a directory": ("mkdir d", "cd d", "touch x", "cd ..", "test -f d/x"),
    "a variable": ("X=1", 'test "$X" = 1'),
    "a function": ("f() { return 0; }", "f"),
    "a trap": ("trap 'echo bye' EXIT", "true"),
    "positions": ("set -- a b", 'test "$2" = b'),
    "the status before": ("set +e", "(exit 3)", "test $? = 3 || exit 1"),
    "nothing": ("# only a comment",),
}

HIDDEN: dict[str, tuple[str, ...]] = {
    "a list before the end": ("false && true; true",),
    "a line before the end": ("false && true\ntrue",),
    "a list in if": ("if true; then false && true; fi; true",),
    "a list in a group": ("{ false && true; }; true",),
    "a list in a function": ("f() { false && true; true; }", "f"),
    "a round before the last": ('for n in 1 0; do sh -c "exit $n" && true; done',),
    "a pipe": ("tar xf missing.tar | cat",),
    "a pipe in a substitution": ("X=$(tar xf missing.tar | cat)",),
    "an export": ("export X=$(false)",),
    "an export in quotes": ('export X="$(false)"',),
    "a local variable": ("f() { local x=$(false); }", "f"),
}

REACHED = "echo rea''ched"


def outcome(name: str, commands: tuple[str, ...], folder: Path) -> str:
    run = run_of(Stage("a", commands=(*commands, REACHED)), {}, None)
    assert run
    done = shells.run(name, run.script, folder)
    if "reached" in done.stdout:
        assert done.returncode == 0
        return "goes on"
    assert done.returncode != 0, done
    return "ends"


@pytest.mark.parametrize("name", shells.NAMES)
@pytest.mark.parametrize("case", ENDS)
def test_what_fails_ends_the_script(case: str, name: str, tmp_path: Path) -> None:
    assert not list(incomplete(ENDS[case]))
    assert outcome(name, ENDS[case], tmp_path) == "ends"


@pytest.mark.parametrize("name", shells.NAMES)
@pytest.mark.parametrize("case", GOES_ON)
def test_what_is_provided_for_goes_on(case: str, name: str, tmp_path: Path) -> None:
    assert not list(incomplete(GOES_ON[case]))
    assert outcome(name, GOES_ON[case], tmp_path) == "goes on"
    assert not any(read_entry(text).losses for text in GOES_ON[case])


@pytest.mark.parametrize("name", shells.NAMES)
@pytest.mark.parametrize("case", HIDDEN)
def test_what_no_status_shows_is_advised_on(
    case: str, name: str, tmp_path: Path
) -> None:
    assert outcome(name, HIDDEN[case], tmp_path) == "goes on"
    assert any(read_entry(text).losses for text in HIDDEN[case])


def test_all_of_a_pipe_with_pipefail(tmp_path: Path) -> None:
    commands = ("set -o pipefail", "false | true")
    assert outcome("bash", commands, tmp_path) == "ends"


@pytest.mark.parametrize("name", shells.NAMES)
@pytest.mark.parametrize(
    "text", ["false && true", "true\nfalse && true", "f() (false)\nf"]
)
def test_an_environment_script_is_one_command(
    text: str, name: str, tmp_path: Path
) -> None:
    run = run_of(Script(text), {}, None)
    assert run
    assert shells.run(name, run.script, tmp_path).returncode != 0
