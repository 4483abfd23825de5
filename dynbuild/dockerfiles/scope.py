"""Variables of a Dockerfile: what is known of them where an instruction stands.

A value is *static* where the Dockerfile alone decides it. Else it names variables of
the base, which stay names: ``/opt/bin:$PATH``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace

from dynbuild.values import dataclass

_DOLLAR = "\ue000"
"""A dollar that means itself, while a text is expanded."""

_REFERENCE = re.compile(
    r"\$(?:(?P<plain>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?P<rest>[^{}]*)\}|(?P<odd>.?))",
    re.DOTALL,
)

_RUNS_OTHERS = re.compile(r"LD_\w+|ENV|BASH_ENV|IFS|CDPATH|POSIXLY_CORRECT|TMPDIR|HOME")

PLATFORM = frozenset(
    f"{side}{part}"
    for side in ("TARGET", "BUILD")
    for part in ("PLATFORM", "OS", "ARCH", "VARIANT")
)
"""Arguments that BuildKit sets by itself."""

TARGETS = frozenset(name for name in PLATFORM if name.startswith("TARGET"))
_KEPT = "\ue001"


class UnknownError(Exception):
    """What a person has to translate, and why; ``line`` where that is known."""

    line: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables at one place of a build stage.

    ``env`` has the values as Docker has them there. ``fresh`` are those of them that no
    stage of the declaration has yet. ``whole`` tells that no base sets more: so it is
    before the first FROM, where a variable that is not set is empty.
    """

    escape: str = "\\"
    arguments: Mapping[str, str | None] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    fresh: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False

    def given(self) -> "Scope":
        """Return the scope once a stage has the fresh variables."""
        return replace(self, fresh={})

    def with_argument(self, name: str, value: str | None) -> "Scope":
        marked = None if value is None else value.replace("$", _DOLLAR)
        return replace(self, arguments={**self.arguments, name: marked})

    def values(self) -> Iterator[tuple[str, str]]:
        """Yield the arguments that have a value."""
        for name, value in self.arguments.items():
            if value is not None:
                yield name, value.replace(_DOLLAR, "$")

    def run_arguments(self) -> dict[str, str]:
        """Return the arguments that commands see: those with a value, not shadowed."""
        seen = self.values()
        return {name: value for name, value in seen if name not in self.env}

    def search_path(self) -> frozenset[str] | None:
        """Return where commands look for programs, beside where the base does.

        None where a variable may have them run others.
        """
        seen = {**self.run_arguments(), **self.env}
        if any(_RUNS_OTHERS.fullmatch(name) for name in seen):
            return None
        return frozenset(
            part for part in seen.get("PATH", "").split(":") if part.startswith("/")
        )

    def static(self, word: str) -> str:
        """Return a word with its variables replaced. Raises UnknownError."""
        return self._said(self._expanded(word))

    def address(self, word: str) -> str:
        """Return a word as ``static``; what differs by the target's platform stays.

        Raises UnknownError.
        """
        text = self._expanded(word)
        kept = _REFERENCE.sub(
            lambda m: (
                f"{_KEPT}{m['braced'] or m['plain']}{_KEPT}"
                if (m["braced"] or m["plain"]) in TARGETS & self.arguments.keys()
                and not m["rest"]
                else m[0]
            ),
            text,
        )
        return re.sub(f"{_KEPT}([A-Z]+){_KEPT}", r"${\1}", self._said(kept))

    def _said(self, text: str) -> str:
        for match in _REFERENCE.finditer(text):
            name = match["plain"] or match["braced"]
            if name in PLATFORM:
                raise UnknownError(f"${name} differs from platform to platform")
            if name in self.arguments and not match["rest"]:
                raise UnknownError(f"{name} has no value: --build-arg {name}=…")
            raise UnknownError(_unknown(match))
        return text.replace(_DOLLAR, "$")

    def document(self, text: str) -> str:
        """Return a here-document with its variables replaced. Raises UnknownError."""
        if "\\" in text:
            raise UnknownError("its here-document has variables or backslashes")
        return self._said(self._expanded(text, quotes=False))

    def default(self, word: str) -> str | None:
        """Return the default of an argument; None where it names what is not set."""
        try:
            return self.static(word)
        except UnknownError:
            return None

    def with_variables(self, pairs: Mapping[str, str]) -> "Scope":
        """Return the scope behind an ENV. Raises UnknownError."""
        values = {name: self._value(name, word) for name, word in pairs.items()}
        fresh = {**self.fresh, **values}
        for name, value in fresh.items():
            for other in _names(value):
                if other != name and fresh.get(other, _unset(other)) != _unset(other):
                    raise UnknownError(
                        f"{name} names ${other}, which the same instruction or a next "
                        "one sets anew"
                    )
        return replace(self, env={**self.env, **values}, fresh=fresh)

    def _value(self, name: str, word: str) -> str:
        text = self._or_nothing(self._expanded(word))
        if name not in self.fresh or name not in set(_names(text)):
            return text
        # Of its own value that no stage has yet, the text takes its place.
        before = self.fresh[name]
        return _REFERENCE.sub(
            lambda m: before if (m["plain"] or m["braced"]) == name else m[0], text
        )

    def _or_nothing(self, text: str) -> str:
        """Name what is not set so that it stands for nothing, as Docker takes it."""

        def replaced(match: re.Match[str]) -> str:
            name = match["plain"] or match["braced"]
            if name is None or match["rest"] or name == "PATH":
                return match[0]
            before = self.fresh.get(name) if name in self.fresh else self.env.get(name)
            return _unset(name) if before in (None, _unset(name)) else match[0]

        return _REFERENCE.sub(replaced, text)

    def _expanded(self, word: str, *, quotes: bool = True) -> str:
        from e2b_dockerfile_utils import ShellLex  # noqa: PLC0415 - imported late

        known = {
            name: value
            for name, value in {**self.arguments, **self.env}.items()
            if value is not None and not _names(value)
        }
        marked = _marked(word, self.escape) if quotes else word
        for name in PLATFORM.intersection(_names(marked)) - known.keys():
            if self.whole:
                raise UnknownError(f"${name} differs from platform to platform")
        reader = ShellLex(
            self.escape,
            env=known,
            skip_process_quotes=not quotes,
            skip_unset_env=not self.whole,
        )
        try:
            return reader.process_word(marked)
        except ValueError as error:
            raise UnknownError(str(error)) from None


