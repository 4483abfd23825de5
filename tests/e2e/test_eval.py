"""``dynbuild eval``, ``check`` and ``fmt``, and what they are fed by mistake."""

import json
import os
import subprocess
import sys

import pytest

from tests.space import Space

DECLARATION = '{\n  stages = [ { name = "a"; commands = [ "x" ]; } ];\n}\n'


def piped(space: Space, text: bytes, *arguments: str) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "dynbuild", *arguments],
        cwd=space.root,
        env=dict(space.environment),
        input=text,
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("flags", "out"),
    [
        (("-E", "1 + 1"), "2\n"),
        (("-E", '{ a = [ 1 "x" ]; }'), '{ a = [ 1 "x" ]; }\n'),
        (("-E", '{ a = [ 1 "x" ]; }', "--nix"), '{ a = [ 1 "x" ]; }\n'),
        (("-E", '{ a = [ 1 "x" ]; }', "--json"), '{"a":[1,"x"]}\n'),
        (("-E", '{ a = [ 1 "x" ]; }', "--attr", "a.1"), '"x"\n'),
        (("-E", "{ a ? 1, b }: a + b", "--arg", "b", "2"), "3\n"),
        (("-E", "{ a }: a", "--argstr", "a", "2"), '"2"\n'),
        (("-E", "1 + 1", "--parse-only"), ""),
        (("-E", "[ x:x <nixpkgs> ~/a b/c ]", "--parse-only"), ""),
        (("lib",), "3\n"),
        (("lib/default.nix",), "3\n"),
        (("-E", "import ./lib"), "3\n"),
    ],
)
def test_values(space: Space, flags: tuple[str, ...], out: str) -> None:
    space.write("lib/default.nix", "1 + 2")
    for _ in range(2):  # the second time from memory
        assert space.ok("eval", *flags).out == out


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ((), "DB0317"),
        (("x.nix", "-E", "1"), "DB0317"),
        (("-E", "1", "--json", "--nix"), "DB0317"),
        (("nothing.nix",), "DB0311"),
        (("-E", "{ a = 1; }", "--attr", "b"), "DB0211"),
        (("-E", "nothing", "--parse-only"), "DB0203"),
        (("-E", "x: x", "--json"), "DB0222"),
        (("-E", "{ a }: a"), "DB0215"),
    ],
)
def test_refusals(space: Space, flags: tuple[str, ...], told: str) -> None:
    done = space.run("eval", *flags)
    assert (done.status, done.out) == (2, "")
    assert told in done.err


def test_a_trace_is_told_every_time_and_not_on_stdout(space: Space) -> None:
    for _ in range(2):
        done = space.ok("eval", "-E", 'builtins.trace "here" 1')
        assert (done.out, "here" in done.err) == ("1\n", True)


def test_show_trace(space: Space) -> None:
    text = 'let f = n: if n == 0 then throw "end" else 1 + f (n - 1); in f 9'
    short = space.run("eval", "-E", text).err
    assert len(space.run("eval", "-E", text, "--show-trace").err) >= len(short)


def test_list_builtins(space: Space) -> None:
    assert "elemAt list index" in space.ok("eval", "--list-builtins").out
    rows = json.loads(space.ok("eval", "--list-builtins", "--json").out)
    assert len(rows) > 80
    assert all(row["name"] and row["usage"] and row["doc"] for row in rows)


def test_standard_input(space: Space) -> None:
    assert piped(space, b"1 + 1", "eval", "-") == (0, b"2\n", b"")


