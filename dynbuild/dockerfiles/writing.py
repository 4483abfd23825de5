"""A declaration as TOML, as a person would write it, with the comments it had."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dynbuild.dockerfiles.layout import Image, Stage
from dynbuild.dockerfiles.model import Part
from dynbuild.dockerfiles.state import Setting

_WIDTH = 88
_ORDER = (
    *(
        "base",
        "platforms",
        "user",
        "apt_packages",
        "shell",
        "workdir",
        "entrypoint",
        "cmd",
    ),
    *("expose", "volumes", "stop_signal", "healthcheck", "args", "env", "labels"),
)
_TABLES = ("healthcheck", "args", "env", "labels")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def written(
    images: Mapping[str, Image],
    args: Mapping[str, str],
    above: Sequence[str],
    below: Sequence[str],
) -> str:
    """Return the text of a declaration, with comments before and behind.

    One image without a name is the declaration itself.
    """
    lines = [*_comments(above), ""]
    if args and "" not in images:
        lines += ["[args]", *_pairs(args), ""]
    for number, (name, image) in enumerate(images.items()):
        lines += [""] if number else []
        if name:
            lines.append(f"[images.{_key(name)}]")
            lines += _image(image, f"images.{_key(name)}.")
        else:
            own = {"args": Setting(args)} if args else {}
            lines += _image(replace(image, fields={**image.fields, **own}), "")
    if below:
        lines += ["", *_comments(below)]
    return "\n".join(lines) + "\n"


def _image(image: Image, within: str) -> list[str]:
    """Return the lines of an image; ``within`` is put before names of tables."""
    lines: list[str] = []
    names = [name for name in _ORDER if name in image.fields]
    tables = [
        name
        for name in names
        if name in _TABLES and isinstance(image.fields[name].value, Mapping)
    ]
    for name in names:
        if name not in tables:
            lines += _setting(name, image.fields[name])
    for name in tables:
        setting = image.fields[name]
        lines += ["", *_comments(setting.comments), f"[{within}{name}]"]
        assert isinstance(setting.value, Mapping)
        lines += _pairs(setting.value)
    for stage in image.stages:
        lines += ["", *_stage(stage, within)]
    return lines


def _pairs(table: Mapping[str, object]) -> Iterator[str]:
    for key, value in table.items():
        yield f"{_key(key)} = {_value(value)}"


def _setting(name: str, setting: Setting) -> list[str]:
    return [*_comments(setting.comments), *_field(name, setting.value)]


def _comments(texts: Sequence[str]) -> list[str]:
    # What is after a carriage return, or no text at all, TOML does not take.
    clean = (re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text) for text in texts)
    return [f"# {text}".rstrip() for text in clean]


def _stage(stage: Stage, within: str) -> Iterator[str]:
    yield from _comments(stage.part.comments)
    yield f"[[{within}stages]]"
    later: list[tuple[str, Mapping[str, object]]] = []
    for name, value in stage.fields.items():
        if name == "commands":
            yield from _commands(stage.part)
        elif name == "copy":
            assert isinstance(value, list)
            above = [one.comments for one in stage.part.copies]
            yield from _list("copy", value, above)
        elif isinstance(value, Mapping) and not _fits(name, value):
            later.append((name, value))
        else:
            yield from _field(name, value)
    for name, table in later:
        yield ""
        yield f"[{within}stages.{name}]"
        yield from _pairs(table)


def _fits(name: str, value: Mapping[str, object]) -> bool:
    text = _value(value)
    return "\n" not in text and len(name) + len(text) + 3 <= _WIDTH


def _commands(part: Part) -> Iterator[str]:
    texts = [line.text for line in part.commands]
    above = [line.comments for line in part.commands]
    yield from _list("commands", texts, above)


def _field(name: str, value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return list(_list(name, list(value), [() for _ in value]))
    return [f"{_key(name)} = {_value(value)}"]


def _list(
    name: str, items: Sequence[object], above: Sequence[Sequence[str]]
) -> Iterator[str]:
    texts = [_value(item) for item in items]
    line = f"{name} = [{', '.join(texts)}]"
    if len(line) <= _WIDTH and "\n" not in line and not any(above):
        yield line
        return
    yield f"{name} = ["
    for text, comments in zip(texts, above, strict=True):
        yield from (f"    {comment}" for comment in _comments(comments))
        yield f"    {text},"
    yield "]"


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _text(value)
        case Mapping():
            return f"{{ {', '.join(_pairs(value))} }}"
        case _:
            assert isinstance(value, list | tuple)
            return f"[{', '.join(_value(one) for one in value)}]"


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _text(text: str) -> str:
    """Return a string in the spelling that needs the fewest signs."""
    odd = re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
    if odd is None and "\n" in text and "'''" not in text and not text.endswith("'"):
        return f"'''\n{text}'''"
    if (
        odd is None
        and "\n" not in text
        and re.search(r'["\\]', text)
        and "'" not in text
    ):
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
