"""Built-ins for strings, versions, regular expressions and digests."""

import re

from dynbuild.lang.builtins import builtin
from dynbuild.lang.builtins_lists import SlotList
from dynbuild.lang.coerce import decode, embed, encode, interpolate
from dynbuild.lang.failure import Failure
from dynbuild.lang.hashing import converted, digest
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.paths import parent
from dynbuild.lang.regex import compile_regex
from dynbuild.lang.showing import told
from dynbuild.lang.values import (
    Attrs,
    PathValue,
    Slot,
    Value,
    force,
    marked,
)


@builtin(
    "baseNameOf path:value", "What stands behind the last slash of a path or string."
)
def _base_name_of(machine: EvalMachine, path: Value) -> str:
    text = interpolate(machine, path, None)
    machine.charge(len(text) >> 10)
    if len(text) > 1 and text.endswith("/"):
        text = marked(text[:-1], text)
    return marked(text.rpartition("/")[2], text)


@builtin("dirOf path:value", "What stands before the last slash of a path or string.")
def _dir_of(machine: EvalMachine, path: Value) -> Value:
    if type(path) is PathValue:
        return PathValue(parent(path.text))
    text = interpolate(machine, path, None)
    machine.charge(len(text) >> 10)
    head, slash, _ = text.rpartition("/")
    if not slash:
        return "."
    return marked(head or "/", text)


@builtin(
    "concatStringsSep separator:string list:list", "Strings with a separator between."
)
def _concat_strings_sep(machine: EvalMachine, separator: str, items: SlotList) -> str:
    texts: list[str] = []
    for item in items:
        if texts:
            texts.append(separator)
        texts.append(embed(machine, force(item), None))
    return machine.text(texts)


@builtin("stringLength text:text", "The number of bytes (of UTF-8).")
def _string_length(machine: EvalMachine, text: str) -> int:
    if not text.isascii():
        machine.charge(len(text) >> 10)
    return len(text) if text.isascii() else len(encode(text))


@builtin(
    "substring start:int length:int text:text",
    "Bytes of a string from a start; a negative length means all to the end.",
)
def _substring(machine: EvalMachine, start: int, length: int, text: str) -> str:
    if start < 0:
        raise Failure("DB0219", "'builtins.substring' cannot start before the string")
    end = None if length < 0 else start + length
    if text.isascii():
        return machine.text([marked(text[start:end], text)])
    machine.charge(len(text) >> 10)
    part = decode(encode(text)[start:end])
    return machine.text([marked(part, text)])


@builtin(
    "replaceStrings from:list to:list text:string",
    "The text with each string of one list replaced by its fellow in the other.",
)
def _replace_strings(
    machine: EvalMachine, old: SlotList, new: SlotList, text: str
) -> str:
    if len(old) != len(new):
        raise Failure(
            "DB0219", "'builtins.replaceStrings' needs two lists of one length"
        )
    patterns: dict[bytes, Slot] = {}
    for before, after in zip(old, new, strict=True):
        patterns.setdefault(encode(_string(before)), after)
    data = encode(text)
    if not patterns:
        return text
    machine.charge(sum(map(len, patterns)))
    matcher = re.compile(b"|".join(map(re.escape, patterns)), re.DOTALL)
    parts: list[bytes] = []
    used = [text]
    position = 0
    while position <= len(data):
        match = matcher.search(data, position)
        if match is None:
            parts.append(data[position:])
            break
        parts.append(data[position : match.start()])
        used.append(_string(patterns[match[0]]))
        parts.append(encode(used[-1]))
        position = match.end()
        if not match[0]:
            parts.append(data[position : position + 1])
            position += 1
        machine.charge(1 + (len(parts[-1]) >> 4))
    machine.charge(len(text) >> 4)
    return machine.text([marked(decode(b"".join(parts)), *used)])


def _string(slot: Slot) -> str:
    value = force(slot)
    if not isinstance(value, str):
        raise Failure(
            "DB0210", f"'builtins.replaceStrings' needs strings, not {told(value)}"
        )
    return value


# Regular expressions


def _groups(data: bytes, spans: list[tuple[int, int]], text: str) -> SlotList:
    return [
        None if start < 0 else marked(decode(data[start:end]), text)
        for start, end in spans
    ]


@builtin(
    "match regex:string text:text",
    "The groups of a POSIX extended regex that matches all of the text, or null.",
)
def _match(machine: EvalMachine, pattern: str, text: str) -> Value:
    data = encode(text)
    regex = compile_regex(encode(pattern))
    machine.charge(regex.size * (len(data) + 1) >> 2)
    spans = regex.match(data)
    return None if spans is None else _groups(data, spans, text)


