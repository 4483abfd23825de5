"""Syntax checks of single values, by a table of fields."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

from dynbuild.declaration import grammar
from dynbuild.declaration.caches import KINDS
from dynbuild.declaration.grammar import matches
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax.shape_messages import place
from dynbuild.declaration.syntax.tree import Leaf, List, Node, Path, Table
from dynbuild.errors import Diagnostic, did_you_mean
from dynbuild.spans import Span

Pattern = tuple[str | type, ...]
"""A path of the schema, with ``int`` for any index and ``str`` for any key."""

_STAGE: Pattern = ("stages", int)
_COPY: Pattern = (*_STAGE, "copy", int)
_SECRET: Pattern = (*_STAGE, "secrets", int)


_LONGEST = 60
"""Maximum characters of a found value that a message shows."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """The pattern that a text must match, and the message where it does not."""

    code: str
    allowed: str
    wanted: str
    hint: Callable[[str], str | None] = lambda _: None


def _rooted(text: str) -> str | None:
    return f"write {'/' + text!r}" if re.match(r"[\w.]", text) else None


def _with_unit(text: str) -> str | None:
    return f"write {text + 's'!r} for seconds" if text.isdecimal() else None


def _in_lower_case(text: str) -> str | None:
    lower = text.lower()
    return f"write {lower!r}" if matches(grammar.REFERENCE, lower) else None


def _as_variable(text: str) -> str | None:
    near = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return f"write {near!r}" if matches(grammar.ENV_NAME, near) else None


def _as_mode(text: str) -> str | None:
    octal = text.removeprefix("0o")
    return f"write {octal!r}" if matches(grammar.MODE, octal) else None


def _as_signal(text: str) -> str | None:
    return did_you_mean(text.upper(), ("SIGTERM", "SIGINT", "SIGQUIT", "SIGKILL"))


_ABSOLUTE = _Rule("DB0142", grammar.ABSOLUTE, "an absolute path", _rooted)
_DURATION = _Rule(
    "DB0147", grammar.DURATION, "a duration, such as 30s or 1m30s", _with_unit
)
_IMAGE = _Rule(
    "DB0140",
    grammar.REFERENCE,
    "an image, such as debian:bookworm-slim or ghcr.io/org/name@sha256:…",
    _in_lower_case,
)
_VARIABLE = _Rule(
    "DB0141",
    grammar.ENV_NAME,
    "the name of a variable: letters, digits and _",
    _as_variable,
)

_MODE = _Rule("DB0146", grammar.MODE, "three or four octal digits, as 0644", _as_mode)

_TRUSTED_KEY = _Rule(
    "DB0153", grammar.PUBLIC_KEY, "a public key, as `dynbuild key new NAME` prints it,"
)


def _of_tiers() -> Iterator[tuple[Pattern, _Rule]]:
    """Yield the rules of shared tiers, which may be a text in place of a table."""
    for kind in KINDS:
        for one in fields(kind):
            if text := one.metadata.get("rule"):
                rule = _Rule("DB0152", text.allowed, text.wanted, text.hint)
                yield ("cache", kind.key, one.name), rule
                if one.name == kind.alone:
                    yield ("cache", kind.key), rule


_RULES: dict[Pattern, _Rule] = {
    ("base",): _IMAGE,
    ("workdir",): _ABSOLUTE,
    ("volumes", int): _ABSOLUTE,
    ("user", "shell"): _ABSOLUTE,
    ("stop_signal",): _Rule(
        "DB0148", grammar.SIGNAL, "a signal, such as SIGTERM", _as_signal
    ),
    ("healthcheck", "interval"): _DURATION,
    ("healthcheck", "timeout"): _DURATION,
    ("healthcheck", "start_period"): _DURATION,
    (*_STAGE, "workdir"): _ABSOLUTE,
    (*_STAGE, "cache_mounts", int): _ABSOLUTE,
    (*_STAGE, "cache_mounts", int, "target"): _ABSOLUTE,
    (*_STAGE, "cache_mounts", int, "id"): _Rule(
        "DB0151", grammar.CACHE_ID, "an id: letters, digits, . _ and -"
    ),
    (*_STAGE, "cache_mounts", int, "mode"): _MODE,
    (*_STAGE, "user"): _Rule(
        "DB0150", grammar.OWNER, "a user: a name or a number, or user:group"
    ),
    (*_COPY, "to"): _ABSOLUTE,
    (*_COPY, "image"): _IMAGE,
    (*_COPY, "owner"): _Rule(
        "DB0145", grammar.OWNER, "an owner: user, user:group, uid or uid:gid"
    ),
    (*_COPY, "mode"): _Rule(
        "DB0146",
        grammar.COPY_MODE,
        "three or four octal digits, as 0644, or letters, as u=rwX,go=rX",
        _as_mode,
    ),
    (*_SECRET, "id"): _Rule(
        "DB0151", grammar.SECRET_ID, "an id: letters, digits, . _ and -"
    ),
    (*_SECRET, "env"): _VARIABLE,
    (*_SECRET, "target"): _ABSOLUTE,
    ("cache", "local"): _Rule("DB0152", r"\S", "a directory"),
    **dict(_of_tiers()),
    ("cache", "trusted_keys", int): _TRUSTED_KEY,
    ("ignore_warnings", int): _Rule(
        "DB0158", r"^DB[0-9]{4}$", "the code of a warning, such as DB0181,"
    ),
}

_ENVIRONMENTS: tuple[Pattern, ...] = (
    ("env",),
    (*_STAGE, "env"),
    (*_STAGE, "build_env"),
)

_LINES: tuple[Pattern, ...] = (
    ("env_scripts", int),
    ("cmd", int),
    ("entrypoint", int),
    ("healthcheck", "cmd", int),
    (*_STAGE, "commands", int),
    (*_STAGE, "build_env", str),
)
"""Texts that may contain line breaks."""

_ONE_LINE: tuple[Pattern, ...] = (("env", str), ("labels", str), (*_STAGE, "env", str))
"""Texts that end up in Dockerfile instructions, which end with their line."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_BUT_TAB = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def check_values(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report texts that are invalid for their field."""
    for path, leaf in _texts(loaded.tree, ()):
        text = str(leaf.value)
        if (mistake := _unprintable(loaded, path, text)) is not None:
            yield mistake
            continue
        rule = _RULES.get(
            tuple(int if isinstance(step, int) else step for step in path)
        )
        if rule and not matches(rule.allowed, text):
            if rule is _TRUSTED_KEY and grammar.is_secret_key(text):
                yield _secret_key(loaded, path, leaf)
                continue
            shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
            where = place(loaded.tree, path)
            message = f"expected {rule.wanted} for {where}, found {shown!r}"
            yield Diagnostic(rule.code, message, leaf.span, rule.hint(text))


