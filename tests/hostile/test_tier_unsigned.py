"""A tier that anybody may write to: what it holds counts where its user lets it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dynbuild.digest import sha256
from dynbuild.link.model import Record
from dynbuild.ports import Base
from dynbuild.signature import SecretKey, signed
from dynbuild.tiers.codec import dump_writes
from dynbuild.tiers.declared import Cache
from tests.hostile.runs import AMD, Environment, User, forged, layer_of, step

if TYPE_CHECKING:
    from collections.abc import Callable

    Tier = Callable[[], Environment]

GOOD, EVIL = b"good", b"evil"
TEAM = SecretKey("team-1", bytes(range(32)))
NEXT = SecretKey("team-2", bytes(range(1, 33)))
STRANGER = SecretKey("team-1", bytes(32))
TRUSTING = {"DYNBUILD_TRUSTED_KEYS": str(TEAM.public)}
SIGNING = {"DYNBUILD_SIGNING_KEY": TEAM.dump()}


def test_what_a_strangers_tier_left_in_the_store(
    user: User, stranger: User, other: User, tier: Tier
) -> None:
    """It counts in no run that does not use that tier, and is shared with nobody."""
    evil, team, lib = tier(), tier(), step()
    forged(stranger.run(evil), lib, EVIL)
    assert user.run(evil).holds(lib) == [EVIL]
    main = user.run(team)
    assert main.holds(lib) == []
    main.build(lib, GOOD)
    main.end()
    assert user.run({}).holds(lib) == [GOOD]
    assert other.run(team).holds(lib) == [GOOD]


def test_what_a_strangers_tier_left_and_a_key_that_signs(
    user: User, stranger: User, other: User, tier: Tier
) -> None:
    """The team's key signs what the team built, and nothing that came unsigned."""
    evil, team, lib = tier(), tier(), step()
    forged(stranger.run(evil), lib, EVIL)
    assert user.run(evil).holds(lib) == [EVIL]
    main = user.run(team | SIGNING)
    assert main.holds(lib) == []
    main.push_all()
    assert other.run(team | TRUSTING).holds(lib) == []
    assert other.run(team).holds(lib) == []
    main = user.run(team | SIGNING)
    main.build(lib, GOOD)
    main.end()
    assert other.run(team | TRUSTING).holds(lib) == [GOOD]


def test_a_tier_that_team_and_stranger_share_and_a_key_that_signs(
    user: User, stranger: User, other: User, tier: Tier
) -> None:
    """What a key-less run took from the team's own tier is not signed afterwards."""
    team, lib = tier(), step()
    forged(stranger.run(team), lib, EVIL)
    assert user.run(team).holds(lib) == [EVIL]
    main = user.run(team | SIGNING)
    assert main.holds(lib) == []
    main.push_all()
    assert other.run(team | TRUSTING).holds(lib) == []


def test_what_was_built_on_a_forged_ground(
    user: User, stranger: User, other: User, tier: Tier
) -> None:
    """It is no better than its ground: no run takes, signs or shares it that would not
    take that.
    """
    evil, team, lib, app = tier(), tier(), step(), step()
    forged(stranger.run(evil), lib, EVIL)
    run = user.run(evil)
    run.build(app, b"on evil", run.record(lib))
    run.end()
    assert user.run(evil).holds(app)[0] == b"on evil"
    assert user.run(team).holds(app) == []
    assert user.run(team | TRUSTING).holds(app) == []
    user.run(team | SIGNING).push_all()
    assert other.run(team).holds(app) == []


def test_a_copy_of_what_came_unsigned(
    user: User, stranger: User, other: User, tier: Tier
) -> None:
    """A copier has the origin of its source, also when the source is gone."""
    evil, team, compile_, app, web = tier(), tier(), step(), step(), step()
    forged(stranger.run(evil), compile_, EVIL)
    run = user.run(evil)
    assert run.holds(compile_) == [EVIL]
    run.copy(app, b"copied evil", run.record(compile_))
    run.end()
    folder = user.store / "realizations" / compile_.removeprefix("sha256:")
    shutil.rmtree(folder)
    # What is built on it later has it as well, in whatever run.
    run = user.run(evil)
    run.build(web, b"on a copy", run.record(app))
    run.end()
    for built in (app, web):
        assert user.run(team).holds(built) == []
        assert user.run(team | TRUSTING).holds(built) == []
    user.run(team | SIGNING).push_all()
    assert other.run(team).holds(app) == []


