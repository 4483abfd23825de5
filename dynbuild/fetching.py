"""What commands ask of an address: the digest of what is there, or why it is not."""

from collections.abc import Callable

from dynbuild.digest import Digest


class FetchError(Exception):
    """An address gave no content; the message says why.

    ``answered``: its server did, so that asking again later changes nothing.
    """

    def __init__(self, why: str, *, answered: bool = True) -> None:
        super().__init__(why)
        self.answered = answered


Download = Callable[[str], bytes | None]
"""Returns the content at an address, None where there is none. Raises FetchError."""

Fetch = Callable[[str], Digest | None]
"""Returns the digest of the content at an address, None where there is none.

Raises FetchError.
"""
