"""A Python package index: the versions it has of a package (PEP 503, 691, 700)."""

import base64
import json
import re
from collections.abc import Mapping
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from dynbuild.values import dataclass

_SECONDS = 10
_LARGEST = 50_000_000
_FORMS = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"


class UntoldError(OSError):
    """The index gave no usable answer; the message contains no credentials."""


@dataclass(frozen=True, slots=True)
class Index:
    """The index that pip uses in an environment: PIP_INDEX_URL, else PyPI."""

    environment: Mapping[str, str]

    def versions(self, name: str) -> tuple[str, ...]:
        """Return the versions of a package by its PEP 503 name. Raises UntoldError."""
        url = self.environment.get("PIP_INDEX_URL") or "https://pypi.org/simple"
        try:
            parts = urlsplit(url)
        except ValueError:
            raise UntoldError("the index is no URL") from None
        host = parts.netloc.rpartition("@")[2]
        if parts.scheme not in ("http", "https"):
            raise UntoldError(f"the index is no URL of http: {parts.scheme}")
        bare = urlunsplit(
            (parts.scheme, host, f"{parts.path.rstrip('/')}/{name}/", "", "")
        )
        request = Request(bare, headers={"Accept": _FORMS})  # noqa: S310 - see above
        if parts.username:
            words = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            encoded = base64.b64encode(words.encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {encoded}")
        try:
            with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - as above
                kind = answer.headers.get_content_type()
                text = answer.read(_LARGEST).decode("utf-8", "replace")
        except HTTPError as error:
            error.close()
            raise UntoldError(f"{host} answers {error.code}") from None
        except (URLError, HTTPException, OSError):
            raise UntoldError(f"{host} does not answer") from None
        try:
            return _of_json(text) if kind.endswith("json") else _of_html(text)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UntoldError(f"{host} says nothing that is understood") from None


def _of_json(text: str) -> tuple[str, ...]:
    """Return the versions of files that were not yanked."""
    files = json.loads(text)["files"]
    names = [file["filename"] for file in files if not file.get("yanked")]
    return _versions(names)


def _of_html(text: str) -> tuple[str, ...]:
    links = re.findall(r"<a\s([^>]*)>\s*([^<]+?)\s*</a>", text, re.IGNORECASE)
    return _versions([name for tag, name in links if "data-yanked" not in tag])


def _versions(names: list[str]) -> tuple[str, ...]:
    versions: dict[str, None] = {}
    for name in names:
        try:
            if name.endswith(".whl"):
                versions[str(parse_wheel_filename(name)[1])] = None
            else:
                versions[str(parse_sdist_filename(name)[1])] = None
        except (InvalidWheelFilename, InvalidSdistFilename):
            continue
    return tuple(versions)