def test_a_squash_of_what_came_unsigned(user: User, stranger: User, tier: Tier) -> None:
    """A layer that was squashed of others has the origins of all of them."""
    evil, lib, own, squash = tier(), step(), step(), step()
    forged(stranger.run(evil), lib, EVIL)
    run = user.run(evil)
    parts = (*run.record(lib).layers, *run.build(own, GOOD).layers)
    names = tuple(layer.diff_id for layer in parts)
    run.keep(
        b"both", Record(squash, squash, AMD, (layer_of(b"both"),), {}, parts=names)
    )
    run.end()
    assert user.run(evil).holds(squash)[0] == b"both"
    assert user.run(TRUSTING).holds(squash) == []
    assert user.run({}).holds(own) == [GOOD]
    assert user.run({}).holds(squash) == []


def test_a_squash_that_a_stranger_made(user: User, stranger: User, tier: Tier) -> None:
    """What is built on it, as a builder's ground, is not taken for our own."""
    evil, squash, app = tier(), step(), step()
    forged(stranger.run(evil), squash, EVIL, parts=(sha256(GOOD), sha256(b"more")))
    run = user.run(evil)
    assert [one.step for one in run.chain.find([squash])] == [squash]
    run.build(app, b"built in it")
    run.end()
    assert user.run(evil).holds(app)[0] == b"built in it"
    assert user.run(TRUSTING).holds(app) == []
    assert user.run({}).holds(app) == []


def test_a_record_that_says_of_itself_where_it_is_from(
    user: User, stranger: User, tier: Tier
) -> None:
    """No tier can say that something was built here, or is from another tier."""
    evil, lib = tier(), step()
    forged(stranger.run(evil), lib, EVIL, origins=())
    run = user.run(evil)
    assert [one.place for one in run.record(lib).origins] != []
    assert run.holds(lib) == [EVIL]
    assert user.run({}).holds(lib) == []


def test_keys_that_a_stranger_named(user: User, stranger: User, tier: Tier) -> None:
    """Without consent they let nothing in, and nothing unsigned either."""
    team, lib, app = tier(), step(), step()
    forged(stranger.run(team), app, EVIL)
    key = SecretKey("evil-1", bytes(range(2, 34)))
    forged(stranger.run(team | {"DYNBUILD_SIGNING_KEY": key.dump()}), lib, EVIL)
    run = user.run(team, Cache(signed_only=True))
    assert run.holds(lib) == []
    assert run.holds(app) == []
    run.build(app, GOOD)
    run.end()
    assert user.run(team, Cache(signed_only=True)).holds(app) == [GOOD]


def test_a_store_that_was_restored_from_elsewhere(
    user: User, stranger: User, other: User, tier: Tier
) -> None:
    """What another machine sealed counts as unsigned, and no key signs it."""
    team, lib, app = tier(), step(), step()
    stranger.run({}).build(lib, EVIL)
    shutil.copytree(stranger.store, user.store)
    assert user.run({}).holds(lib) == [EVIL]
    assert user.run(TRUSTING).holds(lib) == []
    run = user.run({})
    run.build(app, b"on evil", run.record(lib))
    run.end()
    assert user.run({}).holds(app) == [b"on evil"]
    assert user.run(TRUSTING).holds(app) == []
    user.run(team | SIGNING).push_all()
    assert other.run(team).holds(lib) == other.run(team).holds(app) == []


def test_a_store_in_which_somebody_wrote(user: User, stranger: User) -> None:
    """A seal covers all that a record says, and no other record can have it."""
    lib, app = step(), step()
    user.run({}).build(lib, GOOD)
    stranger.run({}).build(app, EVIL)
    (good,) = (user.store / "realizations" / lib.removeprefix("sha256:")).iterdir()
    folder = "realizations/" + app.removeprefix("sha256:")
    (evil,) = (stranger.store / folder).iterdir()
    seal = good.read_bytes().split(b"\n")[2]
    head = evil.read_bytes().split(b"\n")[:2]
    shutil.copytree(stranger.store / "blobs", user.store / "blobs", dirs_exist_ok=True)
    (user.store / folder).mkdir()
    (user.store / folder / evil.name).write_bytes(b"\n".join([*head, seal]))
    assert user.run({}).holds(app) == [EVIL]
    assert user.run(TRUSTING).holds(app) == []
    assert user.run(TRUSTING).holds(lib) == [GOOD]


def test_a_base_that_a_store_makes_up(user: User, stranger: User) -> None:
    """With keys only what this machine noted of a base counts."""
    digest, app = sha256(b"base"), step()
    run = stranger.run({})
    layer = run.build(step(), EVIL).layers[0]
    run.machine.keep_base(digest, Base((layer,), {}, {}))
    shutil.copytree(stranger.store, user.store)
    assert user.run(TRUSTING).machine.base(digest) is None
    run = user.run({})
    assert run.machine.base(digest) is not None
    run.build(app, b"on a base that may be any")
    assert user.run({}).holds(app) == [b"on a base that may be any"]
    assert user.run(TRUSTING).holds(app) == []
    user.run(TRUSTING).machine.keep_base(digest, Base((layer,), {}, {}))
    assert user.run(TRUSTING).machine.base(digest) is not None