@pytest.fixture
def hostile(space: Space) -> Space:
    space.write("self.nix", "import ./self.nix")
    space.write("a.nix", "import ./b.nix")
    space.write("b.nix", "import ./a.nix")
    space.write("directory/readme", "no default.nix")
    space.write("binary.nix", bytes(range(256)))
    space.write("null.nix", b"1 \0 + 1")
    space.write("large.nix", b"#" * 10_000_000)
    space.write("deep.nix", "[" * 100_000)
    space.write("number.nix", "9" * 10_000)
    (space.root / "out.nix").symlink_to("/etc/hostname")
    (space.root / "up").symlink_to("/etc")
    (space.root / "circle.nix").symlink_to("circle.nix")
    (space.root / "nothing.nix").symlink_to("gone.nix")
    os.mkfifo(space.root / "pipe.nix")
    return space


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("import ./self.nix", "infinite recursion"),
        ("import ./a.nix", "infinite recursion: a.nix -> b.nix -> a.nix"),
        ("import ./directory", "'directory/default.nix' does not exist"),
        ("import ./binary.nix", "binary.nix"),
        ("import ./null.nix", "null"),
        ("import ./large.nix", "'large.nix' has more than 4 MiB"),
        ("import ./deep.nix", "error[DB02"),
        ("import ./number.nix", "error[DB0218]"),
        ("import ./out.nix", "'out.nix' leads out of the project, through a link"),
        ("import ./up/hostname", "'up/hostname' leads out of the project"),
        ("builtins.readDir ./up", "'up' leads out of the project"),
        ("import ./circle.nix", "circle"),
        ("import ./nothing.nix", "'gone.nix' does not exist"),
        ("import ./pipe.nix", "'pipe.nix' is a pipe, a socket or a device"),
        ("import ../x.nix", "is not in the project"),
        ("import /etc/passwd", "'/etc/passwd' is not in the project"),
        ("builtins.readFile ./.", "'.' is a directory"),
        ("builtins.readDir ./self.nix", "'self.nix' is not a directory"),
        ('import (./. + "/\\u0000")', "error[DB02"),
    ],
)
def test_imports_that_cannot_be(hostile: Space, expression: str, told: str) -> None:
    done = hostile.run("eval", "-E", expression)
    assert done.status == 2, done.out
    assert told in done.err


@pytest.mark.parametrize("name", ["large", "deep", "binary", "null", "self"])
def test_declarations_that_cannot_be(hostile: Space, name: str) -> None:
    done = hostile.run("check", "-c", f"{name}.nix")
    assert (done.status, done.out) == (2, "")
    assert "error[DB0" in done.err


def test_line_ends_and_a_byte_order_mark(space: Space) -> None:
    text = '\ufeff{\r\n  base =\r\n    "debian";\r\n}\r\n'
    space.write("dynbuild.nix", text)
    space.ok("check")
    assert space.ok("eval", "dynbuild.nix", "--attr", "base").out == '"debian"\n'
    # In a string too, a line end is a line end, however it is written.
    space.write("dynbuild.nix", "{\r\n  env.A = ''\r\n    x'';\r\n}\r\n")
    space.ok("check")
    assert space.ok("eval", "dynbuild.nix", "--attr", "env.A").out == '"x"\n'


def test_check_in_every_syntax(space: Space) -> None:
    space.write("dynbuild.nix", DECLARATION)
    assert "no mistakes" in space.ok("check").err
    assert json.loads(space.ok("check", "--json").out) == []
    for name, text in (
        ("x.nix", '{\n  bose = "debian";\n}\n'),
        ("x.toml", '\nbose = "debian"\n'),
        ("x.json", '{\n  "bose": "debian"}\n'),
        ("x.yaml", "\nbose: debian\n"),
    ):
        space.write(name, text)
        done = space.run("check", "-c", name, "--json")
        (one,) = json.loads(done.out)
        assert done.status == 2
        assert (one["code"], one["severity"]) == ("DB0110", "error")
        assert (one["place"]["file"], one["place"]["line"]) == (name, 2)


def test_check_looks_for_files_and_conflicts_without_an_engine(space: Space) -> None:
    space.write(
        "dynbuild.nix",
        '{ stages = [ { name = "a"; copy = [ { from = ./no; to = "/x"; } ]; } ]; }',
    )
    done = space.run("check")
    assert (done.status, "dynbuild.nix:1:46: error[DB0305]" in done.err) == (2, True)
    space.write(
        "dynbuild.nix",
        '{ stages = [ { name = "a"; env.X = "1"; commands = [ "x" ]; }'
        ' { name = "b"; env.X = "2"; commands = [ "x" ]; } ]; }',
    )
    assert "DB0307" in space.run("check").err


