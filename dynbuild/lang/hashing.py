"""Digests: of data, and written in the ways that Nix writes them."""

import binascii
import hashlib
import re

from dynbuild.errors import did_you_mean
from dynbuild.lang.failure import Failure

SIZES = {"md5": 16, "sha1": 20, "sha256": 32, "sha512": 64}
"""The bytes of a digest, by algorithm."""

_LETTERS = "0123456789abcdfghijklmnpqrsvwxyz"
"""The digits of Nix's own base 32, without e, o, t and u."""
_ALIASES = {"base32": "nix32"}


def digest(algorithm: str, data: bytes) -> str:
    """Return a digest in base 16."""
    _size(algorithm)
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()


def _size(algorithm: str) -> int:
    if algorithm not in SIZES:
        raise Failure(
            "DB0219",
            f"unknown hash algorithm '{algorithm}'",
            hint=did_you_mean(algorithm, tuple(SIZES))
            or f"there are {', '.join(SIZES)}",
        )
    return SIZES[algorithm]


def converted(text: str, algorithm: str | None, form: str) -> str:
    """Return a digest in another form: base16, nix32, base64 or sri."""
    form = _ALIASES.get(form, form)
    if form not in _WRITERS and form != "sri":
        raise Failure(
            "DB0219",
            f"there is no form of digests '{form}'",
            hint="base16, nix32, base64 or sri",
        )
    prefix, separator, rest = _split(text)
    if separator and algorithm not in {None, prefix}:
        raise Failure("DB0219", f"the digest '{text}' is not of {algorithm}")
    algorithm = prefix if separator else algorithm
    if algorithm is None:
        raise Failure(
            "DB0219",
            f"the digest '{text}' does not say its algorithm",
            hint='give it: hashAlgo = "sha256";',
        )
    data = _read(rest, _size(algorithm), is_sri=separator == "-")
    if data is None:
        raise Failure("DB0219", f"'{text}' is no digest of {algorithm}")
    if form == "sri":
        return f"{algorithm}-{_base64(data)}"
    return _WRITERS[form](data)


def _split(text: str) -> tuple[str, str, str]:
    match = re.match(r"([a-z0-9]+)([:-])", text)
    if match is None:
        return "", "", text
    return match[1], match[2], text[match.end() :]


def _read(text: str, size: int, *, is_sri: bool) -> bytes | None:
    """Return the bytes of a digest; the length of its text tells how it is written."""
    try:
        if not is_sri and len(text) == size * 2:
            return bytes.fromhex(text) if re.fullmatch("[0-9a-fA-F]+", text) else None
        if not is_sri and len(text) == _length32(size):
            return _from_base32(text, size)
        body = text.partition("=")[0]
        data = binascii.a2b_base64(body + "=" * (-len(body) % 4), strict_mode=True)
    except ValueError:
        return None
    return data if len(data) == size else None


def _length32(size: int) -> int:
    return (size * 8 - 1) // 5 + 1


def _from_base32(text: str, size: int) -> bytes | None:
    number = 0
    for letter in text:
        number = number << 5 | _LETTERS.index(letter)
    return number.to_bytes(size, "little") if number.bit_length() <= size * 8 else None


def _base32(data: bytes) -> str:
    number = int.from_bytes(data, "little")
    shifts = range((_length32(len(data)) - 1) * 5, -1, -5)
    return "".join(_LETTERS[number >> shift & 31] for shift in shifts)


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _base16(data: bytes) -> str:
    return data.hex()


_WRITERS = {"base16": _base16, "nix32": _base32, "base64": _base64}
