"""Layers that do not tell when they were made: what is left out of them or rewritten.

Managers write some files again on every run, and nothing stands on their content
(``link.uncounted``): these are left out. What a system keeps of the time beside the
times of files is set to the one time that all files get.
"""

import re
import struct

from dynbuild.link.uncounted import uncounted

_DAY = 86_400
_OF_RUN = re.compile(
    # Who logged in, what programs were told while they were set up, the identity of a
    # machine, and the seed of its random numbers.
    r"var/log/(?:lastlog|faillog|[wb]tmp|(?:fontconfig|bootstrap)\.log)"
    r"|var/lib/(?:dbus/machine-id|systemd/random-seed)"
)
_MACHINE = "etc/machine-id"
_SHADOW = re.compile(r"etc/shadow-?")
_DIGITS = 18
_CACHED = re.compile(r"(?:.+/)?__pycache__/[^/]+\.pyc")
_BY_TIME = 0
"""The flags of byte code that names its source by time and size (PEP 552)."""
_HEADER = struct.Struct("<2xHIII")
"""Its header: a magic number that ends in CR LF, the flags, the time, the size."""
_CR_LF = 0x0A0D


def is_of_its_run(path: str, head: bytes = b"") -> bool:
    """Whether a file is about the run that wrote it, so that nobody misses it.

    ``head`` is the start of its content, as ``may_be_cached`` asks for it: byte code
    that Python kept for itself, of a source as it was at one time, which the source has
    no more in the image. Byte code that was compiled for the image tells no time, since
    it is compiled with SOURCE_DATE_EPOCH.
    """
    if may_be_cached(path):
        return _time_of(head) is not None
    return uncounted(path) or _OF_RUN.fullmatch(path) is not None


def may_be_cached(path: str) -> bool:
    """Whether a file is byte code beside its source, by its path."""
    return _CACHED.fullmatch(path) is not None


def may_tell_time(path: str) -> bool:
    """Whether ``timeless`` may change the content of a file at a path."""
    is_known = path == _MACHINE or _SHADOW.fullmatch(path) is not None
    return is_known or path.endswith(".pyc")


def timeless(path: str, data: bytes, time: int) -> bytes:
    """Return the content of a file with no later time in it, in Unix seconds.

    Of /etc/shadow that is the day of the last change of each password; of Python's byte
    code the time of its source, which nobody compares where there is none. A machine's
    id is made when one starts that has none.
    """
    if path == _MACHINE:
        return b""
    if path.endswith(".pyc"):
        return _byte_code(data, time)
    return b"\n".join(_account(line, time // _DAY) for line in data.split(b"\n"))


def _account(line: bytes, day: int) -> bytes:
    fields = line.split(b":")
    _, _, changed, *_ = (*fields, b"", b"", b"")
    # Python reads no number of thousands of digits, which a layer may have.
    if changed.isdigit() and (len(changed) > _DIGITS or int(changed) > day):
        fields[2] = b"%d" % day
    return b":".join(fields)


def _byte_code(data: bytes, time: int) -> bytes:
    if _time_of(data) is None:
        return data
    return data[:8] + (time & 0xFFFF_FFFF).to_bytes(4, "little") + data[12:]


def _time_of(byte_code: bytes) -> int | None:
    """Return the time of the source that byte code names, if it does."""
    if len(byte_code) < _HEADER.size:
        return None
    end, flags, time, _ = _HEADER.unpack_from(byte_code)
    return int(time) if (end, flags) == (_CR_LF, _BY_TIME) else None


HEAD = _HEADER.size
"""Bytes that ``is_of_its_run`` needs of a file."""
