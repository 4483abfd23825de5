"""The trust of a run: which tiers its user named, and whose signatures count."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dynbuild.ports import CountBytes, Notify, Tier
from dynbuild.tiers.declared import Cache
from dynbuild.tiers.kind import Open

if TYPE_CHECKING:
    from dynbuild.signature import PublicKey, SecretKey


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys whose signatures count, and the key that signs, if there is one."""

    trusted: tuple["PublicKey", ...]
    secret: "SecretKey | None"

    @property
    def counting(self) -> tuple["PublicKey", ...]:
        """The keys that count: nobody vouches for what they would not accept."""
        return (*self.trusted, *([self.secret.public] if self.secret else ()))


def keys_of(cache: Cache, environment: Mapping[str, str]) -> Keys | None:
    """Return the keys of a run; None if unsigned records count as well.

    Raises DeclarationError for an invalid key.
    """
    names = ("DYNBUILD_SIGNING_KEY", "DYNBUILD_SIGNING_KEY_FILE")
    given = environment.get("DYNBUILD_TRUSTED_KEYS", cache.trusted_keys)
    needed = given or cache.signed_only or any(map(environment.get, names))
    if not needed:
        return None
    # The library takes a while to import, and many have no keys.
    from dynbuild.tiers.keys import signing_key, trusted_keys  # noqa: PLC0415

    trusted = trusted_keys(cache.trusted_keys, environment)
    return Keys(trusted, signing_key(environment))


def trusting(open_: Open, keys: Keys | None) -> Open:
    """Return an opener of a tier of which only trusted records count.

    Without keys its layers are checked against its records instead.
    """
    if keys is None:
        return _checking(open_)
    from dynbuild.tiers.wrap.signed import Signed  # noqa: PLC0415 - as above

    def signed(tell: Notify, came: CountBytes, went: CountBytes) -> Tier:
        return Signed(open_(tell, came, went), keys.trusted, keys.secret, tell)

    return signed


def _checking(open_: Open) -> Open:
    def checked(tell: Notify, came: CountBytes, went: CountBytes) -> Tier:
        from dynbuild.tiers.wrap.checked import Checked  # noqa: PLC0415

        return Checked(open_(tell, came, went), tell)

    return checked