def test_a_key_that_was_revoked(user: User, other: User, tier: Tier) -> None:
    """Neither what it signed counts any more, nor what was built here on that."""
    team, lib, app = tier(), step(), step()
    run = other.run(team | SIGNING)
    run.build(lib, EVIL)
    run.end()
    run = user.run(team | TRUSTING)
    run.build(app, b"on evil", run.record(lib))
    run.end()
    assert user.run(team | TRUSTING).holds(app) == [b"on evil"]
    later = {"DYNBUILD_TRUSTED_KEYS": str(NEXT.public)}
    assert user.run(team | later).holds(lib) == []
    assert user.run(team | later).holds(app) == []


def test_a_key_of_the_same_name(user: User, stranger: User, tier: Tier) -> None:
    """A key is known by all of it: a stranger's may have any name."""
    team, lib = tier(), step()
    forged(stranger.run(team | {"DYNBUILD_SIGNING_KEY": STRANGER.dump()}), lib, EVIL)
    assert user.run(team | TRUSTING).holds(lib) == []
    assert user.run(team).holds(lib) == [EVIL]
    assert user.run(TRUSTING).holds(lib) == []


def test_what_was_pulled_keeps_the_signature_of_who_made_it(
    user: User, other: User, tier: Tier
) -> None:
    """It counts later where that key is trusted, and nowhere else."""
    team, lib = tier(), step()
    run = other.run(team | SIGNING)
    run.build(lib, GOOD)
    run.end()
    assert user.run(team | TRUSTING).pull(lib) == 1
    assert user.run(TRUSTING).holds(lib) == [GOOD]
    assert [name for name, _ in user.run(TRUSTING).record(lib).signatures] == ["team-1"]
    assert user.run({"DYNBUILD_TRUSTED_KEYS": str(NEXT.public)}).holds(lib) == []
    # Without keys it is from a tier that this run does not use.
    assert user.run({}).holds(lib) == []


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": 999.0},
        {"made": 1},
        {"joins": (sha256(b"x"),)},
        {"reads": ("etc",)},
        {"on": (sha256(b"x"),)},
        {"sources": ((sha256(b"x"), sha256(b"y")),)},
        {"platform": "linux/arm64"},
    ],
    ids=str,
)
def test_a_signed_record_of_which_something_was_changed(
    user: User, stranger: User, change: dict[str, object], tier: Tier
) -> None:
    """A signature covers every field that anything reads."""
    team, lib = tier(), step()
    writes = sha256(dump_writes({}))
    good = signed(Record(lib, lib, AMD, (layer_of(GOOD),), {}), writes, TEAM)
    run = stranger.run(team)
    run.keep(GOOD, replace(good, **change))  # type: ignore[arg-type]
    run.end()
    assert user.run(team | TRUSTING).holds(lib) == []
    assert user.run(team | TRUSTING).chain.held([lib]) == ()


def test_an_old_record_that_is_put_again(
    user: User, stranger: User, other: User, tier: Tier
) -> None:
    """It counts, since its key vouches for it, and can only be what was once built of
    the very same step.
    """
    team, copies, lib = tier(), tier(), step()
    run = other.run(team | SIGNING)
    run.build(lib, GOOD)
    run.end()
    old = stranger.run(team).record(lib)
    again = stranger.run(copies)
    again.keep(GOOD, old)
    again.end()
    taken = user.run(copies | TRUSTING)
    assert taken.holds(lib) == [GOOD]
    assert taken.record(lib).made == old.made


def test_files_of_a_store_that_make_no_sense(user: User) -> None:
    """Whatever is written where a store says where a record is from, nobody vouches."""
    lib = step()
    user.run({}).build(lib, GOOD)
    (path,) = (user.store / "realizations" / lib.removeprefix("sha256:")).iterdir()
    head = path.read_bytes().split(b"\n")[:2]
    path.chmod(0o644)
    for told in (
        b"null",
        b"[" * 9999,
        b'{"taken_from": 1}',
        json.dumps({"built_on": [], "seal": ""}).encode(),
        json.dumps({"built_on": [], "seal": "é"}).encode(),
        json.dumps({"built_on": [[{}, 1]], "seal": "0" * 64}).encode(),
    ):
        path.write_bytes(b"\n".join([*head, told]))
        assert user.run({}).holds(lib) == [GOOD]
        assert user.run(TRUSTING).holds(lib) == []
