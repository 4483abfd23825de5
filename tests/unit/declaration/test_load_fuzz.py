"""Whatever the text: a declaration or a DeclarationError."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import tomli_w
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dynbuild.declaration.load import load
from dynbuild.declaration.syntax import MAX_SIZE, Syntax, decode
from dynbuild.errors import DeclarationError, render
from dynbuild.spans import Source

SYNTAXES: tuple[Syntax, ...] = get_args(Syntax)

GOOD: dict[str, Any] = {
    "base": "debian:bookworm-slim",
    "user": {"name": "app", "uid": 1000, "shell": "/bin/bash"},
    "sudo": True,
    "apt_packages": ["curl", "git=1:2.39*", "python3-pip"],
    "pip_packages": ["requests[socks]>=2; python_version > '3'", "flask"],
    "npm_packages": ["@scope/name@^1.2", "typescript"],
    "apt_sources": [
        {"uri": "https://x.org/d", "suites": ["s"], "components": ["main"]}
    ],
    "env_scripts": ["locale-gen"],
    "env": {"TZ": "UTC"},
    "expose": [8000, "53/udp"],
    "healthcheck": {"cmd": ["true"], "interval": "30s", "retries": 3},
    "stages": [
        {
            "name": "compile",
            "copy": [{"from": "src", "to": "/src", "mode": "0644", "exclude": ["*.o"]}],
            "commands": ["cd /src", "make"],
            "build_only": True,
        },
        {
            "name": "app",
            "dependencies": [],
            "copy": [{"stage": "compile", "from": "/src/app", "to": "/app"}],
            "env": {"PATH": "/app:$PATH"},
            "secrets": [{"id": "pypi", "env": "PIP_TOKEN"}],
            "cache_mounts": ["/root/.cache"],
        },
        {"name": "last", "dependencies": ["*"], "commands": ["ldconfig"]},
    ],
    "cache": {"minio": {"endpoint": "minio.lan:9000", "secure": False}},
}


def nix(value: object) -> str:
    """The value as a literal of the language."""
    match value:
        case dict():
            pairs = (f"{nix(str(key))} = {nix(below)};" for key, below in value.items())
            return "{\n" + "\n".join(pairs) + "\n}"
        case list():
            return f"[ {' '.join(map(nix, value))} ]"
        case int() | float() if not isinstance(value, bool) and value < 0:
            return f"({value})"
        case None | bool() | int() | float():
            return json.dumps(value)
        case _:
            return json.dumps(value, ensure_ascii=False).replace("${", "\\${")


DUMP = {
    "nix": nix,
    "toml": tomli_w.dumps,
    "json": lambda value: json.dumps(value, indent=1),
    "yaml": lambda value: str(yaml.safe_dump(value, sort_keys=False)),
}


def outcome(text: str, syntax: Syntax) -> str:
    """The rendered diagnostics; anything else that is raised fails the test."""
    try:
        found = load(Source(f"dynbuild.{syntax}", text), syntax).warnings
    except DeclarationError as error:
        found = error.diagnostics
    return "\n".join(map(render, found))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_good_is_good(syntax: Syntax) -> None:
    assert outcome(DUMP[syntax](GOOD), syntax) == ""


TOKENS = st.sampled_from(
    [
        *"[]{}:,.=\"'#&*!|>%@`?-\n\r\t \\<~0aN\0\x85\u2028\ufeff$",
        *("[[", "]]", '"""', "'''", "*a", "---\n", "1e999", "0x"),
        *("- ", ": ", "<<: ", "&a ", "!!int ", "\\u00", "\\ud800"),
        *("name", "stages", "copy", "env", "user"),
    ]
)


@given(st.text(max_size=40) | st.lists(TOKENS, max_size=20).map("".join))
@settings(deadline=None, max_examples=300)
def test_arbitrary_text(text: str) -> None:
    for syntax in SYNTAXES:
        outcome(text, syntax)


