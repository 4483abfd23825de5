"""Texts of a declaration that have a form of their own, as types of its fields."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated

from dynbuild.declaration import grammar
from dynbuild.declaration.grammar import matches
from dynbuild.errors import nearest
from dynbuild.platforms import normal
from dynbuild.steps.snapshots import TIME
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """The pattern that a text must match, and the message where it does not.

    ``near`` returns what may be meant instead of a text, where that can be told;
    ``said`` what a person has to complete.
    """

    code: str
    allowed: str
    wanted: str
    near: Callable[[str], Sequence[str]] = lambda _: ()
    why: str = ""
    said: Callable[[str], str | None] = lambda _: None

    def hint(self, text: str) -> str | None:
        """Return what to write instead of a text, where that can be told."""
        near = self.near(text)
        if len(near) > 1:
            return f"did you mean {' or '.join(map(repr, near))}?"
        return f"write {near[0]!r}{self.why}" if near else self.said(text)


def _rooted(text: str) -> Sequence[str]:
    return [f"/{text}"] if re.match(r"[\w.]", text) else []


def _with_unit(text: str) -> Sequence[str]:
    return [f"{text}s"] if text.isdecimal() else []


def _in_lower_case(text: str) -> Sequence[str]:
    lower = text.lower()
    return [lower] if matches(grammar.REFERENCE, lower) else []


def _as_variable(text: str) -> Sequence[str]:
    near = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return [near] if matches(grammar.ENV_NAME, near) else []


def _as_mode(text: str) -> Sequence[str]:
    octal = text.removeprefix("0o")
    return [octal] if matches(grammar.MODE, octal) else []


def _as_amount(text: str) -> Sequence[str]:
    near = re.sub(r"(?i)(?<=[kmg])i?b$|\s", "", text)
    return [near] if matches(grammar.MEMORY_SIZE, near) else []


def _as_platform(text: str) -> Sequence[str]:
    name = text.strip().lower()
    near = normal(name if "/" in name else f"linux/{name}")
    known = matches(grammar.PLATFORM, near) and name != "linux"
    return [near] if known else []


def _as_time(text: str) -> Sequence[str]:
    digits = re.sub(r"[^0-9]", "", text)
    near = f"{digits[:8]}T{digits[8:14]:0<6}Z"
    return [near] if matches(SNAPSHOT, near) else []


def _as_signal(text: str) -> Sequence[str]:
    return nearest(text.upper(), ("SIGTERM", "SIGINT", "SIGQUIT", "SIGKILL"))


SNAPSHOT = rf"^{TIME}$"

VARIABLE = Rule(
    "DB0141",
    grammar.ENV_NAME,
    "the name of a variable: letters, digits and _",
    _as_variable,
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
    Rule(
        "DB0147",
        grammar.DURATION,
        "a duration, such as 30s or 1m30s",
        _with_unit,
        " for seconds",
    ),
]
Platform = Annotated[
    str,
    Rule("DB0178", grammar.PLATFORM, "a platform, such as linux/amd64", _as_platform),
]
SnapshotTime = Annotated[
    str,
    Rule("DB0116", SNAPSHOT, "a time in UTC, such as 20261101T000000Z,", _as_time),
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
MemorySize = Annotated[
    str,
    Rule(
        "DB0146",
        grammar.MEMORY_SIZE,
        "an amount of memory, such as 64m or 1g",
        _as_amount,
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
