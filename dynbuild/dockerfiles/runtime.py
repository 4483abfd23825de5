"""The instructions that say how the container runs."""

import re
from collections.abc import Callable
from dataclasses import replace

from dynbuild.declaration import grammar
from dynbuild.declaration.grammar import matches
from dynbuild.dockerfiles.model import Instruction, Outcome
from dynbuild.dockerfiles.scope import UnknownError
from dynbuild.dockerfiles.state import ForShell, State

Result = tuple[State, Outcome, str, str]
"""The state behind an instruction, what became of it, the field, and the reason."""


def configure(state: State, one: Instruction) -> Result:
    """Take an instruction of the config. Raises UnknownError."""
    return _RULES[one.name](state, one)


def _command(state: State, one: Instruction, words: tuple[str, ...]) -> object:
    return list(words) if one.is_json else ForShell(state.shell, " ".join(words))


def _cmd(state: State, one: Instruction) -> Result:
    said = state.setting("cmd", _command(state, one, one.words), one.comments)
    return replace(said, has_cmd=True), "translated", "cmd", ""


def _entrypoint(state: State, one: Instruction) -> Result:
    said = state if state.has_cmd else state.without("cmd")
    said = said.setting("entrypoint", _command(state, one, one.words), one.comments)
    return said, "translated", "entrypoint", ""


def _expose(state: State, one: Instruction) -> Result:
    before = state.runtime.get("expose")
    ports: list[object] = list(before.value) if before else []  # type: ignore[call-overload]
    for word in one.words:
        for port in state.scope.static(word).split():
            plain = port.lower().removesuffix("/tcp")
            if not matches(grammar.PORTS, plain):
                raise UnknownError(f"{port!r} is not a port of a declaration")
            value: object = int(plain) if plain.isdecimal() else plain
            ports += [] if value in ports else [value]
    return state.setting("expose", ports, one.comments), "translated", "expose", ""


def _volume(state: State, one: Instruction) -> Result:
    before = state.runtime.get("volumes")
    paths: list[str] = list(before.value) if before else []  # type: ignore[call-overload]
    for word in one.words:
        path = word if one.is_json else state.scope.static(word)
        path = state.scope.static(path)
        if not path.startswith("/"):
            raise UnknownError(f"{path!r} is not an absolute path")
        paths += [] if path in paths else [path]
    return state.setting("volumes", paths, one.comments), "translated", "volumes", ""


def _label(state: State, one: Instruction) -> Result:
    before = state.runtime.get("labels")
    labels: dict[str, str] = dict(before.value) if before else {}  # type: ignore[call-overload]
    for key, value in pairs(one):
        text = state.scope.static(value)
        if "\n" in text:
            raise UnknownError("a label of a declaration has no line breaks")
        labels[state.scope.static(key)] = text
    return state.setting("labels", labels, one.comments), "translated", "labels", ""


def pairs(one: Instruction) -> list[tuple[str, str]]:
    """Return names and values of an ENV or LABEL, as they are written."""
    words = one.words
    return list(zip(words[::3], words[1::3], strict=True))


def _maintainer(state: State, one: Instruction) -> Result:
    before = state.runtime.get("labels")
    name = "org.opencontainers.image.authors"
    labels = {**(before.value if before else {}), name: one.text}  # type: ignore[dict-item]
    reason = f"MAINTAINER is deprecated: it is the label {name} now"
    return state.setting("labels", labels, one.comments), "differs", "labels", reason


def _stop_signal(state: State, one: Instruction) -> Result:
    signal = state.scope.static(one.words[0])
    if not matches(grammar.SIGNAL, signal):
        raise UnknownError(f"{signal!r} is not a signal of a declaration")
    said = state.setting("stop_signal", signal, one.comments)
    return said, "translated", "stop_signal", ""


def _healthcheck(state: State, one: Instruction) -> Result:
    kind = one.words[0].upper()
    if kind == "NONE":
        said = state.setting("healthcheck", False, one.comments)  # noqa: FBT003 - a value
        return said, "translated", "healthcheck", ""
    if kind != "CMD" or len(one.words) < 2:  # noqa: PLR2004 - CMD and a command
        raise UnknownError("a health check is `HEALTHCHECK CMD COMMAND` or NONE")
    check: dict[str, object] = {}
    for flag in one.flags:
        name, _, value = flag.removeprefix("--").partition("=")
        field = name.replace("-", "_")
        # Docker takes a zero for its default.
        if field == "retries":
            if not value.isdecimal():
                raise UnknownError(f"{value!r} is no number of retries")
            check |= {field: int(value)} if int(value) else {}
        elif field in ("interval", "timeout", "start_period", "start_interval"):
            if not re.fullmatch(r"0|0s", value):
                if not matches(grammar.DURATION, value):
                    raise UnknownError(f"{value!r} is no duration, such as 30s")
                check[field] = value
        else:
            raise UnknownError(f"a health check has no option --{name}")
    check = {"cmd": _command(state, one, one.words[1:]), **check}
    said = state.setting("healthcheck", check, one.comments)
    return said, "translated", "healthcheck", ""


_RULES: dict[str, Callable[[State, Instruction], Result]] = {
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "EXPOSE": _expose,
    "VOLUME": _volume,
    "LABEL": _label,
    "MAINTAINER": _maintainer,
    "STOPSIGNAL": _stop_signal,
    "HEALTHCHECK": _healthcheck,
}
CONFIG = frozenset(_RULES)
