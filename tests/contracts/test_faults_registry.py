"""Every fault of every operation of the registry tier: as of the S3 tier."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from dynbuild.errors import UnreachableError
from dynbuild.tiers.http.connections import Timeouts
from dynbuild.tiers.oci.address import Repository
from dynbuild.tiers.registry.tier import Registry
from tests.contracts.test_faults import (
    CONTENT,
    HANGS,
    OTHER,
    STEP,
    Machine,
    Operation,
    within,
)
from tests.faults import KINDS, Faulty, Kind, faulty

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dynbuild.ports import CountBytes, Notify
    from dynbuild.tiers.kind import Open
    from tests.oci_servers import Served

IMPATIENT = Timeouts(connect=1.5, answer=1.5, transfer=1.5, pace=1.5)
PATIENT = Timeouts()
LARGE = CONTENT * 90
"""So much that it is not uploaded in one piece."""

SURE = [
    kind
    for kind in KINDS
    if kind not in ("reset", "corrupt", "truncated", "wrong digest", "slow")
]
"""What is seen at once, where something is put."""

OPERATIONS = {
    "look up a step": Operation(("GET",), "/manifests/"),
    "get a blob": Operation(("GET",), "/blobs/"),
    "look for a blob": Operation(("HEAD",), "/blobs/"),
    "begin an upload": Operation(("POST",), "/uploads/"),
    "send a large blob": Operation(("PATCH",), "/uploads/"),
    "end an upload": Operation(("PUT",), "/uploads/"),
    "put a record": Operation(("PUT",), "/manifests/"),
    "anything": Operation(("GET", "HEAD", "PUT", "POST", "PATCH"), ""),
}


def tier(host: str, path: str, timeouts: Timeouts = PATIENT) -> Open:
    def open_(tell: Notify, came: CountBytes, went: CountBytes) -> Registry:
        nobody = {"DOCKER_CONFIG": "/nowhere"}
        return Registry(Repository(host, path), nobody, tell, came, went, timeouts)

    return open_


@pytest.fixture
def proxy(plain_registry: Served) -> Iterator[Faulty]:
    with faulty(plain_registry.host) as one:
        yield one


@dataclass(frozen=True)
class There:
    """A repository that is as it should be, and the same behind a proxy."""

    host: str
    proxy: Faulty
    path: str

    def sound(self, more: str = "") -> Open:
        return tier(self.host, self.path + more)

    def faulty(self, kind: Kind, operation: str) -> Open:
        wrong = OPERATIONS[operation]
        self.proxy.kind = kind
        self.proxy.methods, self.proxy.part = wrong.methods, wrong.part
        return tier(self.proxy.endpoint, self.path, IMPATIENT)


@pytest.fixture
def there(plain_registry: Served, proxy: Faulty) -> There:
    return There(plain_registry.host, proxy, f"faults/{uuid4().hex}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_fault_costs_one_warning(
    there: There, kind: Kind, operation: str, tmp_path: Path
) -> None:
    one = Machine(tmp_path / "one", [there.sound()])
    assert one.realize(STEP, CONTENT) == CONTENT
    one.chain.finish()
    two = Machine(tmp_path / "two", [there.faulty(kind, operation)])
    other = (LARGE if operation == "send a large blob" else CONTENT)[::-1]

    def work() -> None:
        assert two.realize(STEP, CONTENT) == CONTENT
        assert two.realize(OTHER, other) == other
        two.chain.finish()

    within(HANGS, work)
    assert len(two.told) <= 1
    assert two.harm == []
    for turn in ("three", "four", "five"):
        later = Machine(tmp_path / turn, [there.sound()])
        assert later.realize(STEP, CONTENT) == CONTENT
        assert later.realize(OTHER, other) == other
        later.chain.finish()
    assert later.told == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", ["look up a step", "get a blob"])
def test_the_next_tier_gives_what_the_first_does_not(
    there: There, kind: Kind, operation: str, tmp_path: Path
) -> None:
    one = Machine(tmp_path / "one", [there.sound(), there.sound("-far")])
    one.realize(STEP, CONTENT)
    one.chain.finish()
    fars = [there.faulty(kind, operation), there.sound("-far")]
    two = Machine(tmp_path / "two", fars)

    def work() -> None:
        # Made anew it would be something else.
        assert two.realize(STEP, b"something else") == CONTENT
        two.chain.finish()

    within(HANGS, work)
    assert len(two.told) <= 1


@pytest.mark.parametrize("kind", SURE)
def test_a_required_tier_ends_the_command(
    there: There, kind: Kind, tmp_path: Path
) -> None:
    far = there.faulty(kind, "put a record")
    one = Machine(tmp_path / "one", [far], required=True)

    def work() -> None:
        one.realize(STEP, CONTENT)
        one.chain.finish()

    with pytest.raises(UnreachableError) as caught:
        within(HANGS, work)
    assert caught.value.exit_code == 4
    assert one.told == []


def test_a_narrow_uplink_is_no_fault(plain_registry: Served, tmp_path: Path) -> None:
    path = f"faults/{uuid4().hex}"
    with faulty(plain_registry.host, intake=0.05) as proxy:
        narrow = tier(proxy.endpoint, path, Timeouts(answer=2.0))
        one = Machine(tmp_path / "one", [narrow])
        assert one.realize(STEP, LARGE) == LARGE
        one.chain.finish()
    assert one.told == []
    two = Machine(tmp_path / "two", [tier(plain_registry.host, path)])
    assert two.realize(STEP, b"something else") == LARGE


def test_writers_of_one_step_at_once(there: There, tmp_path: Path) -> None:
    """Whatever record is lost when two undo one another, what is there is whole."""
    machines = [Machine(tmp_path / str(number), [there.sound()]) for number in range(4)]
    writers = [
        threading.Thread(target=one.make, args=(STEP, CONTENT + bytes([number])))
        for number, one in enumerate(machines)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    for one in machines:
        one.chain.finish()
    last = Machine(tmp_path / "last", [there.sound()])
    assert last.realize(STEP, b"")[: len(CONTENT)] == CONTENT
