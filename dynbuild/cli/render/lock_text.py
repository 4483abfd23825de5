"""A lock in install order, as text in which ``git diff`` shows meaningful changes.

No seqs and no columns: a moved step is a moved block, and nothing else differs.
"""

from collections.abc import Container, Iterator, Mapping
from pathlib import Path

from dynbuild.cli.progress_text import lines
from dynbuild.digest import short
from dynbuild.errors import CommandFailed, Diagnostic, DynbuildError
from dynbuild.lockfile.codec import read
from dynbuild.lockfile.images import LockedImages, as_images
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import Placed, install_order
from dynbuild.steps.fields import FieldValue, set_columns
from dynbuild.steps.kinds import (
    FieldKind,
    Flag,
    Lines,
    NumberKind,
    PlatformDigests,
    Records,
    Stages,
    Variables,
    Words,
)
from dynbuild.steps.model import (
    Action,
    AptSource,
    Copy,
    Download,
    Freshen,
    Group,
    InlineFile,
    Install,
    Pin,
    Remove,
    Script,
    Secret,
    Setup,
    Stage,
    Upgrade,
    User,
)


def lock_text(name: str) -> str:
    """Return the text for a lock's file; its raw content if it is no valid lock.

    Git calls this for every version that it shows, so an unreadable lock is no error
    here. Raises CommandFailed where there is no file.
    """
    try:
        text = Path(name).read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        message = f"cannot read {name}: {(error.strerror or 'error').lower()}"
        raise CommandFailed(Diagnostic("DB0313", message)) from None
    try:
        parts = [*_each(as_images(read(text)))]
    except DynbuildError:
        return text
    return "".join(f"{line}\n" for part in parts for line in lines(part))


def _each(several: LockedImages) -> Iterator[str]:
    """Yield the lines of each image, with all that it inherits."""
    for name in several.parents_first:
        if name:
            yield f"image {name} of {len(several.images)}"
        lock = several.whole(name)
        yield from _base(lock)
        yield from _steps(lock)
        yield from _image(lock)


def _base(lock: Lock) -> Iterator[str]:
    yield f"base {lock.base.image}"
    yield from _pin(lock.base)
    if lock.shell:
        yield f"    shell {' '.join(lock.shell)}"
    for image, pin in sorted(lock.images.items()):
        yield f"image {image}"
        yield from _pin(pin)


def _pin(pin: Pin) -> Iterator[str]:
    yield f"    {pin.digest or 'not pinned'}"
    yield from (f"    {platform} {d}" for platform, d in sorted(pin.platforms.items()))
    yield from _pairs("env", pin.env)


def _steps(lock: Lock) -> Iterator[str]:
    for placed in install_order(lock):
        yield from _step(placed, lock)


def _step(placed: Placed, lock: Lock) -> Iterator[str]:
    match placed.step:
        case Stage() as stage:
            yield f"stage {stage.name}"
            yield from _fields(stage, lock)
        case Group() as group:
            yield group.manager
            yield from (f"    {line}" for line in _group(group, lock))
        case Script(text):
            yield "script"
            yield from (f"    {line}" for line in text.split("\n"))
        case User() as user:
            yield from _user(user, lock)
        case Setup() as setup:
            yield "setup"
            yield from _fields(setup, lock)
        case AptSource() as source:
            yield f"source {' '.join([source.uri, *source.suites, *source.components])}"
            if source.key_digest:
                yield f"    key {source.key} ({short(source.key_digest)})"
            shown = {"uri", "suites", "components", "key", "key_digest"}
            yield from (f"    {text}" for text in _columns(source, lock, shown))


def _user(user: User, lock: Lock) -> Iterator[str]:
    sudo = " with sudo" if user.sudo else ""
    yield f"user {user.name}{sudo}"
    for account in (user, *user.others):
        apart = {"name", "uid", "shell", "sudo", "others"}
        told = [f"uid {account.uid}", f"shell {account.shell}"]
        told += _columns(account, lock, apart)
        which = "" if account is user else f"user {account.name}: "
        yield f"    {which}{', '.join(told)}"


def _group(group: Group, lock: Lock) -> Iterator[str]:
    for index in group.indexes:
        yield f"from {_record(index, lock)}"
    if group.upgrades:
        yield "upgrade all that is there"
    for key, action in sorted(group.actions.items()):
        yield _action(key, action)