def is_name(text: str) -> bool:
    """Whether a text is the name of a variable that a shell can have."""
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) is not None


def variables(values: Mapping[str, str], seen: Mapping[str, str]) -> dict[str, str]:
    """Return values as a declaration writes them. Raises UnknownError.

    ``seen`` are the variables that the stage sees already, beside those of the base.
    """
    return {name: _written(value, seen) for name, value in values.items()}


def _written(value: str, seen: Mapping[str, str]) -> str:
    def replaced(match: re.Match[str]) -> str:
        name, rest = match["plain"] or match["braced"], match["rest"] or ""
        if name is None or (rest and not rest.startswith(":-")):
            raise UnknownError(_unknown(match))
        if rest:
            return f"${{{name}{rest}}}"
        # Docker takes what is not set for nothing, and sets PATH always.
        return f"${name}" if name == "PATH" or name in seen else f"${{{name}:-}}"

    return _REFERENCE.sub(replaced, value).replace(_DOLLAR, "$$")


def _unset(name: str) -> str:
    """Return the value of a variable that is what it was before, or else nothing."""
    return f"${{{name}:-}}"


def _names(value: str) -> list[str]:
    found = (match["plain"] or match["braced"] for match in _REFERENCE.finditer(value))
    return [name for name in found if name]


def _unknown(match: re.Match[str]) -> str:
    name = match["plain"] or match["braced"]
    if name is None or match["rest"]:
        return f"{match[0]} is not decided by the Dockerfile alone"
    return f"the Dockerfile does not set ${name}"


def _marked(word: str, escape: str) -> str:
    """Mark the dollars that mean themselves: escaped, or in single quotes."""
    out: list[str] = []
    quoted = double = False
    at = 0
    while at < len(word):
        char = word[at]
        if char == escape and not quoted and word[at + 1 : at + 2] == "$":
            out.append(_DOLLAR)
            at += 2
            continue
        if char == escape and not quoted:
            out.append(word[at : at + 2])
            at += 2
            continue
        if char == '"' and not quoted:
            double = not double
        elif char == "'" and not double:
            quoted = not quoted
        out.append(_DOLLAR if char == "$" and quoted else char)
        at += 1
    return "".join(out)