def test_check_with_warnings_only(space: Space) -> None:
    space.write("dynbuild.toml", 'env = { API_TOKEN = "abc" }\n')
    for _ in range(2):
        done = space.ok("check")
        assert "DB0181" in done.err
        assert "1 warning" in done.err
    (one,) = json.loads(space.ok("check", "--json").out)
    assert one["severity"] == "warning"


def test_fmt(space: Space) -> None:
    space.write("a.nix", "{a=1;}")
    space.write("lib/b.nix", "{ b = 2; }\n")
    space.write(".hidden/c.nix", "{c=3;}")
    done = space.run("fmt", "--check")
    assert (done.status, done.out) == (1, "")
    assert "would format a.nix" in done.err
    done = space.ok("fmt", "--diff")
    assert "-{a=1;}" in done.out
    assert space.read("a.nix") == "{a=1;}"
    assert "1 of 2 files formatted" in space.ok("fmt").err
    assert space.read("a.nix") == "{ a = 1; }\n"
    assert space.read(".hidden/c.nix") == "{c=3;}"
    space.ok("fmt", "--check")
    assert piped(space, b"{a=1;}", "fmt", "-") == (0, b"{ a = 1; }\n", b"")
    assert piped(space, b"{a=1;}", "fmt", "--check", "-")[:2] == (1, b"")


def test_fmt_goes_on_after_a_mistake(space: Space) -> None:
    space.write("a.nix", "{ a = ; }")
    space.write("b.nix", "{b=1;}")
    done = space.run("fmt")
    assert (done.status, "a.nix:1:7" in done.err) == (2, True)
    assert space.read("b.nix") == "{ b = 1; }\n"
    assert space.run("fmt", "nothing.nix").status == 2


def test_fmt_leaves_data_to_others(space: Space) -> None:
    space.write("dynbuild.toml", 'base="debian"\n')
    done = space.run("fmt", "dynbuild.toml")
    assert (done.status, "dynbuild.toml is not a .nix file" in done.err) == (2, True)
    assert space.read("dynbuild.toml") == 'base="debian"\n'


def test_the_same_with_every_hash_seed(space: Space) -> None:
    space.write(
        "dynbuild.nix",
        "{ stages = builtins.mapAttrs (n: v: { commands = [ n ]; }) "
        "{ c = 1; a = 2; b = 3; }; labels = { z = 1; y = 2; }; }",
    )
    said = {
        (done.out, done.err)
        for seed in "0123"
        for done in [
            space.run(
                "check", PYTHONHASHSEED=seed, XDG_CACHE_HOME=f"{space.root}/c{seed}"
            )
        ]
    }
    assert len(said) == 1


@pytest.mark.parametrize("name", ["pipe.nix", "pipe.toml"])
def test_a_pipe_is_refused_and_not_waited_for(space: Space, name: str) -> None:
    os.mkfifo(space.root / name)
    formatted = [("fmt", name)] if name.endswith(".nix") else []
    for words in (("check", "-c", name), ("eval", name), *formatted):
        done = space.run(*words)
        assert done.status == 2
        assert f"cannot read {name}: it is a pipe, a socket or a device" in done.err


def test_a_lock_that_is_a_pipe_is_not_waited_for(space: Space) -> None:
    space.write("dynbuild.nix", DECLARATION)
    os.mkfifo(space.root / "dynbuild.lock")
    done = space.run("lock", "--check")
    assert done.status == 1
    assert "cannot read dynbuild.lock: it is a pipe" in done.err


def test_what_the_shell_has_opened_is_read(space: Space) -> None:
    assert piped(space, b"1 + 1", "eval", "/dev/stdin") == (0, b"2\n", b"")