def _action(key: str, action: Action) -> str:
    match action:
        case Install(spec):
            return f"install {spec}"
        case Remove():
            return f"remove {key}"
        case Upgrade():
            return f"upgrade {key}"
        case Freshen(only):
            where = f" [{' '.join(only)}]" if only else ""
            return f"upgrade {key}{where}, which nobody declares, where it is"


def _fields(of: Stage | Setup, lock: Lock) -> Iterator[str]:
    for row, value in sorted(
        set_columns(of), key=lambda column: _place(column[0].kind)
    ):
        for text in _texts(row.kind, value, lock):
            yield f"    {row.shown.format(text)}"


def _place(kind: FieldKind) -> int:
    """Return the sort key of a stage's field: short fields come first."""
    first, last = (Stages, Flag, NumberKind), (Variables, Records, Lines)
    if isinstance(kind, first):
        return first.index(type(kind)) - len(first)
    return last.index(type(kind)) + 1 if isinstance(kind, last) else 0


def _texts(kind: FieldKind, value: FieldValue, lock: Lock) -> Iterator[str]:
    """Yield what a field holds, item by item if it is a long one."""
    match kind:
        case Stages():
            yield ", ".join(sorted(value))
        case Words(joint):
            yield joint.join(value)
        case PlatformDigests():
            yield from (f"{at} {short(of)}".lstrip() for at, of in value)
        case Lines():
            yield from (line.replace("\n", "\n      ") for line in value)
        case Variables():
            yield from (f"{name}={text}" for name, text in sorted(value.items()))
        case Records():
            yield from (_record(item, lock) for item in value)
        case _:
            yield str(value)


def _record(item: FieldValue, lock: Lock) -> str:
    match item:
        case Copy():
            return _copy(item, lock)
        case Download():
            how = _columns(item, lock, {"url", "to"})
            note = f" ({', '.join(how)})" if how else ""
            return f"{item.url} to {item.to}{note}"
        case InlineFile():
            how = _columns(item, lock, {"to", "text"})
            note = f" ({', '.join(how)})" if how else ""
            return "\n      ".join([f"{item.to}{note}", *item.text.splitlines()])
        case Secret():
            return f"{item.id} as {item.env or item.target or 'a file'}"
        case _:
            first, *more = _columns(item, lock)
            return f"{first} ({', '.join(more)})" if more else first


def _columns(item: FieldValue, lock: Lock, apart: Container[str] = ()) -> list[str]:
    """Return the set fields of an item as text, without those in ``apart``."""
    return [
        column.shown.format(text)
        for column, value in set_columns(item)
        if column.name not in apart
        for text in _texts(column.kind, value, lock)
    ]


def _copy(copy: Copy, lock: Lock) -> str:
    source = f" of {copy.stage or copy.image}" if copy.stage or copy.image else ""
    how = _columns(copy, lock, {"path", "stage", "image", "to", "digest"})
    if copy.digest is not None:
        how.append(short(copy.digest))
    elif copy.live:
        how.append("live")
    elif copy.image is not None:
        how.append(short(lock.images[copy.image].digest or "not pinned"))
    note = f" ({', '.join(how)})" if how else ""
    return f"{copy.path}{source} to {copy.to}{note}"


def _image(lock: Lock) -> Iterator[str]:
    config = lock.config
    yield "image config"
    yield from _pairs("env", config.env)
    yield from _pairs("label", config.labels)
    yield from _pairs("annotation", config.annotations)
    yield from _pairs("late", config.late)
    words = (("entrypoint", config.entrypoint), ("cmd", config.cmd))
    yield from (
        f"    {name} {list(value)}" for name, value in words if value is not None
    )
    others = (
        ("platforms", ", ".join(config.platforms)),
        ("user", config.user),
        ("workdir", config.workdir),
        ("expose", ", ".join(config.expose)),
        ("volumes", ", ".join(config.volumes)),
        ("stop signal", config.stop_signal),
        ("source date epoch", config.source_date_epoch),
        ("reproducible", "yes" if config.reproducible else None),
    )
    yield from (f"    {name} {value}" for name, value in others if value or value == 0)
    if config.healthcheck is not None:
        check = config.healthcheck
        program = [str(list(check.cmd))] if check.cmd else []
        told = ", ".join([*program, *_columns(check, lock, {"cmd"})])
        yield f"    healthcheck {told}"


def _pairs(what: str, pairs: Mapping[str, str]) -> Iterator[str]:
    yield from (f"    {what} {name}={value}" for name, value in sorted(pairs.items()))
