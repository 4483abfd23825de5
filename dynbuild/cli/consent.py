"""The user's consent to use the caches that a declaration names.

A declaration may come from a stranger's pull request. Caches named by the environment
need no consent: only the user sets that.
"""

import os
import sys
from pathlib import Path

import click

from dynbuild.cli.options import ACCEPT_CACHE
from dynbuild.cli.output import show, table, tell
from dynbuild.environment.project import Project
from dynbuild.errors import CommandFailed, Diagnostic
from dynbuild.history.sqlite import path_in
from dynbuild.project.consents import Consent, Consents
from dynbuild.tiers.declared import Cache, cache_of, settings_of
from dynbuild.tiers.settings import beyond, tiers_in, unasked
from dynbuild.values import dataclass

_WARNED = "dynbuild.warned_of_caches"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The effective settings of a declaration; ``given``: the user agreed to them.

    Without consent a run must share nothing that later runs would use unchecked.
    """

    cache: Cache
    given: bool


def accepted(project: Project, declared: Cache) -> Accepted:
    """Return the effective cache settings of a declaration.

    On a terminal the user is asked once per project and settings; otherwise they are
    ignored, and one warning names the command that accepts them.
    """
    settings = settings_of(declared)
    name, consents = name_of(project), consents_kept()
    answer = True if _is_accepted_now() else consents.answer(name, settings)
    counts = beyond(declared, os.environ) != Cache()
    if answer is None and counts and sys.stdin.isatty() and sys.stderr.isatty():
        answer = _ask(project, declared)
        try:
            consents.keep(Consent(name, settings, answer))
        except CommandFailed as error:
            show(error.diagnostics)
    if answer:
        return Accepted(declared, given=True)
    if counts:
        _warn(project, declared)
    return Accepted(_without(declared), given=False)


def agreed(project: Project, declared: Cache) -> Cache:
    """Return the effective cache settings, as the user answered before; ask nobody."""
    if consents_kept().answer(name_of(project), settings_of(declared)):
        return declared
    return _without(declared)


def _without(declared: Cache) -> Cache:
    """Return what counts without consent: keys can only restrict, never allow."""
    return Cache(signed_only=bool(beyond(declared, os.environ).trusted_keys))


def accepted_before(project: Project) -> Cache:
    """Return the trusted settings of a project whose declaration is not read.

    The tiers last accepted by the user are not queried; records from them count.
    """
    settings = consents_kept().last(name_of(project))
    cache = cache_in(settings) if settings else None
    return unasked(cache, os.environ) if cache else Cache()


def consents_kept() -> Consents:
    """Return the user's earlier answers."""
    history = path_in(os.environ)
    return Consents(history and history.parent / "trust")


def cache_in(settings: str) -> Cache | None:
    """Parse the settings of an answer; return None if a newer dynbuild wrote it."""
    try:
        return cache_of(settings)
    except (TypeError, ValueError, AttributeError):
        return None


def name_of(project: Project) -> str:
    """Return the key of a project's answers: the path of its declaration."""
    return str(Path(project.place.config).resolve())


def named(declared: Cache) -> list[tuple[str, str, str]]:
    """Return the caches that a declaration names: kind, identity and use of each."""
    rows: list[tuple[str, str, str]] = []
    if declared.local is not None:
        rows.append(("store", declared.local, ""))
    rows += [(kind.name, *kind.shown(tier)) for kind, tier in tiers_in(declared)]
    return rows + [("key", key, "") for key in declared.trusted_keys]


def naming(declared: Cache) -> str:
    """Return the same as human-readable text, one line each."""
    rows = named(declared)
    return "\n".join(f"  {line}" for line in table(rows).splitlines()) if rows else ""


def _is_accepted_now() -> bool:
    return bool(click.get_current_context().meta.get(ACCEPT_CACHE))


def _ask(project: Project, declared: Cache) -> bool:
    tell(
        f"{project.place.config} names caches. What they hold becomes part of your "
        "images, what you\nbuild is shared with them, and your credentials for them "
        f"are sent there:\n{naming(declared)}"
    )
    return click.confirm("Use them for this project?", err=True)


def _warn(project: Project, declared: Cache) -> None:
    meta = click.get_current_context().meta
    if meta.setdefault(_WARNED, False):
        return
    meta[_WARNED] = True
    config = project.place.config
    names = ", ".join(
        " ".join(line.split()[:2]) for line in naming(declared).split("\n")
    )
    message = f"{config} names caches that you have not accepted: {names}"
    hint = "they are not used; look at them, then run `dynbuild trust`"
    if click.get_current_context().params.get("config"):
        hint = f"{hint.removesuffix('`')} -c {config}`"
    hint += ", or pass --accept-cache"
    if declared.trusted_keys:
        hint += "\nuntil then nothing that is not built here counts"
    show([Diagnostic("DB0630", message, hint=hint, severity="warning")])
