"""Texts of a declaration that have a form of their own, as types of its fields."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from dynbuild.declaration import grammar
from dynbuild.declaration.grammar import matches
from dynbuild.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Rule:
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


def as_variable(text: str) -> str | None:
    near = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return f"write {near!r}" if matches(grammar.ENV_NAME, near) else None


def _as_mode(text: str) -> str | None:
    octal = text.removeprefix("0o")
    return f"write {octal!r}" if matches(grammar.MODE, octal) else None


def _as_signal(text: str) -> str | None:
    return did_you_mean(text.upper(), ("SIGTERM", "SIGINT", "SIGQUIT", "SIGKILL"))


VARIABLE = Rule(
    "DB0141",
    grammar.ENV_NAME,
    "the name of a variable: letters, digits and _",
    as_variable,
)
TRUSTED_KEY = Rule(
    "DB0153", grammar.PUBLIC_KEY, "a public key, as `dynbuild key new NAME` prints it,"
)
_ID = "an id: letters, digits, . _ and -"

AbsolutePath = Annotated[
    str, Rule("DB0142", grammar.ABSOLUTE, "an absolute path", _rooted)
]
Duration = Annotated[
    str,
    Rule("DB0147", grammar.DURATION, "a duration, such as 30s or 1m30s", _with_unit),
]
Image = Annotated[
    str,
    Rule(
        "DB0140",
        grammar.REFERENCE,
        "an image, such as debian:bookworm-slim or ghcr.io/org/name@sha256:…",
        _in_lower_case,
    ),
]
VariableName = Annotated[str, VARIABLE]
TrustedKey = Annotated[str, TRUSTED_KEY]
FileMode = Annotated[
    str, Rule("DB0146", grammar.MODE, "three or four octal digits, as 0644", _as_mode)
]
CopyMode = Annotated[
    str,
    Rule(
        "DB0146",
        grammar.COPY_MODE,
        "three or four octal digits, as 0644, or letters, as u=rwX,go=rX",
        _as_mode,
    ),
]
UserName = Annotated[
    str, Rule("DB0150", grammar.OWNER, "a user: a name or a number, or user:group")
]
Owner = Annotated[
    str, Rule("DB0145", grammar.OWNER, "an owner: user, user:group, uid or uid:gid")
]
CacheId = Annotated[str, Rule("DB0151", grammar.CACHE_ID, _ID)]
SecretId = Annotated[str, Rule("DB0151", grammar.SECRET_ID, _ID)]
Signal = Annotated[
    str, Rule("DB0148", grammar.SIGNAL, "a signal, such as SIGTERM", _as_signal)
]
WarningCode = Annotated[
    str, Rule("DB0158", r"^DB[0-9]{4}$", "the code of a warning, such as DB0181,")
]
