"""Runs that take, build and share records, each as the environment sets it up.

All but the engine is real: the tiers, the store, what is believed, what is signed.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from dynbuild.commands import cache as cache_verb
from dynbuild.digest import Digest, sha256
from dynbuild.link.model import Layer, Record
from dynbuild.tiers.declared import Cache
from dynbuild.tiers.local.inventory import LocalInventory
from dynbuild.tiers.local.machine import LocalMachine
from dynbuild.tiers.local.tier import Local
from dynbuild.tiers.seal import seal_key
from dynbuild.tiers.settings import shared, trust_of
from dynbuild.tiers.wrap.chain import Chain
from dynbuild.tiers.wrap.guarded import CircuitBreakerTier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dynbuild.errors import Diagnostic

AMD = "linux/amd64"
Environment = dict[str, str]


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def layer_of(content: bytes) -> Layer:
    return Layer(sha256(content), sha256(packed(content)), len(packed(content)))


def step() -> Digest:
    """A step that nobody built yet."""
    return sha256(uuid4().bytes)


@dataclass
class Run:
    """One run of dynbuild: its tiers as one, and what it told."""

    folder: Path
    near: Local
    chain: Chain
    told: list[Diagnostic] = field(default_factory=list)

    def holds(self, step: Digest) -> list[bytes]:
        """The content of a step in every record that counts."""
        return [self._content(one.record) for one in self.chain.held([step])]

    def record(self, step: Digest) -> Record:
        return self.chain.held([step])[0].record

    def build(self, step: Digest, content: bytes, *below: Record) -> Record:
        """Build a step, as realize does it: on some records that are held."""
        record = Record(
            step,
            step,
            AMD,
            (layer_of(content),),
            {},
            on=tuple(sorted(one.id for one in below)),
        )
        return self.keep(content, record)

    def copy(self, step: Digest, content: bytes, source: Record) -> Record:
        """Build a step that copies from a record."""
        record = Record(
            step,
            step,
            AMD,
            (layer_of(content),),
            {},
            sources=((source.placed, source.id),),
        )
        return self.keep(content, record)

    def keep(self, content: bytes, record: Record) -> Record:
        path = self.folder / uuid4().hex
        path.write_bytes(packed(content))
        self.chain.keep(sha256(packed(content)), str(path))
        self.chain.expect([record])
        self.chain.record(record)
        return record

    def end(self) -> None:
        """All that can be is shared, as at the end of every run."""
        self.chain.finish()

    def push_all(self) -> None:
        """``dynbuild cache push --all``."""
        cache_verb.push(self.chain, cache_verb.steps_in(LocalInventory(self.near.root)))
        self.end()

    def pull(self, step: Digest) -> int:
        """``dynbuild cache pull``."""
        return cache_verb.pull(self.chain, {step})

    @property
    def machine(self) -> LocalMachine:
        return LocalMachine(self.near, lambda _: None)

    def _content(self, record: Record) -> bytes:
        (layer,) = record.layers
        path = self.folder / uuid4().hex
        assert self.chain.fetch(layer.digest, str(path))
        return gzip.decompress(path.read_bytes())


@dataclass
class User:
    """Somebody on a machine: a state directory of their own, and a store."""

    folder: Path
    store: Path

    def run(self, environment: Mapping[str, str], cache: Cache | None = None) -> Run:
        """A run; ``cache`` is what counts of a declaration."""
        folder = self.folder / uuid4().hex
        folder.mkdir(parents=True)
        told: list[Diagnostic] = []
        seal = seal_key(self.folder / "state/seal", ignore)
        cache = cache or Cache()
        trust = trust_of(cache, environment, seal)
        near = Local(self.store, ignore, trust)
        fars = [
            CircuitBreakerTier(far, told.append, ignore)
            for far in shared(cache, environment)
        ]
        return Run(folder, near, Chain(near, fars, folder, lambda: None), told)


def ignore(_: object) -> None: ...


def forged(run: Run, step: Digest, content: bytes, **said: object) -> Record:
    """Put a record of something else into the tiers of a run."""
    record = Record(step, step, AMD, (layer_of(content),), {})
    made = run.keep(content, replace(record, **said))  # type: ignore[arg-type]
    run.end()
    return made
