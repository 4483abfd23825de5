"""The steps of an earlier lock under the names that they have now."""

from collections.abc import Mapping

from dynbuild.digest import Description, digest_of
from dynbuild.explain.past import Before
from dynbuild.lock.model import Lock
from dynbuild.lock.renames import continued


def as_before(old: Lock, lock: Lock, described: Mapping[str, Description]) -> Before:
    """What steps were, by the ids that they have now; renames are followed.

    ``described`` holds the descriptions of the earlier lock's steps by their ids then.
    """
    now = {was: name for name, was in continued(old, lock).items()}
    digests, ids = {}, {}
    for was, description in described.items():
        digest = digest_of(description)
        if was in now or was not in old.stages:
            name = now.get(was, was)
            digests[name] = digest
        else:
            name = f"{was} (left)" if was in lock.stages else was
        ids[digest] = name
    return Before(
        digests=digests,
        described={digest_of(told): told for told in described.values()},
        ids=ids,
    )
