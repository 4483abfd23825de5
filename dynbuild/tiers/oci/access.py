"""Authorization: our credentials for a registry, and the tokens that it issued."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from dynbuild.tiers.http.address import is_private
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.oci.challenge import Challenge, challenges
from dynbuild.tiers.oci.credentials import Credentials
from dynbuild.tiers.oci.errors import RegistryError, refusal
from dynbuild.tiers.oci.transport import Ask, Transport

_WORD = re.compile(r"[!-~]{1,65536}")

Scopes = tuple[str, ...]
"""The scopes of a token (distribution spec, "Token Scope"): repository:x:pull."""


def pulling(*repositories: Repository) -> Scopes:
    return tuple(f"repository:{repository.path}:pull" for repository in repositories)


def pushing(repository: Repository, *from_: Repository) -> Scopes:
    """Return the scopes for writing to a repository, with mounts from others."""
    return (f"repository:{repository.path}:pull,push", *pulling(*from_))


def deleting(repository: Repository) -> Scopes:
    return (f"repository:{repository.path}:pull,push,delete",)


class Access:
    """The authorization for one registry; ``who`` gives credentials, once it asks.

    Safe under any number of threads: of those that need a token, one fetches it.
    """

    def __init__(
        self, host: str, transport: Transport, who: Callable[[], Credentials | None]
    ) -> None:
        self._host = host
        self._transport = transport
        self._who = who
        self._resolved: tuple[Credentials | None] | None = None
        self._challenge: Challenge | None = None
        self._headers: dict[Scopes, str] = {}
        self._lock = threading.Lock()

    def header(self, scopes: Scopes) -> str | None:
        """Return the header for a request, as far as is known. Raises RegistryError."""
        if self._challenge is None:
            return None
        if scopes not in self._headers:
            self.renew(scopes, None, self._challenge)
        return self._headers.get(scopes)

    def answer(self, scopes: Scopes, used: str | None, header: str) -> bool:
        """Handle a refused request; return whether a retry has better prospects.

        ``used`` is the authorization that it was sent with, ``header`` the
        WWW-Authenticate of the answer. Raises RegistryError.
        """
        offered = {
            challenge.scheme: challenge for challenge in reversed(challenges(header))
        }
        chosen = offered.get("bearer") or offered.get("basic")
        if chosen is None:
            return False
        self.renew(scopes, used, chosen)
        return self._headers.get(scopes) not in (None, used)

    def renew(self, scopes: Scopes, used: str | None, challenge: Challenge) -> None:
        """Obtain an authorization other than the one that was used."""
        with self._lock:
            self._challenge = challenge
            if self._headers.get(scopes) != used:
                return  # Another thread has renewed it meanwhile.
            self._headers.pop(scopes, None)
            credentials = self._credentials()
            if challenge.scheme == "bearer":
                token = self._token(challenge, scopes, credentials)
                self._headers[scopes] = f"Bearer {token}"
            elif credentials is not None:
                self._headers[scopes] = credentials.basic

    def redact_urls(self, text: str) -> str:
        """Return a text without known secrets, whoever wrote them there."""
        credentials = self._resolved[0] if self._resolved else None
        secrets = [*(credentials.secrets if credentials else ())]
        secrets += [header.partition(" ")[2] for header in [*self._headers.values()]]
        for secret in sorted(secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def _credentials(self) -> Credentials | None:
        if self._resolved is None:
            self._resolved = (self._who(),)
        return self._resolved[0]

    def _token(
        self, challenge: Challenge, scopes: Scopes, credentials: Credentials | None
    ) -> str:
        realm = challenge.parameters.get("realm", "")
        if not is_private(realm):
            raise RegistryError(
                f"{self._host} names a token server that others could listen to"
            )
        parameters = [("scope", scope) for scope in scopes]
        if service := challenge.parameters.get("service"):
            parameters.insert(0, ("service", service))
        ask = self._token_request(realm, parameters, credentials)
        with self._transport.open(ask) as response:
            body = self._transport.read(ask, response)
        if response.status != 200:  # noqa: PLR2004 - of HTTP
            raise refusal(ask.what, response.status, body)
        token = _token_in(body)
        if token is None:
            raise RegistryError(f"{ask.what}: the answer of {realm} has no token in it")
        return token

    def _token_request(
        self,
        realm: str,
        parameters: list[tuple[str, str]],
        credentials: Credentials | None,
    ) -> Ask:
        what = f"getting a token for {self._host}"
        if credentials is not None and credentials.identity_token:
            # Docker's way to use an identity token: OAuth2's refresh (RFC 6749, 6).
            form = {
                **dict(
                    parameters[:1]
                    if parameters and parameters[0][0] == "service"
                    else ()
                ),
                "grant_type": "refresh_token",
                "client_id": "dynbuild",
                "scope": " ".join(
                    value for name, value in parameters if name == "scope"
                ),
                "refresh_token": credentials.identity_token,
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return Ask(what, "POST", realm, headers, urlencode(form).encode())
        mark = "&" if "?" in realm else "?"
        headers = {} if credentials is None else {"Authorization": credentials.basic}
        return Ask(what, "GET", f"{realm}{mark}{urlencode(parameters)}", headers)


def _token_in(body: bytes) -> str | None:
    """Return an answer's token; both names are in use (distribution spec, "Token")."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, Mapping):
        return None
    token = document.get("token") or document.get("access_token")
    # Anything but a word could end the header that it stands in, or be invalid in it.
    return token if isinstance(token, str) and _WORD.fullmatch(token) else None
