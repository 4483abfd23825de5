"""The lock as text: every text survives, every damage is told as such."""

import tomllib
from contextlib import suppress
from dataclasses import fields, replace
from typing import get_args

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from dynbuild.errors import LockError
from dynbuild.lockfile.changes import compare
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Entry, Lock, Target
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.update import update
from dynbuild.steps.image import Healthcheck, RuntimeConfig
from dynbuild.steps.log import Event
from dynbuild.steps.model import (
    AptSource,
    CacheDirectory,
    Copy,
    Index,
    InlineFile,
    Install,
    Pattern,
    Pin,
    Remove,
    Secret,
    Stage,
    Tmpfs,
    Upgrade,
    User,
)
from tests.properties.edits import histories
from tests.properties.strategies import SETUPS, digest
from tests.properties.test_update import replayed

_ODD = ["=======", '"""', "\\", "#", "<<<<<<< x", "\r\n", "\x00", "]\n[base]", "'", "é"]
TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.lists(st.sampled_from([*_ODD, "a", " ", "\n"]), max_size=5).map("".join),
)
NAME = st.one_of(st.sampled_from("abc"), TEXT.filter(bool))
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
ENV = st.dictionaries(TEXT, TEXT, max_size=2)
DIGEST = TEXT.map(digest)
SEQ = st.integers(1, 2**63 - 1)


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.one_of(st.none(), strategy)


PINS = st.builds(
    Pin, TEXT, maybe(DIGEST), st.dictionaries(TEXT, DIGEST, max_size=2), ENV, TEXT, TEXT
)
COPIES = st.one_of(
    st.builds(Copy, TEXT, TEXT, owner=maybe(TEXT), mode=maybe(TEXT), exclude=TEXTS),
    st.builds(Copy, TEXT, TEXT, digest=DIGEST),
    st.builds(Copy, TEXT, TEXT, digest=DIGEST, files=TEXTS),
    st.builds(Copy, TEXT, TEXT, stage=TEXT, pattern=st.sampled_from(get_args(Pattern))),
    st.builds(Copy, TEXT, TEXT, image=TEXT),
)
MOUNTS = COPIES.map(
    lambda copy: replace(
        copy, owner=None, mode=None, exclude=(), files=(), pattern="none"
    )
)
STAGES = st.builds(
    Stage,
    NAME,
    dependencies=TEXTS,
    copies=st.lists(COPIES, max_size=2).map(tuple),
    files=st.lists(
        st.builds(InlineFile, TEXT, TEXT, maybe(TEXT), maybe(TEXT)), max_size=2
    ).map(tuple),
    mounts=st.lists(MOUNTS, max_size=2).map(tuple),
    commands=TEXTS,
    env=ENV,
    build_env=ENV,
    user=TEXT,
    workdir=maybe(TEXT),
    shell=maybe(TEXTS),
    network=st.sampled_from(["default", "none", "host"]),
    ssh=st.booleans(),
    cache_mounts=st.lists(
        st.builds(
            CacheDirectory,
            TEXT,
            maybe(TEXT),
            st.sampled_from(["shared", "private", "locked"]),
            maybe(TEXT),
        ),
        max_size=2,
    ).map(tuple),
    secrets=st.lists(st.builds(Secret, TEXT, maybe(TEXT), maybe(TEXT)), max_size=2).map(
        tuple
    ),
    tmpfs=st.lists(st.builds(Tmpfs, TEXT, maybe(TEXT)), max_size=2).map(tuple),
    build_only=st.booleans(),
    touches=TEXTS,
    bump=st.integers(0, 9),
)
ACTIONS = st.one_of(
    st.just(Remove()),
    st.just(Upgrade()),
    st.builds(Install, TEXT.filter(lambda text: text not in ("", "-", "^"))),
)
LOGS = st.dictionaries(
    TEXT,
    st.lists(
        st.builds(Event, st.integers(1, 99), ACTIONS),
        min_size=1,
        max_size=3,
        unique_by=lambda event: event.seq,
    ).map(lambda events: tuple(sorted(events, key=lambda event: event.seq))),
    min_size=1,
    max_size=2,
)
CONFIGS = st.builds(
    RuntimeConfig,
    env=ENV,
    user=maybe(TEXT),
    workdir=maybe(TEXT),
    entrypoint=maybe(TEXTS),
    cmd=maybe(TEXTS),
    labels=ENV,
    annotations=ENV,
    platforms=TEXTS,
    expose=TEXTS,
    volumes=TEXTS,
    healthcheck=maybe(
        st.builds(
            Healthcheck,
            cmd=TEXTS,
            interval=maybe(TEXT),
            timeout=maybe(TEXT),
            start_period=maybe(TEXT),
            retries=maybe(st.integers(0, 9)),
            start_interval=maybe(TEXT),
            shell=maybe(TEXT),
            none=st.booleans(),
        ).filter(lambda check: check != Healthcheck())  # which says nothing
    ),
    stop_signal=maybe(TEXT),
    source_date_epoch=maybe(st.integers(0, 9)),
    reproducible=st.booleans(),
    late=ENV,
)


