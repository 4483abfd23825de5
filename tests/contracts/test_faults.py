"""Every fault of every operation of a shared tier: the image is right, or made anew."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import Digest, sha256
from dynbuild.errors import Diagnostic, UnreachableError, render
from dynbuild.link.model import Layer, Record
from dynbuild.tiers.http.connections import Timeouts
from dynbuild.tiers.kind import Open, TierConfig
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.s3.tier import S3
from dynbuild.tiers.wrap.chain import Chain
from dynbuild.tiers.wrap.guarded import CircuitBreakerTier
from tests.contracts.test_tiers import NO_INVENTORY
from tests.faults import KINDS, Faulty, Kind, faulty
from tests.s3_servers import (
    ACCESS,
    SECRET,
    Server,
    bucket_name,
    credentials,
    free_port,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dynbuild.building import BuildEvent
    from dynbuild.ports import CountBytes, Notify

AMD = "linux/amd64"
BASE = sha256(b"base")
STEP, OTHER = sha256(b"step"), sha256(b"other")
CONTENT = bytes(range(256)) * 200
IMPATIENT = Timeouts(connect=1.5, answer=1.5, transfer=1.5, pace=1.5)
PATIENT = Timeouts()
HANGS = 60
"""Seconds after which a cell counts as hanging; each takes a few at most."""


@dataclass(frozen=True)
class Operation:
    """What a realization asks of a shared tier, as requests that may go wrong."""

    methods: tuple[str, ...]
    part: str


OPERATIONS = {
    "list records": Operation(("GET",), "list-type=2"),
    "get a record": Operation(("GET",), "/realizations/"),
    "get a blob": Operation(("GET",), "/blobs/"),
    "look for a blob": Operation(("HEAD",), "/blobs/"),
    "put a blob": Operation(("PUT",), "/blobs/"),
    "put a record": Operation(("PUT",), "/realizations/"),
    "anything": Operation(("GET", "HEAD", "PUT", "POST", "DELETE"), ""),
}


@dataclass
class Machine:
    """A store of its own, and shared tiers; what is told here."""

    folder: Path
    fars: list[Open]
    told: list[Diagnostic] = field(default_factory=list)
    required: bool = False
    harm: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.near = Local(self.folder / "store", self.damaged)
        self.chain = self.session()

    def session(self) -> Chain:
        def report(_: BuildEvent) -> None: ...

        guarded = [
            CircuitBreakerTier(
                TierConfig(
                    "s3", f"there{at}", far, NO_INVENTORY, required=self.required
                ),
                self.told.append,
                report,
            )
            for at, far in enumerate(self.fars)
        ]
        return Chain(self.near, guarded, self.folder, lambda: None)

    def damaged(self, what: str) -> None:
        self.harm.append(what)

    def realize(self, step: Digest, content: bytes) -> bytes:
        """The content of a step: taken, else made of ``content``, as realize does it.

        A blob that went away behind its record is a reason to look again.
        """
        out = self.folder / f"out-{step[7:15]}"
        for _ in range(6):
            for held in self.chain.held([step]):
                (layer,) = held.record.layers
                out.unlink(missing_ok=True)
                if self.chain.fetch(layer.digest, str(out)):
                    self.chain.share([held.record])
                    return out.read_bytes()
                break
            else:
                self.make(step, content)
        raise AssertionError("what is put into the store does not stay")

    def make(self, step: Digest, content: bytes) -> None:
        path = self.folder / f"made-{step[7:15]}"
        path.write_bytes(content)
        blob = sha256(content)
        self.chain.keep(blob, str(path))
        layer = Layer(sha256(b"tar" + content), blob, len(content))
        record = Record(step, step, AMD, (layer,), {}, on=(BASE,))
        self.chain.record(record)


def tier(
    server: Server,
    bucket: str,
    endpoint: str | None = None,
    timeouts: Timeouts | None = None,
) -> Open:
    """The tier as it is, or by an endpoint that is not waited for so long."""
    timeouts = timeouts or (IMPATIENT if endpoint else PATIENT)
    there = Server(server.name, endpoint or server.endpoint)

    def open_(tell: Notify, came: CountBytes, went: CountBytes) -> S3:
        with credentials(there):
            return S3(there.settings(bucket), tell, came, went, timeouts)

    return open_


def within(seconds: float, work: Callable[[], object]) -> None:
    """Do it, or fail because it hangs."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it hangs"
    if errors:
        raise errors[0]


@pytest.fixture
def server(rclone_server: Server) -> Server:
    return rclone_server


@pytest.fixture
def proxy(server: Server) -> Iterator[Faulty]:
    with faulty(server.endpoint) as one:
        yield one


def set_up(proxy: Faulty, kind: Kind, operation: str) -> None:
    wrong = OPERATIONS[operation]
    proxy.kind, proxy.methods, proxy.part = kind, wrong.methods, wrong.part


