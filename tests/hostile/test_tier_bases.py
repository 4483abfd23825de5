"""A base as a tier tells of it: what of that counts, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dynbuild.digest import sha256
from dynbuild.emit.bases import base_step
from dynbuild.link.model import Written
from dynbuild.signature import SecretKey
from tests.based import DIGEST, FACTS, LAYER, WRITES, Based
from tests.hostile.runs import Environment, User, step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Tier = Callable[[], Environment]

GOOD, EVIL = b"good", b"evil"
TEAM = SecretKey("team-1", bytes(range(32)))
TRUSTING = {"DYNBUILD_TRUSTED_KEYS": str(TEAM.public)}
SIGNING = {"DYNBUILD_SIGNING_KEY": TEAM.dump()}


def test_a_base_of_which_a_tier_tells_stories(
    user: User, stranger: User, other: User, tier: Tier, tmp_path: Path
) -> None:
    """Its layers and its config are those that the lock pins; what they write is
    believed as a step of that tier is: what is built on it counts where the tier does.
    """
    evil, team, app = tier(), tier(), step()
    run = stranger.run(evil)
    assert Based(run, tmp_path).base().layers == (LAYER,)
    record = run.record(base_step(DIGEST))
    lies = {"etc/os": Written("file", 0o644, content=sha256(b"lies"), new=True)}
    (path,) = (stranger.store / "realizations").glob("*/*")
    path.unlink()
    evil = tier()
    run = stranger.run(evil)
    run.chain.record(replace(record, writes=lies))
    run.end()
    run = user.run(evil)
    taken = Based(run, tmp_path)
    base = taken.base()
    assert taken.imports == 0
    assert (base.layers, base.config) == ((LAYER,), FACTS)
    assert dict(base.writes) == lies
    run.build(app, b"on lies")
    run.end()
    assert user.run(evil).holds(app)[0] == b"on lies"
    assert user.run(team).holds(app) == []
    user.run(team | SIGNING).push_all()
    assert other.run(team).holds(app) == []
    # With keys, what nobody signed of a base is of no use.
    taken = Based(other.run(evil | TRUSTING), tmp_path)
    assert dict(taken.base().writes) == WRITES
    assert taken.imports == 1


def test_a_base_that_is_another(
    user: User, stranger: User, tier: Tier, tmp_path: Path
) -> None:
    """A record that names other layers than the pinned manifest is a miss."""
    evil = tier()
    run = stranger.run(evil)
    Based(run, tmp_path).base()
    record = run.record(base_step(DIGEST))
    (path,) = (stranger.store / "realizations").glob("*/*")
    path.unlink()
    evil = tier()
    run = stranger.run(evil)
    other = run.build(step(), EVIL).layers
    run.chain.record(replace(record, layers=(*record.layers[:2], *other)))
    run.end()
    taken = Based(user.run(evil), tmp_path)
    assert taken.base().layers == (LAYER,)
    assert taken.imports == 1


def test_a_base_that_somebody_signed(
    user: User, other: User, tier: Tier, tmp_path: Path
) -> None:
    """What a trusted key signed of a base counts, and what is built on it is signed."""
    team, app = tier(), step()
    Based(other.run(team | SIGNING), tmp_path).base()
    run = user.run(team | SIGNING)
    taken = Based(run, tmp_path)
    assert dict(taken.base().writes) == WRITES
    assert taken.imports == 0
    run.build(app, GOOD)
    run.end()
    assert other.run(team | TRUSTING).holds(app) == [GOOD]
