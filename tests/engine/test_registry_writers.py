"""Many who write to a registry tier at once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from dynbuild.digest import sha256
from dynbuild.link.model import Record
from dynbuild.tiers.daemon_threads import parallel_map
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.registry.tier import Registry
from tests.contracts.tiers import AMD
from tests.oci_proxy import proxied

if TYPE_CHECKING:
    from tests.oci_servers import Served


def test_what_many_records_have_is_uploaded_once(
    plain_registry: Served,
) -> None:
    """docker-registry does not know a blob for a moment that it gets twice at once."""
    steps = [sha256(b"%d" % number) for number in range(12)]
    with proxied(plain_registry.host) as proxy:
        place = Repository(proxy.host, f"writers/{uuid4().hex}")
        tier = Registry(place, {"DOCKER_CONFIG": "/nowhere"}, print)
        parallel_map(
            lambda step: tier.record(Record(step, step, AMD, (), {}, seconds=1.0)),
            steps,
            6,
        )
        assert len(tier.find(steps)) == len(steps)
    # The write set, and the config of what has none.
    assert proxy.count("POST", "/blobs/uploads/") == 2