def discreetly(told: list[Diagnostic]) -> None:
    text = "\n".join(map(render, told))
    assert SECRET not in text
    assert ACCESS not in text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_fault_costs_one_warning(
    server: Server, proxy: Faulty, kind: Kind, operation: str, tmp_path: Path
) -> None:
    bucket = bucket_name()
    one = Machine(tmp_path / "one", [tier(server, bucket)])
    assert one.realize(STEP, CONTENT) == CONTENT
    one.chain.finish()
    set_up(proxy, kind, operation)
    two = Machine(tmp_path / "two", [tier(server, bucket, proxy.endpoint)])

    def work() -> None:
        assert two.realize(STEP, CONTENT) == CONTENT
        assert two.realize(OTHER, CONTENT[::-1]) == CONTENT[::-1]
        two.chain.finish()

    within(HANGS, work)
    assert len(two.told) <= 1
    assert two.harm == []
    discreetly(two.told)
    # What is left there does no harm to anyone, and is made whole by those who meet it:
    # first a record that nobody can read, then the blob behind it.
    for turn in ("three", "four", "five"):
        other = Machine(tmp_path / turn, [tier(server, bucket)])
        assert other.realize(STEP, CONTENT) == CONTENT
        assert other.realize(OTHER, CONTENT[::-1]) == CONTENT[::-1]
        other.chain.finish()
    assert other.told == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", ["list records", "get a record", "get a blob"])
def test_the_next_tier_gives_what_the_first_does_not(
    server: Server, proxy: Faulty, kind: Kind, operation: str, tmp_path: Path
) -> None:
    near, far = bucket_name(), bucket_name()
    one = Machine(tmp_path / "one", [tier(server, near), tier(server, far)])
    one.realize(STEP, CONTENT)
    one.chain.finish()
    set_up(proxy, kind, operation)
    fars = [tier(server, near, proxy.endpoint), tier(server, far)]
    two = Machine(tmp_path / "two", fars)

    def work() -> None:
        # Made anew it would be something else.
        assert two.realize(STEP, b"something else") == CONTENT
        two.chain.finish()

    within(HANGS, work)
    assert len(two.told) <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_required_tier_ends_the_command(
    server: Server, proxy: Faulty, kind: Kind, tmp_path: Path
) -> None:
    bucket = bucket_name()
    set_up(proxy, kind, "put a record")
    far = tier(server, bucket, proxy.endpoint)
    one = Machine(tmp_path / "one", [far], required=True)

    def work() -> None:
        one.realize(STEP, CONTENT)
        one.chain.finish()

    # What nobody can tell from an answer is found when it is read.
    if kind in ("reset", "corrupt", "truncated", "wrong digest", "slow"):
        within(HANGS, work)
        return
    with pytest.raises(UnreachableError) as caught:
        within(HANGS, work)
    assert caught.value.exit_code == 4
    assert one.told == []
    discreetly([*caught.value.diagnostics])


LOCAL_FAULTS: dict[str, Callable[[Path, bytes], object]] = {
    "missing": lambda path, _: path.unlink(),
    "corrupt": lambda path, data: path.write_bytes(data[:40] + b"?" + data[41:]),
    "truncated": lambda path, data: path.write_bytes(data[: len(data) // 2]),
    "empty": lambda path, _: path.write_bytes(b""),
    "longer": lambda path, data: path.write_bytes(data + b"more"),
    "wrong digest": lambda path, data: path.write_bytes(bytes(x ^ 1 for x in data)),
    "a dangling link": lambda path, _: (path.unlink(), path.symlink_to("nowhere")),
}


@pytest.mark.parametrize("fault", LOCAL_FAULTS)
@pytest.mark.parametrize("where", ["blobs", "realizations"])
@pytest.mark.parametrize("helped", [True, False], ids=["with S3", "alone"])
def test_a_fault_of_the_local_tier(
    server: Server, fault: str, where: str, tmp_path: Path, *, helped: bool
) -> None:
    fars = [tier(server, bucket_name())] if helped else []
    one = Machine(tmp_path / "one", fars)
    assert one.realize(STEP, CONTENT) == CONTENT
    one.chain.finish()
    for path in (one.folder / "store" / where).glob("*/*"):
        path.chmod(0o644)
        LOCAL_FAULTS[fault](path, path.read_bytes())
    one.near = Local(one.folder / "store", one.damaged)
    one.chain = one.session()
    anew = b"made anew"
    assert one.realize(STEP, anew) == (CONTENT if helped else anew)
    one.chain.finish()
    unseen = where == "realizations" and fault in ("missing", "a dangling link")
    assert bool(one.harm) == (not unseen)
    assert one.told == []
    one.harm.clear()
    assert one.realize(STEP, b"") == (CONTENT if helped else anew)
    assert one.harm == []


def test_a_narrow_uplink_is_no_fault(server: Server, tmp_path: Path) -> None:
    content = bytes(range(256)) * (20 << 12)
    bucket = bucket_name()
    with faulty(server.endpoint, intake=0.02) as proxy:
        far = tier(server, bucket, proxy.endpoint, PATIENT)
        one = Machine(tmp_path / "one", [far])
        assert one.realize(STEP, content) == content
        one.chain.finish()
    assert one.told == []
    two = Machine(tmp_path / "two", [tier(server, bucket)])
    assert two.realize(STEP, b"something else") == content


def test_a_closed_port_is_told_once(server: Server, tmp_path: Path) -> None:
    far = tier(server, "bucket", f"127.0.0.1:{free_port()}")
    one = Machine(tmp_path / "one", [far])
    for step in (STEP, OTHER):
        assert one.realize(step, CONTENT) == CONTENT
    one.chain.finish()
    assert [diagnostic.code for diagnostic in one.told] == ["DB0604"]
    assert one.told[0].message == "the s3 tier there0 failed: it refuses connections"
