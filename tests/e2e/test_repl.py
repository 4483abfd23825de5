"""``dynbuild repl`` as people use it: lines in, values out."""

import subprocess
import sys
from pathlib import Path


def talk(folder: Path, *lines: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "dynbuild", "repl"],
        input="".join(f"{line}\n" for line in lines),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr


def test_values_and_names(tmp_path: Path) -> None:
    out, err = talk(tmp_path, "x = 3", "x + 1", "f = a: a + x", "[ (f 2) ]")
    assert (out, err) == ("4\n[ 5 ]\n", "")


def test_what_is_open_goes_on(tmp_path: Path) -> None:
    out, err = talk(tmp_path, "{ a = 1;", "  b = ''", "  x''; }", "[ 1", "", "2")
    assert out == '{ a = 1; b = "x"; }\n2\n'
    assert "`[` is not closed" in err


def test_a_mistake_ends_nothing(tmp_path: Path) -> None:
    out, err = talk(tmp_path, "x", 'throw "no"', "1 +", "let a = a; in a", "2")
    assert out == "2\n"
    assert err.count("error[") == 4


def test_the_declaration_is_there(tmp_path: Path) -> None:
    (tmp_path / "dynbuild.nix").write_text('{ base = "debian:12"; a = b; }')
    out, err = talk(tmp_path, "declaration.base", ":r", "1")
    assert out == "1\n"
    assert "dynbuild.nix:1:27: error[DB0203]: undefined variable 'b'" in err
    (tmp_path / "dynbuild.nix").write_text('{ base = "debian:12"; }')
    assert talk(tmp_path, "declaration.base", ":q", "2") == ('"debian:12"\n', "")


def test_commands(tmp_path: Path) -> None:
    out, _ = talk(
        tmp_path,
        ":t { b = 1; a = 2; }",
        ":t 1",
        ":t { }",
        ":doc builtins.map",
        ":doc x",
    )
    assert out.splitlines() == [
        "a set of a, b",
        "an integer",
        "a set of nothing",
        "builtins.map function list",
        "    The results for all elements.",
        "there is no built-in function 'x'",
    ]
    assert ":why STAGE" in talk(tmp_path, ":help")[0]


def test_why_is_that_of_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "dynbuild.nix").write_text('{ base = "debian:12"; }')
    _, err = talk(tmp_path, ":why a")
    assert "there is no lock yet" in err
