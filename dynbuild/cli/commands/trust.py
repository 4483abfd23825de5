"""``dynbuild trust``."""

import sys

import click

from dynbuild.cli import options
from dynbuild.cli.arguments import Pairs, arguments_of
from dynbuild.cli.consent import cache_in, consents_kept, name_of, named, naming
from dynbuild.cli.options import request
from dynbuild.cli.output import data, say, table, tell
from dynbuild.cli.project import load_declaration
from dynbuild.commands.lock import recorded
from dynbuild.environment.project import open_project
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.project.consents import Consent
from dynbuild.tiers.declared import Cache, declared_in, settings_of


@click.command()
@request("--list", "listed", is_flag=True, help="List the answers for all projects.")
@request("--revoke", is_flag=True, help="Forget the answers for this project.")
@options.as_json
@options.config
@options.arguments
@options.examples(
    "dynbuild trust                   # use the caches of this project from now on",
    "dynbuild trust --list            # what was answered, of all projects",
)
def trust(  # noqa: PLR0913 - one parameter a flag
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    listed: bool,
    revoke: bool,
    as_json: bool,
) -> int:
    """Accept the caches that the declaration names.

    Caches are stores, tiers and keys. They are not used until you accept them. Caches
    that the environment names need no acceptance.

    The answer holds for this project and these settings, and is kept in the state
    directory.
    """
    if listed and revoke:
        message = "--list and --revoke cannot be combined"
        raise DeclarationError(Diagnostic("DB0317", message, hint="leave one out"))
    if listed:
        _list(consents_kept().all(), as_json=as_json)
        return 0
    project = open_project(config)
    name = name_of(project)
    if revoke:
        count = consents_kept().forget(name)
        tell(f"forgot {count} answer{'s' * (count != 1)} for {name}")
        return 0
    loaded = load_declaration(
        project, arguments_of(expressions, texts), recorded(project.locks)
    )
    declared = declared_in(loaded.declaration)
    consents_kept().keep(Consent(name, settings_of(declared), agreed=True))
    tell(f"accepted for {name}:\n{naming(declared) or '  it names no caches'}")
    return 0


def _list(consents: tuple[Consent, ...], *, as_json: bool) -> None:
    if as_json:
        data(
            [
                {
                    "project": consent.project,
                    "agreed": consent.agreed,
                    "names": [
                        {"kind": kind, "name": name, "use": use}
                        for kind, name, use in named(
                            cache_in(consent.settings) or Cache()
                        )
                    ],
                }
                for consent in consents
            ]
        )
        return
    for consent in consents:
        answer = "accepted" if consent.agreed else "refused"
        sys.stdout.write(f"{table([(answer, consent.project)])}\n")
        cache = cache_in(consent.settings)
        if cache is None:
            say("  what another version of dynbuild knows of")
        elif names := naming(cache):
            say(names)
    if not consents:
        tell("nothing was accepted or refused yet")
