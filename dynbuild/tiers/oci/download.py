"""Downloads: to a file that appears once it is whole, resumed where they broke off."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import mkstemp
from typing import IO

from urllib3.response import BaseHTTPResponse

from dynbuild.digest import BlobDigest
from dynbuild.tiers.oci.access import Scopes
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.oci.session import Session
from dynbuild.tiers.oci.transport import Ask
from dynbuild.values import dataclass

_OK, _PARTIAL, _MISSING = 200, 206, 404
_TRIES = 3
"""How often in a row a download may break off without another byte."""


class DamagedError(Exception):
    """The downloaded content is not the blob that was requested."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A blob: its request, and its maximum number of bytes, if that is known.

    ``came`` gets the number of bytes received.
    """

    ask: Ask
    scopes: Scopes
    blob: BlobDigest
    most: int | None
    came: Callable[[int], None]


def download(session: Session, wanted: Wanted, path: str) -> bool:
    """Download a blob to a path; return False if it is not there.

    Raises DamagedError, RegistryError, OSError; then nothing is at the path.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = mkstemp(prefix=".", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            if not _into(session, wanted, file):
                return False
        Path(name).rename(target)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
    return True


def _into(session: Session, wanted: Wanted, file: IO[bytes]) -> bool:
    """Write a blob to an empty file, resuming at its end after each interruption."""
    digest = hashlib.sha256()
    tries = 0
    while True:
        offset = file.tell()
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        ask = replace(wanted.ask, headers=headers)
        try:
            with session.open(ask, wanted.scopes) as response:
                if response.status == _MISSING:
                    return False
                _check(session, ask, response, offset)
                if response.status == _OK and offset:
                    # The server supports no ranges and begins anew.
                    digest = hashlib.sha256()
                    file.seek(0)
                    file.truncate()
                for chunk in session.chunks(response):
                    file.write(chunk)
                    digest.update(chunk)
                    wanted.came(len(chunk))
                    if wanted.most is not None and file.tell() > wanted.most:
                        raise DamagedError
        except RegistryError as error:
            tries = 0 if file.tell() > offset else tries + 1
            if not error.broke_off or not file.tell() or tries == _TRIES:
                raise
            continue
        if f"sha256:{digest.hexdigest()}" != wanted.blob:
            raise DamagedError
        return True


def _check(session: Session, ask: Ask, response: BaseHTTPResponse, offset: int) -> None:
    """Raise RegistryError for an answer that is not the content from an offset on."""
    if response.status not in (_OK, _PARTIAL):
        raise session.refusal(ask, response.status, session.read(ask, response))
    content_range = response.headers.get("Content-Range", "")
    if response.status == _PARTIAL and not content_range.startswith(f"bytes {offset}-"):
        raise RegistryError(f"{ask.what}: the registry gives another part than asked")
