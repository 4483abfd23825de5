"""Checks of the users that an image has."""

from collections.abc import Iterator
from posixpath import normpath

from dynbuild.declaration import grammar
from dynbuild.declaration.grammar import WHITEOUT, matches
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema import User
from dynbuild.declaration.syntax.edits import removal
from dynbuild.declaration.syntax.tree import Path
from dynbuild.errors import Diagnostic, Label

MAX_UID = 2**31 - 1
"""The largest uid that all tools support."""


def created(loaded: Loaded) -> frozenset[str]:
    """Return the names of the users that are created."""
    user = loaded.declaration.user
    if user is None or not user.create:
        return frozenset()
    return frozenset(one.name for one in (user, *loaded.declaration.users))


def check_user(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report users that cannot be created, and sudo without a user."""
    declaration = loaded.declaration
    user = declaration.user
    if user is None:
        if declaration.sudo and ("user",) not in loaded.lost:
            message = "sudo is for the user, and there is none"
            hint = "name a user, or remove sudo: without a user the image runs as root"
            yield _sudo(loaded, message, hint)
    elif user.create:
        yield from _check_account(loaded, ("user",), user)
    else:
        yield from _check_existing(loaded, user)
    if declaration.users and ("user",) not in loaded.lost:
        yield from _check_others(loaded)


def _sudo(loaded: Loaded, message: str, hint: str) -> Diagnostic:
    mends = removal(loaded.tree, loaded.syntax, ("sudo",), "remove sudo")
    return Diagnostic("DB0150", message, loaded.span("sudo"), hint, mends=mends)


def _check_others(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report further users of one name or number, and those beside none."""
    user, users = loaded.declaration.user, loaded.declaration.users
    if user is None or not user.create:
        message = "users are created beside user, and there is none to create"
        hint = "name the one that the image runs as in user; or create them in a stage"
        yield Diagnostic("DB0150", message, loaded.key("users"), hint)
        return
    known: dict[object, Path] = {user.name: ("user",), _uid(user): ("user",)}
    for at, other in enumerate(users):
        path: Path = ("users", at)
        yield from _check_account(loaded, path, other)
        for what, key in ((other.name, "name"), (_uid(other), "uid")):
            first = known.setdefault(what, path)
            if first != path:
                message = f"two users have the {key} {what}"
                label = Label(loaded.span(*first, key), "first given here")
                hint = f"give each {'a name' if key == 'name' else 'a uid'} of its own"
                span = loaded.span(*path, key)
                yield Diagnostic("DB0150", message, span, hint, (label,))
                break


def _uid(user: User) -> int:
    usual = 999 if user.system else 1000
    return usual if user.uid is None else user.uid


def _check_account(loaded: Loaded, path: Path, user: User) -> Iterator[Diagnostic]:
    span = loaded.span(*path, "name")
    if user.name == "root":
        message = "root is in every image and cannot be created"
        hint = "remove it: without a user the image runs as root"
        mends = removal(loaded.tree, loaded.syntax, path)
        yield Diagnostic("DB0150", message, span, hint, mends=mends)
    elif not matches(grammar.USER_NAME, user.name):
        message = f"useradd does not take {user.name[:40]!r} as a name"
        hint = "write a lower-case letter or _, then up to 31 of a-z 0-9 _ -"
        yield Diagnostic("DB0150", message, span, hint)
    if not user.create and path[0] == "users":
        message = "users are those that are created"
        span = loaded.span(*path, "create")
        mends = removal(loaded.tree, loaded.syntax, (*path, "create"))
        yield Diagnostic("DB0150", message, span, "remove it", mends=mends)
    groups = [(name, (*path, "groups", at)) for at, name in enumerate(user.groups)]
    if user.group is not None:
        groups.append((user.group, (*path, "group")))
    for name, where in groups:
        if not matches(grammar.USER_NAME, name):
            message = f"groupadd does not take {name[:40]!r} as a name"
            hint = "write a lower-case letter or _, then up to 31 of a-z 0-9 _ -"
            yield Diagnostic("DB0150", message, loaded.span(*where), hint)
    for key, number in (("uid", user.uid), ("gid", user.gid)):
        if number is not None and not 0 < number <= MAX_UID:
            message = f"a {key} is a number from 1 to {MAX_UID}"
            yield Diagnostic("DB0114", message, loaded.span(*path, key))
    yield from _check_entry(loaded, path, user)


def _check_entry(loaded: Loaded, path: Path, user: User) -> Iterator[Diagnostic]:
    """Report a home or a shell that no line of /etc/passwd can hold."""
    home = user.home or ""
    usable = matches(grammar.WRITTEN, home) and f"/{WHITEOUT}" not in home
    if home.startswith("/") and not (usable and normpath(home) == home):
        message = f"{home[:60]!r} is no home: a plain absolute path, without / behind"
        yield Diagnostic("DB0142", message, loaded.span(*path, "home"))
    for key, text in (("home", home), ("shell", user.shell)):
        if ":" in text:
            shown = f"the {key} {text[:60]!r}"
            message = f"{shown} has a colon, which ends it in /etc/passwd"
            yield Diagnostic("DB0142", message, loaded.span(*path, key))


def _check_existing(loaded: Loaded, user: User) -> Iterator[Diagnostic]:
    """Report what only a user that is created can have."""
    if not matches(grammar.OWNER, user.name):
        message = f"{user.name[:40]!r} is not a user: a name or a number, or user:group"
        yield Diagnostic("DB0150", message, loaded.span("user", "name"))
    for name in sorted(user.model_fields_set - {"name", "create"}):
        message = f"{name} is for a user that is created, and this one is not"
        hint = f"remove {name}, or remove create"
        span, path = loaded.span("user", name), ("user", name)
        mends = removal(loaded.tree, loaded.syntax, path, f"remove {name}")
        yield Diagnostic("DB0150", message, span, hint, mends=mends)
    if loaded.declaration.sudo:
        message = "sudo is for a user that is created, and this one is not"
        yield _sudo(loaded, message, "remove sudo")
