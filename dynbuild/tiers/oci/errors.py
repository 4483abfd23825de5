"""Errors of a registry, in its own words when it refuses, in ours when it is silent."""

import json
from collections.abc import Mapping

from dynbuild.errors import clean


class RegistryError(Exception):
    """A registry that refused, failed or did not answer.

    ``status`` and ``codes`` (of the distribution spec) are those of its answer; without
    an answer there is no status. ``retryable``: trying again later may help;
    ``broke_off``: trying again at once may help, from where it broke off.
    """

    def __init__(
        self,
        words: str,
        *,
        status: int | None = None,
        codes: tuple[str, ...] = (),
        retryable: bool = False,
        broke_off: bool = False,
    ) -> None:
        super().__init__(words)
        self.status = status
        self.codes = codes
        self.retryable = retryable
        self.broke_off = broke_off

    def saying(self, words: str) -> "RegistryError":
        """Return the same error in other words."""
        return RegistryError(
            words,
            status=self.status,
            codes=self.codes,
            retryable=self.retryable,
            broke_off=self.broke_off,
        )


def refusal(what: str, status: int, body: bytes) -> RegistryError:
    """Return the error for an answer that refuses ``what``, in the server's words."""
    codes, words = _codes_and_words(body)
    numbers = " ".join([str(status), *codes])
    text = f"{what}: {words} ({numbers})" if words else f"{what}: status {numbers}"
    again = status in (408, 429) or status >= 500  # noqa: PLR2004 - of HTTP
    return RegistryError(
        text,
        status=status,
        codes=codes,
        retryable=again,
        broke_off=status in (500, 502, 503, 504),
    )


def _codes_and_words(body: bytes) -> tuple[tuple[str, ...], str]:
    """Return an answer's codes and messages (distribution spec, "Error Codes")."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return (), ""
    if not isinstance(document, Mapping):
        return (), ""
    errors = document.get("errors")
    if not isinstance(errors, list):
        # The token servers of Docker and GitHub say it this way.
        details = document.get("details") or document.get("error") or ""
        return (), clean(details) if isinstance(details, str) else ""
    named = [entry for entry in errors if isinstance(entry, Mapping)]
    codes = [clean(str(entry["code"])) for entry in named if entry.get("code")]
    words = [clean(str(entry["message"])) for entry in named if entry.get("message")]
    return tuple(dict.fromkeys(codes)), "; ".join(dict.fromkeys(words))
