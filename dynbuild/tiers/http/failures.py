"""Failures of the network in words, as predicates of the server: "refuses …"."""

import socket
import ssl

from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from dynbuild.errors import clean
from dynbuild.tiers.http.connections import AnswerError

OF_THE_NET = (ConnectionError, TimeoutError, ssl.SSLError, socket.gaierror)
"""Other OSErrors are of the disk, of whoever reads or writes a body meanwhile."""

BROKE_OFF = "ended the connection half-way"
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (NameResolutionError, "is a name that nobody knows"),
    (ConnectTimeoutError, "takes no connection"),
    (ReadTimeoutError, "does not answer in time"),
    (TimeoutError, "does not answer in time"),
    (ProxyError, "is not reached through the proxy"),
    (SSLError, "does not speak TLS as it should"),
    (ssl.SSLError, "does not speak TLS as it should"),
    (NewConnectionError, "cannot be reached"),
)


def reason(error: BaseException) -> str:
    """Return an error in our words: urllib3's show whole addresses, Python objects."""
    if isinstance(error, MaxRetryError) and error.reason is not None:
        return reason(error.reason)
    if isinstance(error, AnswerError):
        return str(error)
    bottom = innermost(error)
    if isinstance(bottom, ssl.SSLCertVerificationError):
        words = clean(bottom.verify_message)
        return f"shows a certificate that is not trusted: {words}"
    if isinstance(bottom, ConnectionRefusedError):
        return "refuses connections"
    matches = (words for kind, words in _WORDS if isinstance(error, kind))
    return next(matches, BROKE_OFF)


def innermost(error: BaseException) -> BaseException:
    """Return the innermost cause of an error: urllib3 wraps it several times."""
    inner = next((a for a in error.args if isinstance(a, BaseException)), None)
    deeper = error.__cause__ or inner or error.__context__
    return innermost(deeper) if deeper else error
