"""The table of a stage's fields agrees with the schema, the model and all its readers.

Each row is tried alone, on values that its kind gives: a new row needs nothing here.
"""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from dynbuild.cli.render.lock_text import lock_text
from dynbuild.commands.target import target_of
from dynbuild.declaration import schema
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema_stage import Stage as DeclaredStage
from dynbuild.declaration.syntax.tree import Table
from dynbuild.digest import Description, sha256
from dynbuild.explain.fields import differing
from dynbuild.lockfile.changes import compare
from dynbuild.lockfile.codec import VERSION, dumps, loads
from dynbuild.lockfile.merge import merge
from dynbuild.lockfile.model import Lock, Target
from dynbuild.lockfile.moves import PreviousLock, motion
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.renames import continued
from dynbuild.lockfile.resolved import resolve
from dynbuild.lockfile.update import update
from dynbuild.project.content import Tree
from dynbuild.spans import Source, Span
from dynbuild.steps.fields import (
    BY_NAME,
    COLUMNS,
    FIELDS,
    Column,
    StageField,
    defaults,
    set_columns,
)
from dynbuild.steps.kinds import (
    ChoiceKind,
    Flag,
    Lines,
    NumberKind,
    PlatformDigests,
    Records,
    Stages,
    TextKind,
    Variables,
    Words,
)
from dynbuild.steps.model import Copy, Pin, Stage
from tests.pins import pinned

IMAGE = "docker.io/library/other:1"
BASE = pinned("docker.io/library/debian:12")
OTHER = Stage("other", commands=("true",))
SUBJECT = Stage("subject", commands=("make",))

KEPT = [row for row in FIELDS if row.decides != "reading"]
LOCKED = [row for row in FIELDS if row in COLUMNS[Stage]]
DECLARED = [row for row in FIELDS if row.decides != "again" and row.name != "packages"]
"""The lists of packages are declared one by one."""

OPTIONAL = [
    pytest.param(row, column, id=f"{row.name}-{column.name}")
    for row in LOCKED
    if isinstance(row.kind, Records) and row.kind.of is not Copy
    for column in COLUMNS[row.kind.of]
    if column.name in defaults(row.kind.of)
]
"""The columns that an item may lack; of copies in tests/properties/test_digests.py."""

EACH = pytest.mark.parametrize("row", LOCKED, ids=lambda row: row.name)
EACH_COLUMN = pytest.mark.parametrize(("row", "column"), OPTIONAL)


NEEDED: dict[str, dict[str, Any]] = {
    "base": {"build_only": True},
    "platform": {"build_only": True, "base": IMAGE},
}
"""What a stage with a row cannot be without."""

BY_ROW = {
    "base": IMAGE,
    "platform": "linux/arm64",
    "memory": "512m",
    "cpus": "1.5",
    "timeout": "10m",
    "only": ("linux/amd64", "linux/arm64"),
}

ANOTHER: dict[type, Any] = {
    TextKind: "other",
    PlatformDigests: (("", sha256(b"other")),),
    Flag: True,
    NumberKind: 7,
    Stages: ("other",),
    Words: ("other", "-c"),
    Lines: ("other",),
    Variables: {"OTHER": "other"},
}


def another(column: Column) -> Any:
    """Return a value that is no field's default."""
    match column.kind:
        case Records(of) if of is Copy:
            return (Copy("/other", "/other", image=IMAGE),)
        case Records():
            return (item(column.kind),)
        case ChoiceKind(values):
            return values[-1]
        case kind:
            return BY_ROW.get(column.name, ANOTHER[type(kind)])


def item(kind: Records, *also: Column) -> Any:
    """Return a record with what it cannot be without, and the columns given."""
    needed = [one for one in COLUMNS[kind.of] if one.name not in defaults(kind.of)]
    return kind.of(**{one.name: another(one) for one in (*needed, *also)})


def pin(image: str) -> Pin:
    """Pin an image that is the same on two platforms."""
    usual = pinned(image)
    (digest,) = usual.platforms.values()
    return replace(usual, platforms={**usual.platforms, "linux/arm64": digest})


def target(stage: Stage) -> Target:
    return Target(BASE, stages=(OTHER, stage), images={IMAGE: pin(IMAGE)})


def plain(row: StageField) -> Stage:
    """Return the subject with what it has to have for a row."""
    return replace(SUBJECT, **NEEDED.get(row.name, {}))


def subject(row: StageField, value: Any = None) -> Stage:
    return replace(plain(row), **{row.name: value or another(row)})


def with_column(row: StageField, *columns: Column) -> Stage:
    assert isinstance(row.kind, Records)
    return subject(row, (item(row.kind, *columns),))


def with_subject(stage: Stage) -> Lock:
    """Return the lock of the plain subject, changed by hand."""
    lock = update(None, target(SUBJECT))
    entry = replace(lock.stages["subject"], stage=stage)
    return replace(lock, stages={**lock.stages, "subject": entry})


def described(stage: Stage) -> Description:
    lock = with_subject(stage)
    (platform, *_) = BASE.platforms
    return resolve(lock, platform, {}, {}).descriptions["subject"]


def changes(before: Stage, after: Stage) -> set[str]:
    """Return the fields of the description that differ."""
    found = differing(described(before), described(after))
    return {change.field.partition(".")[0] for change in found}


def moves(before: Stage, after: Stage) -> bool:
    lock, then = with_subject(before), target(after)
    previous = PreviousLock(lock, tuple(install_order(lock)), continued(lock, then))
    return motion(previous, previous.lock, then, (), ()).changed == {"subject"}


