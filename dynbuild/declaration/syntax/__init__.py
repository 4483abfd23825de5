"""Syntaxes of a declaration: detection by file name, and decoding of bytes."""

from posixpath import splitext
from typing import Literal

from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.spans import Source, Span

Syntax = Literal["toml", "json", "yaml", "nix"]

SUFFIXES: dict[str, Syntax] = {
    ".toml": "toml",
    ".json": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".nix": "nix",
}

MAX_SIZE = 4 * 1024 * 1024
"""Bytes of a file: 10,000 stages take about one MiB; bounds the time to read."""


def syntax_of(path: str) -> Syntax:
    """Return the syntax that a file's name implies."""
    suffix = splitext(path)[1].lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    known = ", ".join(SUFFIXES)
    what = f"the suffix {suffix!r} is" if suffix else "a file without a suffix is"
    raise DeclarationError(
        Diagnostic(
            "DB0108",
            f"{path}: {what} not known for a declaration",
            hint=f"name the file with one of {known}",
        )
    )


def decode(name: str, data: bytes) -> Source:
    """Decode a file's bytes: UTF-8, of bounded size, without a byte order mark."""
    bounded(name, len(data))
    try:
        return Source(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        start = error.start + 3 * data.startswith(b"\xef\xbb\xbf")
        text = data.decode("utf-8-sig", errors="replace")
        offset = len(data[:start].decode("utf-8-sig", errors="replace"))
        raise DeclarationError(
            Diagnostic(
                "DB0106",
                f"not UTF-8: byte 0x{data[start]:02x} at offset {start}",
                Span(Source(name, text), offset, offset + 1),
                "save the file as UTF-8",
            )
        ) from None


def bounded(name: str, size: int) -> None:
    """Refuse a file that is too large for a declaration."""
    if size > MAX_SIZE:
        message = f"{name}: {size:,} bytes are too many for a declaration"
        hint = f"a declaration has at most {MAX_SIZE // 1024**2} MiB"
        raise DeclarationError(Diagnostic("DB0107", message, hint=hint))
