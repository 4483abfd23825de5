"""Which records of a shared tier count: those that are signed, where keys are known."""

from collections.abc import Mapping

from dynbuild.ports import Tier
from dynbuild.tiers.declared import Cache
from dynbuild.tiers.guarded import Moved, Open, Tell


def trusting(open_: Open, cache: Cache, environment: Mapping[str, str]) -> Open:
    """Open a tier of which only trusted records count.

    Without keys its layers are checked against its records instead. Raises
    DeclarationError for what is no key.
    """
    names = ("DYNBUILD_SIGNING_KEY", "DYNBUILD_SIGNING_KEY_FILE")
    given = environment.get("DYNBUILD_TRUSTED_KEYS", cache.trusted_keys)
    needed = given or cache.signed_only or any(map(environment.get, names))
    if not needed:
        return _checking(open_)
    # The library takes a while to import, and many have no keys.
    from dynbuild.tiers.keys import signing_key, trusted_keys  # noqa: PLC0415
    from dynbuild.tiers.signed import Signed  # noqa: PLC0415

    trusted = trusted_keys(cache.trusted_keys, environment)
    secret = signing_key(environment)

    def signed(tell: Tell, came: Moved, went: Moved) -> Tier:
        return Signed(open_(tell, came, went), trusted, secret, tell)

    return signed


def _checking(open_: Open) -> Open:
    def checked(tell: Tell, came: Moved, went: Moved) -> Tier:
        from dynbuild.tiers.checked import Checked  # noqa: PLC0415

        return Checked(open_(tell, came, went), tell)

    return checked