def _secret_key(loaded: Loaded, path: Path, leaf: Leaf) -> Diagnostic:
    where = place(loaded.tree, path)
    message = f"what may be a secret key stands for a public one in {where}"
    hint = "who has read it can sign: `dynbuild key new NAME` makes another"
    return Diagnostic("DB0153", message, leaf.span, hint)


def check_keys(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report freely chosen keys that cannot be written into an image."""
    for path, key in _keys(loaded.tree, ()):
        name = str(path[-1])
        if any(_fits(path[:-1], pattern) for pattern in _ENVIRONMENTS):
            if not matches(grammar.ENV_NAME, name):
                message = f"{name!r} is not {_VARIABLE.wanted}"
                yield Diagnostic("DB0141", message, key, _as_variable(name))
        elif path[:-1] == ("labels",) and (_CONTROL.search(name) or not name.strip()):
            yield Diagnostic("DB0143", "a label has a name without line breaks", key)


def _unprintable(loaded: Loaded, path: Path, text: str) -> Diagnostic | None:
    """Report the first character that the field cannot hold."""
    found = _CONTROL.search(text)
    if found is None:
        return None
    where = place(loaded.tree, path)
    span = loaded.span(*path)
    if any(_fits(path, pattern) for pattern in _LINES):
        found = _CONTROL_BUT_LINES.search(text)
    elif any(_fits(path, pattern) for pattern in _ONE_LINE):
        found = _CONTROL_BUT_TAB.search(text)
    if found is None:
        return None
    if found[0] == "\n":
        message = f"{where} has a line break, which it cannot hold"
        hint = "write it on one line"
        if any(_fits(path, pattern) for pattern in _ONE_LINE):
            message = (
                f"{where} has a line break, which an image's {path[-2]} cannot hold"
            )
            hint = "write it on one line, or into a file that a stage copies"
        return Diagnostic("DB0143", message, span, hint)
    message = f"{where} has a control character (U+{ord(found[0]):04X})"
    return Diagnostic("DB0143", message, span, "remove it")


def _fits(path: Path, pattern: Pattern) -> bool:
    return len(path) == len(pattern) and all(
        isinstance(step, part) if isinstance(part, type) else step == part
        for step, part in zip(path, pattern, strict=True)
    )


def _texts(node: Node, path: Path) -> Iterator[tuple[Path, Leaf]]:
    match node:
        case Table(entries):
            for name, entry in entries.items():
                yield from _texts(entry.value, (*path, name))
        case List(items):
            for index, item in enumerate(items):
                yield from _texts(item, (*path, index))
        case Leaf(str()):
            yield path, node
        case _:
            pass


def _keys(node: Node, path: Path) -> Iterator[tuple[Path, Span]]:
    match node:
        case Table(entries):
            for name, entry in entries.items():
                yield (*path, name), entry.key
                yield from _keys(entry.value, (*path, name))
        case List(items):
            for index, item in enumerate(items):
                yield from _keys(item, (*path, index))
        case _:
            pass