ACCOUNT = (
    TEXT,
    st.integers(0, 2**31),
    TEXT,
    st.booleans(),
    maybe(TEXT),
    maybe(TEXT),
    maybe(st.integers(0, 2**31)),
    TEXTS,
    st.booleans(),
)


INDEX = st.builds(Index, TEXT, maybe(TEXT), maybe(TEXT), maybe(TEXT))


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    """Any lock at all, sound or not."""
    user = draw(
        maybe(
            st.builds(
                User,
                *ACCOUNT,
                others=st.lists(st.builds(User, *ACCOUNT), max_size=1).map(tuple),
            )
        )
    )
    stages = draw(st.lists(STAGES, max_size=3, unique_by=lambda stage: stage.name))
    return Lock(
        base=draw(PINS),
        packages=draw(st.dictionaries(st.sampled_from(["apt", "npm"]), LOGS)),
        sources=draw(
            st.dictionaries(
                st.builds(
                    AptSource,
                    st.sampled_from(["https://a", "https://b"]),
                    st.lists(st.sampled_from("xy")).map(tuple),
                    st.lists(st.sampled_from("xy")).map(tuple),
                    maybe(TEXT.filter(bool)),
                    maybe(DIGEST),
                    maybe(TEXT),
                    maybe(TEXT),
                ),
                SEQ,
                max_size=2,
            )
        ),
        indexes=draw(
            st.dictionaries(
                st.sampled_from(["pip", "npm"]),
                st.lists(INDEX, min_size=1, max_size=2).map(tuple),
            )
        ),
        setups=draw(st.dictionaries(st.sampled_from(SETUPS), SEQ, max_size=2)),
        scripts=draw(st.dictionaries(TEXT, SEQ, max_size=2)),
        user=user,
        user_seq=draw(SEQ) if user else 0,
        stages={
            stage.name: Entry(stage, draw(SEQ), draw(st.integers(0, 9)))
            for stage in stages
        },
        images={pin.image: pin for pin in draw(st.lists(PINS, max_size=2))},
        shell=draw(TEXTS.filter(bool)),
        config=draw(CONFIGS),
    )


@given(locks())
def test_loads_is_the_inverse_of_dumps(lock: Lock) -> None:
    text = dumps(lock)
    assert loads(text) == lock
    assert dumps(loads(text)) == text


@given(locks())
def test_line_ends_of_a_checkout_do_not_matter(lock: Lock) -> None:
    assert loads(dumps(lock).replace("\n", "\r\n")) == lock


@given(locks(), locks())
def test_compare_is_empty_only_for_equal_locks(one: Lock, other: Lock) -> None:
    assert compare(one, one) == ()
    if one != other:
        assert compare(one, other)


@given(st.data(), locks())
def test_compare_tells_a_single_difference(data: st.DataObject, lock: Lock) -> None:
    """One field is another's: nothing else can give the difference away."""
    other = data.draw(locks())
    names = [field.name for field in fields(Lock)]
    name = data.draw(st.sampled_from(names))
    if name in {"user", "user_seq"}:
        changed = replace(lock, user=other.user, user_seq=other.user_seq)
    else:
        changed = replace(lock, **{name: getattr(other, name)})
    assert bool(compare(lock, changed)) == (lock != changed)
    if not lock.stages:
        return
    entry = data.draw(st.sampled_from(list(lock.stages.values())))
    stage = data.draw(STAGES)
    label = data.draw(st.sampled_from([f.name for f in fields(Stage)][1:]))
    entries = [
        replace(entry, stage=replace(entry.stage, **{label: getattr(stage, label)})),
        replace(entry, seq=entry.seq + 1),
        replace(entry, moves=entry.moves + 1),
    ]
    for new in entries:
        changed = replace(lock, stages={**lock.stages, entry.stage.name: new})
        assert bool(compare(lock, changed)) == (lock != changed)


