"""Checks of where packages come from: addresses without passwords, and who asks."""

import re
from collections.abc import Iterator

from dynbuild.declaration.check.packages import Lists, is_address, lists_of
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema_packages import AptSource, Index, Registry
from dynbuild.declaration.syntax.edits import with_items
from dynbuild.declaration.syntax.secrecy import without_logins
from dynbuild.declaration.syntax.spelling import spelled
from dynbuild.declaration.syntax.tree import Path
from dynbuild.errors import Diagnostic, Label, Mend
from dynbuild.steps.managers import MANAGERS

_LOGIN = re.compile(r"^((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)([^/?#]*)@")
_SCOPE = r"@[a-z0-9~-][a-z0-9._~-]*"
_USERNAME = r"[^\s\"'\\]+"

Asked = AptSource | Index | Registry


def check_indexes(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report addresses that no manager can ask, or that two indexes are to be."""
    for at, lists in lists_of(loaded):
        for number, source in enumerate(lists.apt_sources):
            here = (*at, "apt_sources", number)
            yield from _check_login(loaded, here, source, source.uri)
        for row in MANAGERS.values():
            if row.index_field:
                yield from _check_field(loaded, at, lists, row.index_field)
    yield from _check_sudo(loaded)


def _check_sudo(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report sudo that is to come from sources of which one wants a login.

    The user's step knows no secrets, and finds what a list has installed.
    """
    declaration = loaded.declaration
    listed = {MANAGERS["apt"].key(spec) for spec in declaration.apt_packages}
    private = any(source.secret is not None for source in declaration.apt_sources)
    if declaration.sudo and private and "sudo" not in listed:
        message = "sudo is a package that apt has to look for in all of its sources, "
        message += "and one of these wants a secret"
        edit = with_items(loaded.tree, loaded.syntax, "apt_packages", ["sudo"])
        mends = (Mend("add 'sudo' to apt_packages", (edit,)),) if edit else ()
        hint = "add 'sudo' to apt_packages, which are asked for with it"
        yield Diagnostic("DB0169", message, loaded.key("sudo"), hint, mends=mends)


def _check_field(
    loaded: Loaded, at: Path, lists: Lists, field: str
) -> Iterator[Diagnostic]:
    first: dict[str | None, Label] = {}
    indexes: tuple[Index | Registry, ...] = getattr(lists, field)
    for number, index in enumerate(indexes):
        here = (*at, field, number)
        yield from _check_login(loaded, here, index, index.url)
        span = loaded.span(*here, "url")
        if not _LOGIN.match(index.url) and not is_address(index.url):
            shown = without_logins(index.url)[:60]
            message = f"{field} has addresses of http or https, and {shown!r} is none"
            yield Diagnostic("DB0169", message, span)
        scope = index.scope if isinstance(index, Registry) else index.url
        if isinstance(index, Registry) and scope is not None:
            span = loaded.span(*here, "scope")
            if not re.fullmatch(_SCOPE, scope):
                message = f"{scope[:60]!r} is no scope of npm"
                hint = "write it as in @team/package, without the package: @team"
                yield Diagnostic("DB0169", message, span, hint)
        if scope in first:
            asked = f"the scope {scope}" if scope else "all packages"
            asked = asked if isinstance(index, Registry) else "one index"
            message = f"two entries of {field} are for {asked}"
            yield Diagnostic("DB0169", message, span, "keep one", (first[scope],))
        else:
            first[scope] = Label(span, "first named here")


def _check_login(
    loaded: Loaded, at: Path, asked: Asked, url: str
) -> Iterator[Diagnostic]:
    key = "uri" if isinstance(asked, AptSource) else "url"
    if (login := _LOGIN.match(url)) is not None:
        said = {key: login[1] + url[login.end() :], "username": "NAME", "secret": "ID"}
        fields = [spelled(loaded.syntax, name, text) for name, text in said.items()]
        message = "an address with a password would stand in the lock, for everyone"
        hint = f"write {', '.join(fields)}; each build gives the secret's value: "
        hint += "--secret id=ID,env=VARIABLE"
        yield Diagnostic("DB0188", message, loaded.span(*at, key), hint)
    if asked.username is None:
        return
    where = loaded.span(*at, "username")
    if asked.secret is None:
        message = "a username needs a secret, which has the password"
        hint = 'add secret = "ID": each build gives its value'
        yield Diagnostic("DB0169", message, where, hint)
    elif not re.fullmatch(_USERNAME, asked.username):
        message = f"{asked.username[:60]!r} cannot be a username: it has blanks, quotes"
        yield Diagnostic("DB0169", f"{message} or backslashes", where)
