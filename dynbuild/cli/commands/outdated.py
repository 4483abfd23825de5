"""``dynbuild outdated``."""

import os
import sys
from dataclasses import asdict
from functools import partial

import click

from dynbuild.cli import options
from dynbuild.cli.arguments import Pairs, arguments_of
from dynbuild.cli.consent import accepted
from dynbuild.cli.images import every_image, platforms_asked
from dynbuild.cli.options import request
from dynbuild.cli.output import data, shows, table, tell
from dynbuild.cli.progress import Color
from dynbuild.cli.project import load_declaration
from dynbuild.commands import lock as locking
from dynbuild.commands import outdated as verb
from dynbuild.commands.archives import Archives
from dynbuild.commands.packages import Shelf, packages
from dynbuild.digest import short
from dynbuild.engine.index import Index
from dynbuild.environment.model import Environment
from dynbuild.environment.packages import shelf_of
from dynbuild.environment.project import builder, download, images, open_project
from dynbuild.environment.wiring import tiers_of
from dynbuild.explain.installed import Contents
from dynbuild.explain.outdated import Finding
from dynbuild.lockfile.model import Lock, declared_packages
from dynbuild.realization.request import RealizeOptions, platform_of
from dynbuild.tiers.declared import declared_in

_ADVISORIES = 4
"""Maximum advisories in a line of the table; the data has all."""


@click.command()
@options.platform("those of the lock, else the engine's", several=True)
@request(
    "--exit-code",
    is_flag=True,
    help="Exit with status 1 if anything is outdated.",
)
@options.as_json
@options.color
@options.config
@options.arguments
@options.accept_cache
@options.examples(
    "dynbuild outdated",
    "dynbuild outdated --exit-code    # for a job that opens a pull request",
)
def outdated(  # noqa: PLR0913 - one parameter a flag
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    platform: str | None,
    exit_code: bool,
    as_json: bool,
    color: Color,
) -> int:
    """List the images and packages that have newer versions.

    Asks registries for the images of the lock, the package index for pip packages, and
    for packages of apt, apk and yum the sources that the image has. Of packages that
    are not declared, lists those that are outdated. Where the newest version cannot be
    determined, shows the reason.

    Exits with status 0 even if something is outdated, unless --exit-code is given.
    """
    project = open_project(config)
    recorded = locking.recorded(project.locks)
    loaded = load_declaration(project, arguments_of(expressions, texts), recorded)
    several = locking.held_by(project.locks)
    chosen = every_image(project, several)
    declared = declared_in(loaded.declaration)
    cache = accepted(project, declared).cache
    tiers = tiers_of(project.place.root, cache, shows(color))
    environment = Environment(project, cache, tell=shows(color))
    shelf = shelf_of(environment, tiers.values())
    asked, index, archives = images(), Index(os.environ), Archives(download)
    findings: dict[Finding, tuple[str, ...]] = {}
    for image in chosen:
        lock = image.lock
        found = verb.outdated(
            lock,
            project.files,
            [*tiers.values()],
            asked,
            platforms_asked(lock, platform) or (_usual(lock),),
            index.versions,
            partial(_contents, lock, shelf),
            archives,
        )
        for finding, of in found.items():
            before = findings.get(finding, of)
            both = (*before, *of) if before and of else ()
            findings[finding] = tuple(dict.fromkeys(both))
    outdated_ = [one for one in findings if one.state == "outdated"]
    status = 1 if exit_code and outdated_ else 0
    if as_json:
        told = [
            asdict(finding) | ({"platforms": list(of)} if of else {})
            for finding, of in findings.items()
        ]
        data({"version": 1, "findings": told})
        return status
    rows = [_row(finding, of) for finding, of in findings.items()]
    head = ("", "kind", "name", "have", "newest", "")
    sys.stdout.write(table([head, *rows]) + "\n")
    if any(one.kind in ("base", "image") for one in outdated_):
        tell("`dynbuild lock --upgrade-base` pins what the tags name now")
    names = {
        key
        for image in chosen
        for specs in declared_packages(image.lock).values()
        for key in specs
    }
    of_packages = [one for one in outdated_ if one.kind not in ("base", "image")]
    if any(one.name in names or one.kind == "apt" for one in of_packages):
        tell(
            "`dynbuild lock --upgrade-packages` brings packages to their newest, "
            "`-P NAME` one of them, `--security` those that have a fix"
        )
    if any(one.kind == "apt" and one.name not in names for one in of_packages):
        tell(
            "what is not declared is upgraded where it is installed, declaring nothing"
        )
    return status


def _contents(lock: Lock, shelf: Shelf, platform: str) -> Contents:
    return packages(lock, shelf, platform).contents()


def _usual(lock: Lock) -> str:
    return platform_of(lock, builder().platform, RealizeOptions(()))


def _row(finding: Finding, platforms: tuple[str, ...]) -> tuple[str, ...]:
    """Return a line; ``platforms`` are those that it holds for, if not for all."""
    have, newest = (
        short(text) if text and text.startswith("sha256:") else text or ""
        for text in (finding.have, finding.newest)
    )
    told = ", ".join(finding.advisories[:_ADVISORIES])
    more = len(finding.advisories) - _ADVISORIES
    told += f" and {more} more" if more > 0 else ""
    note = ": ".join(filter(None, [finding.note, told]))
    note = "; ".join(filter(None, [note, ", ".join(platforms)]))
    return (finding.state, finding.kind, finding.name, have, newest, note)