@given(st.data(), histories())
def test_damage_is_a_lock_error(data: st.DataObject, history: list[Target]) -> None:
    lines = dumps(replayed(history)[-1]).split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "twice", "swap", "cut", "write"])):
            case "drop":
                lines[place : place + 1] = [""]
            case "twice":
                lines.insert(place, lines[place])
            case "swap":
                other = data.draw(st.integers(0, len(lines) - 1))
                lines[place], lines[other] = lines[other], lines[place]
            case "cut":
                at = data.draw(st.integers(0, len(lines[place])))
                lines[place] = lines[place][:at] + lines[place][at + 1 :]
            case "write":
                at = data.draw(st.integers(0, len(lines[place])))
                odd = data.draw(
                    st.sampled_from([*'"[]{}=,-0é\\\x00', "true", "9" * 5000])
                )
                lines[place] = lines[place][:at] + odd + lines[place][at:]
    _survives("\n".join(lines), history[-1])


def nested(leaves: st.SearchStrategy) -> st.SearchStrategy:
    lists = st.lists(leaves, max_size=2)
    tables = st.dictionaries(NAME, st.one_of(leaves, lists), max_size=2)
    return st.one_of(leaves, lists, tables, st.lists(tables, max_size=2))


VALUES = nested(st.one_of(st.integers(-1, 3), st.booleans(), st.floats(), TEXT))


@given(st.data(), histories())
def test_any_value_anywhere_is_read_or_refused(
    data: st.DataObject, history: list[Target]
) -> None:
    """What is valid TOML, but with other types than ``dumps`` would write."""
    document = tomllib.loads(dumps(replayed(history)[-1]))
    table = document
    while True:
        key = data.draw(st.sampled_from(sorted(table)))
        if not isinstance(table[key], dict) or not table[key]:
            break
        if data.draw(st.integers(0, 3)) == 0:
            break
        table = table[key]
    table[key] = data.draw(VALUES)
    _survives(tomli_w.dumps(document), history[-1])


def _survives(text: str, target: Target) -> None:
    try:
        lock = loads(text)
    except LockError:
        return
    assert loads(dumps(lock)) == lock
    update(lock, target)
    compare(lock, update(lock, target))
    with suppress(LockError):
        install_order(lock)


@pytest.mark.parametrize(
    "text",
    [
        "version = " + "9" * 5000,
        "a = " + "[" * 5000 + "]" * 5000,
        "version = 1\n" + ".".join(["a"] * 5000) + " = 1",
        "\ufeffversion = 1",
        "version = 1979-05-27",
        "version = 1\nversion = 1",
        "",
    ],
)
def test_hostile_text_is_a_lock_error(text: str) -> None:
    with pytest.raises(LockError):
        loads(text)


def tables_of(document: dict) -> list[dict]:
    """Return the tables of every level that hold facts under keys of ours."""
    tables = [document, document["base"]]
    for kind in ("images", "setup", "sources", "scripts", "stages"):
        tables += document.get(kind, {}).values()
    for stage in document.get("stages", {}).values():
        for key in ("copy", "files", "mounts", "secrets", "cache_mounts"):
            tables += [row for row in stage.get(key, []) if isinstance(row, dict)]
    tables += [document[key] for key in ("user", "image") if key in document]
    if "healthcheck" in document.get("image", {}):
        tables.append(document["image"]["healthcheck"])
    return tables


FUTURE = nested(st.one_of(st.integers(), st.booleans(), TEXT, st.dates()))


@given(st.data(), histories())
def test_an_unknown_key_is_refused(data: st.DataObject, history: list[Target]) -> None:
    """What it decides would not be built, and nobody would be told."""
    document = tomllib.loads(dumps(replayed(history)[-1]))
    key = data.draw(st.sampled_from(["future", "later on", "a\nb"]))
    data.draw(st.sampled_from(tables_of(document)))[key] = data.draw(FUTURE)
    with pytest.raises(LockError, match="does not know") as caught:
        loads(tomli_w.dumps(document))
    assert [problem.code for problem in caught.value.diagnostics] == ["DB0406"]