@builtin(
    "split regex:string text:text",
    "What is between the matches of a regex, and between these, their groups.",
)
def _split(machine: EvalMachine, pattern: str, text: str) -> SlotList:
    data = encode(text)
    result: SlotList = []
    last = 0
    regex = compile_regex(encode(pattern))
    for start, end, spans in regex.search(data, machine.charge):
        result.append(marked(decode(data[last:start]), text))
        result.append(_groups(data, spans, text))
        last = end
    result.append(marked(decode(data[last:]), text))
    return result


# Versions

_COMPONENT = re.compile(r"[.-]*([0-9]+|[^0-9.-]+)?", re.DOTALL)


def _components(version: str) -> list[str]:
    return [part for part in _COMPONENT.findall(version) if part]


LONG = 20
"""Number of digits that certainly exceeds 32 bits."""


def _is_number(part: str) -> bool:
    """Whether a part is a number; as in Nix, one beyond 32 bits is not."""
    return part.isdigit() and len(part) < LONG and int(part) < 2**31


def _older(first: str, second: str) -> bool:
    """Whether a part of a version comes before another, by Nix's rules."""
    first_is_number, second_is_number = _is_number(first), _is_number(second)
    if first_is_number and second_is_number:
        return int(first) < int(second)
    if not first and second_is_number:
        return True
    if first == "pre" or second == "pre":
        return first == "pre" and second != "pre"
    if first_is_number != second_is_number:
        return second_is_number
    return first < second


@builtin(
    "compareVersions a:string b:string", "-1, 0 or 1 as a is older, equal or newer."
)
def _compare_versions(machine: EvalMachine, a: str, b: str) -> int:
    machine.charge((len(a) + len(b)) >> 2)
    firsts, seconds = _components(a), _components(b)
    length = max(len(firsts), len(seconds))
    firsts += [""] * (length - len(firsts))
    seconds += [""] * (length - len(seconds))
    for first, second in zip(firsts, seconds, strict=True):
        if _older(first, second):
            return -1
        if _older(second, first):
            return 1
    return 0


@builtin("splitVersion version:string", "The parts that compareVersions compares.")
def _split_version(machine: EvalMachine, version: str) -> SlotList:
    machine.charge(len(version) >> 2)
    return [marked(part, version) for part in _components(version)]


@builtin("parseDrvName text:string", "A name like hello-2.1 as { name, version }.")
def _parse_drv_name(machine: EvalMachine, text: str) -> Attrs:
    machine.charge(len(text) >> 4)
    match = re.search(r"-(?![A-Za-z]|\Z)", text)
    dash = match.start() if match else len(text)
    name, version = marked(text[:dash], text), marked(text[dash + 1 :], text)
    return Attrs({"name": name, "version": version}, {})


@builtin(
    "hashString algorithm:string text:text",
    "The digest of a string: md5, sha1, sha256 or sha512, in base 16.",
)
def _hash_string(machine: EvalMachine, algorithm: str, text: str) -> str:
    machine.charge(len(text) >> 8)
    return digest(algorithm, encode(text))


@builtin(
    "convertHash set:set",
    "A digest `hash` (of `hashAlgo`) in `toHashFormat`: base16, nix32, base64 or sri.",
)
def _convert_hash(_: EvalMachine, arguments: Attrs) -> str:
    given: dict[str, str] = {}
    for name in ("hash", "toHashFormat", "hashAlgo"):
        if name in arguments.items:
            value = force(arguments.items[name])
            if not isinstance(value, str):
                raise Failure(
                    "DB0210",
                    f"'builtins.convertHash' needs a string as its '{name}', "
                    f"but this is {told(value)}",
                )
            given[name] = value
        elif name != "hashAlgo":
            raise Failure(
                "DB0211",
                f"'builtins.convertHash' needs a set with an attribute '{name}'",
            )
    return converted(given["hash"], given.get("hashAlgo"), given["toHashFormat"])


# For libraries written for Nix


@builtin(
    "unsafeDiscardStringContext text:text",
    "The text, even of a path, for an image that has the project at that path.",
)
def _unsafe_discard_string_context(_: EvalMachine, text: str) -> str:
    return str(text)


@builtin("unsafeDiscardOutputDependency text:text", "The text: it has no outputs.")
def _unsafe_discard_output_dependency(_: EvalMachine, text: str) -> str:
    return text


@builtin("appendContext text:string context:set", "The text; the context is empty.")
def _append_context(_: EvalMachine, text: str, context: Attrs) -> str:
    if context.items:
        raise Failure(
            "DB0219",
            "'builtins.appendContext' cannot add to a context: there is no store",
        )
    return text


@builtin("hasContext text:string", "Always false: there are no string contexts.")
def _has_context(_: EvalMachine, __: str) -> bool:
    return False


@builtin("getContext text:string", "Always empty: there are no string contexts.")
def _get_context(_: EvalMachine, __: str) -> Attrs:
    return Attrs({}, {})