def test_schema_model_and_table_have_the_same_fields() -> None:
    declared = {
        field.alias or name: name for name, field in DeclaredStage.model_fields.items()
    }
    assert {row.written: row.name for row in DECLARED} == declared
    assert {row.name for row in KEPT} == {field.name for field in fields(Stage)}
    assert len(BY_NAME) == len(FIELDS)
    for row in DECLARED:
        if row in KEPT:
            field = DeclaredStage.model_fields[row.name]
            usual = defaults(Stage).get(row.name)
            # A declaration has files in a table by their paths, a stage in a list.
            none = {} if row.name == "files" else usual
            assert field.is_required() or field.default in (None, none), row
            if isinstance(row.kind, ChoiceKind):
                assert get_args(field.annotation) == row.kind.values


@pytest.mark.parametrize("of", COLUMNS)
def test_a_value_and_its_columns_have_the_same_fields(of: type) -> None:
    # The key of its table, and what stands there as logs.
    name = {"name", "packages", "apt_sources"} if of is Stage else set()
    written = {column.name for column in COLUMNS[of]}
    assert written | name == {field.name for field in fields(of)}


@EACH
def test_a_covered_row_changes_the_digest_and_no_other_does(row: StageField) -> None:
    covered = row.decides in {"result", "links", "again"}
    name = row.covered_by or row.name
    assert changes(plain(row), subject(row)) == ({name} if covered else set())


@EACH
def test_what_the_digest_covers_moves_the_stage(row: StageField) -> None:
    """Nothing else does: the two are decided in one place."""
    before, after = plain(row), subject(row)
    assert moves(before, after) == bool(changes(before, after))


@EACH_COLUMN
def test_so_does_each_column(row: StageField, column: Column) -> None:
    before, after = with_column(row), with_column(row, column)
    assert changes(before, after) == {row.covered_by or row.name}
    assert moves(before, after)


@EACH
def test_without_commands_few_rows_decide_anything(row: StageField) -> None:
    """A stage that only copies runs nothing, as anyone or anywhere."""
    bare = replace(plain(row), commands=(), copies=(Copy("/a", "/a", image=IMAGE),))
    if row.name != "commands":
        after = replace(bare, **{row.name: another(row)})
        by_itself = row.without_commands or row.decides in {"links", "again"}
        assert moves(bare, after) == by_itself


@EACH
def test_a_lock_with_each_row_is_read_as_it_was_written(row: StageField) -> None:
    text = dumps(with_subject(subject(row)))
    assert loads(text) == with_subject(subject(row))
    assert text != dumps(with_subject(plain(row)))
    assert text.splitlines()[2] == f"version = {row.since}"


@EACH_COLUMN
def test_so_is_one_with_each_column(row: StageField, column: Column) -> None:
    text = dumps(with_subject(with_column(row, column)))
    assert loads(text) == with_subject(with_column(row, column))
    assert text.splitlines()[2] == f"version = {max(row.since, column.since)}"
    assert max(row.since, column.since) <= VERSION


@EACH
def test_each_row_is_shown(row: StageField, tmp_path: Path) -> None:
    before, after = with_subject(plain(row)), with_subject(subject(row))
    (change,) = compare(before, after)
    assert (change.name, change.details) == ("subject", (row.written,))
    (tmp_path / "before").write_text(dumps(before))
    (tmp_path / "after").write_text(dumps(after))
    assert lock_text(str(tmp_path / "before")) != lock_text(str(tmp_path / "after"))


@EACH
def test_each_row_of_a_branch_is_merged(row: StageField) -> None:
    main, branch = with_subject(plain(row)), with_subject(subject(row))
    merged = merge(main, main, branch)
    assert merged.lock.stages["subject"].stage == subject(row)
    assert not merged.both


@pytest.mark.parametrize("row", DECLARED, ids=lambda row: row.name)
def test_each_declared_row_is_resolved(row: StageField, tmp_path: Path) -> None:
    resolved = SUBJECT
    if row in LOCKED or row.name == "apt_sources":
        resolved = subject(row)
    if row.name.endswith("_upgrade"):
        packages = {f"{row.name.removesuffix('_upgrade')} *": "*"}
        resolved = replace(SUBJECT, packages=packages)
    if row.name.endswith("_packages"):
        manager = row.name.removesuffix("_packages")
        packages = {f"{manager} {spec}": spec for spec in another(row)}
        resolved = replace(SUBJECT, packages=packages)
    declaration = schema.Declaration.model_validate(
        {
            "base": BASE.image,
            "stages": [
                {"name": "other", "commands": ["true"]},
                {"name": "subject", "commands": ["make"], **written(row)},
            ],
        }
    )
    nowhere = Table({}, Span(Source("dynbuild.toml", ""), 0, 0))
    loaded = Loaded(declaration, nowhere, "toml")
    assert target_of(loaded, Tree(tmp_path), pin).stages == (OTHER, resolved)


def written(row: StageField) -> dict[str, Any]:
    """Return a row as a declaration has it."""
    if row.decides == "name":
        return {}
    found = another(row)
    if isinstance(row.kind, Records):
        found = [
            {
                column.written: dict(value)
                if isinstance(column.kind, PlatformDigests)
                else value
                for column, value in set_columns(one)
            }
            for one in found
        ]
    if row.name == "files":
        found = {one.pop("to"): one for one in found}
    return {**NEEDED.get(row.name, {}), row.written: found}
