"""``dynbuild outdated``."""

import os
import sys
from dataclasses import asdict

import click

from dynbuild.cli import options
from dynbuild.cli.arguments import Pairs, arguments_of
from dynbuild.cli.consent import accepted
from dynbuild.cli.images import every_image, platforms_asked
from dynbuild.cli.output import data, shows, table, tell
from dynbuild.cli.progress import Color
from dynbuild.cli.project import load_declaration
from dynbuild.commands import lock as locking
from dynbuild.commands import outdated as verb
from dynbuild.digest import short
from dynbuild.engine.index import Index
from dynbuild.environment.project import builder, images, open_project
from dynbuild.environment.wiring import tiers_of
from dynbuild.explain.outdated import Finding
from dynbuild.lockfile.model import Lock
from dynbuild.realization.request import RealizeOptions, platform_of
from dynbuild.tiers.declared import declared_in


@click.command()
@options.platform("those of the lock, else the engine's", several=True)
@options.as_json
@options.color
@options.config
@options.arguments
@options.accept_cache
@options.examples(
    "dynbuild outdated",
)
def outdated(  # noqa: PLR0913 - one parameter a flag
    *,
    config: str | None,
    expressions: Pairs,
    texts: Pairs,
    platform: str | None,
    as_json: bool,
    color: Color,
) -> int:
    """List the images and packages that have newer versions.

    Asks registries for the images of the lock, and the package index for pip packages.
    Where the newest version cannot be determined, shows the reason.

    Exits with status 0 even if something is outdated.
    """
    project = open_project(config)
    recorded = locking.recorded(project.locks)
    loaded = load_declaration(project, arguments_of(expressions, texts), recorded)
    several = locking.held_by(project.locks)
    chosen = every_image(project, several)
    declared = declared_in(loaded.declaration)
    tiers = tiers_of(
        project.place.root,
        accepted(project, declared).cache,
        shows(color),
    )
    asked, index = images(), Index(os.environ)
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
        )
        for finding, of in found.items():
            before = findings.get(finding, of)
            both = (*before, *of) if before and of else ()
            findings[finding] = tuple(dict.fromkeys(both))
    if as_json:
        told = [
            asdict(finding) | ({"platforms": list(of)} if of else {})
            for finding, of in findings.items()
        ]
        data({"version": 1, "findings": told})
        return 0
    rows = [_row(finding, of) for finding, of in findings.items()]
    head = ("", "kind", "name", "have", "newest", "")
    sys.stdout.write(table([head, *rows]) + "\n")
    if any(
        finding.state == "outdated" and finding.kind in ("base", "image")
        for finding in findings
    ):
        tell("`dynbuild lock --upgrade-base` pins what the tags name now")
    if any(
        finding.state == "outdated" and finding.kind == "pip" for finding in findings
    ):
        tell("`dynbuild lock --upgrade-packages` brings packages to their newest")
    return 0


def _usual(lock: Lock) -> str:
    return platform_of(lock, builder().platform, RealizeOptions(()))


def _row(finding: Finding, platforms: tuple[str, ...]) -> tuple[str, ...]:
    """Return a line; ``platforms`` are those that it holds for, if not for all."""
    have, newest = (
        short(text) if text and text.startswith("sha256:") else text or ""
        for text in (finding.have, finding.newest)
    )
    note = "; ".join(filter(None, [finding.note, ", ".join(platforms)]))
    return (finding.state, finding.kind, finding.name, have, newest, note)