@given(st.sampled_from(SYNTAXES), st.data())
@settings(deadline=None, max_examples=300)
def test_mutated_text(syntax: Syntax, data: st.DataObject) -> None:
    text = DUMP[syntax](GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.integers(0, 20))
        new = data.draw(TOKENS | st.text(max_size=4))
        text = text[:start] + new + text[end:]
    outcome(text, syntax)


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(["*", "app", "root", "compile", "/x", "../x", "a b", "$X", "\0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "from", "to", "id", "x", "value", "A_TOKEN"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def places(
    value: object, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, below in value.items():
            yield from places(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from places(below, (*path, index))


@given(
    st.lists(
        st.tuples(st.sampled_from([p for p in places(GOOD) if p]), ANY), min_size=1
    )
)
@settings(deadline=None, max_examples=400)
def test_mutated_values(changes: list[tuple[tuple[Any, ...], object]]) -> None:
    value = json.loads(json.dumps(GOOD))
    for path, new in changes:
        around = value
        try:
            for step in path[:-1]:
                around = around[step]
            around[path[-1]] = new
        except (KeyError, IndexError, TypeError):
            continue
    text = json.dumps(value)
    messages = {
        outcome(text, "json"),
        outcome(text, "yaml").replace(".yaml:", ".json:"),
    }
    assert len({without_hints(message) for message in messages}) == 1


def without_hints(message: str) -> str:
    return "\n".join(line for line in message.split("\n") if "  hint: " not in line)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{name}'] * 9)}]\n"
    for name, after in zip("abcdefgh", "bcdefghi", strict=True)
)
LONG = "x" * (MAX_SIZE - 100)
HARD = {
    "deep lists": "[" * 100_000,
    "deep lists in TOML": "a = " + "[" * 100_000,
    "deep tables": '{"a":' * 100_000,
    "deep YAML": "- " * 100_000,
    "deep YAML keys": "? " * 100_000,
    "deep closed": "[" * 100_000 + "]" * 100_000,
    "dotted": "a." * 100_000 + "a = 1",
    "dotted headers": "[" + "a." * 100_000 + "a]",
    "alias bomb": BOMB,
    "merge bomb": BOMB.replace("[", "{x: [").replace("]", "]}"),
    "one line": LONG,
    "one line of text": f'a = "{LONG}"',
    "one open text": f'a = "{LONG}',
    "one line of words": "x " * (MAX_SIZE // 2 - 10),
    "one line of items": "[" + "1," * (MAX_SIZE // 2 - 10) + "]",
    "one line of TOML items": "a = [" + "1," * (MAX_SIZE // 2 - 10) + "]",
    "one line of TOML tables": "a = [" + "{b='x'}," * (MAX_SIZE // 8 - 10) + "]",
    "many lines": "a\n" * (MAX_SIZE // 4),
    "a large number": "a = " + "9" * 1_000_000,
    "quotes": '"' * 1_000_000,
    "single quotes": "'" * 1_000_000,
    "backslashes": 'a = "' + "\\" * 1_000_000,
    "anchors": "&a " * 100_000,
    "secrets": "A_TOKEN=" * 200_000,
    "slashes": "/*" * 1_000_000,
    "colons": ": " * 1_000_000,
    "NUL": "\0" * 1_000,
    "too large": "x" * 10_000_000,
}


LARGE = [name for name, text in HARD.items() if MAX_SIZE >= len(text) > 1_500_000]
QUOTES = ["quotes", "single quotes"]


def cases() -> Iterator[Any]:
    for name in HARD:
        for syntax in SYNTAXES:
            slow = name in LARGE or (syntax == "nix" and name in QUOTES)
            marks = [pytest.mark.slow] * slow
            yield pytest.param(name, syntax, marks=marks, id=f"{name}-{syntax}")


@pytest.mark.parametrize(("name", "syntax"), [*cases()])
def test_hard_text_is_refused_or_warned_of(name: str, syntax: Syntax) -> None:
    assert outcome(HARD[name], syntax)


@pytest.mark.parametrize(
    "number", ["9" * 5000, "-" + "9" * 30, "1e999", "0x" + "f" * 99]
)
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_large_numbers(number: str, syntax: Syntax) -> None:
    key = {
        "toml": "retries = {}",
        "json": '{{"retries": {}}}',
        "yaml": "retries: {}",
        "nix": "{{ retries = {}; }}",
    }
    assert "error" in outcome(key[syntax].format(number), syntax)


def test_many_mistakes_are_counted() -> None:
    stages = [{"name": f"s{i}", "comands": ["x"], "copy": 3} for i in range(1_000)]
    shown = outcome(json.dumps({"stages": stages}, indent=1), "json")
    assert "and 1900 more" in shown


@given(st.binary(max_size=60), st.sampled_from(SYNTAXES))
def test_arbitrary_bytes(data: bytes, syntax: Syntax) -> None:
    try:
        source = decode("x", data)
    except DeclarationError as error:
        source = Source("x", str(error))
    outcome(source.text, syntax)
