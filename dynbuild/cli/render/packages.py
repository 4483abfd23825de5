"""Installed packages, and how those of two images differ, as text and as data."""

from collections.abc import Iterable, Sequence

from dynbuild.cli.output import table
from dynbuild.cli.progress_text import printable
from dynbuild.explain.installed import (
    BASE,
    Contents,
    ContentsDiff,
    InstalledPackage,
    PackageChange,
    Problem,
)
from dynbuild.explain.needs import WhyInstalled

_HEAD = ("", "package", "version", "architecture", "source", "licence", "step")
_WIDEST = 40
"""Maximum characters of a licence in a table: Debian's files name a dozen."""
_MOST = 8
"""Maximum number of packages that are listed as needing one."""


def packages_text(contents: Contents) -> str:
    """Return a table of all packages."""
    return table([_HEAD, *map(_row, contents.packages)])


def summary(contents: Contents) -> str:
    """Return one line: the distribution, and how many packages came from where."""
    total = len(contents.packages)
    of_base = sum(one.step == BASE for one in contents.packages)
    named = " ".join(filter(None, contents.distribution or ())) or "no distribution"
    noun = "package" if total == 1 else "packages"
    return f"{named}: {total} {noun}, {of_base} of the base"


def changes_of_step(step: str, changes: Sequence[PackageChange]) -> str:
    """Return what a step changed, or that it changed no package."""
    if not changes:
        return printable(f"{step} changes no package")
    return f"{printable(step)}\n{changes_table(changes)}"


def changes_table(changes: Iterable[PackageChange]) -> str:
    return table([change_cells(one) for one in changes])


def contents_diff_text(diff: ContentsDiff | None) -> str:
    """Return how images differ: paragraphs, empty if they do not, as far as known."""
    parts = []
    if diff is not None and diff.packages:
        parts.append(f"packages\n{changes_table(diff.packages)}")
    if diff is not None and diff.files:
        lines = (printable(f"{sign}  /{path}") for sign, path in diff.files)
        parts.append("\n".join(("files", *lines)))
    return "\n\n".join(parts)


def contents_diff_data(diff: ContentsDiff | None) -> dict[str, object]:
    """Return the same as data; None where it is not known, or not asked for."""
    files = None if diff is None else diff.files
    return {
        "packages": diff and [change_data(one) for one in diff.packages],
        "files": files and [{"what": sign, "path": f"/{at}"} for sign, at in files],
    }


def problem_text(problem: Problem) -> str:
    of = problem.step or "the base"
    where = f"/{problem.path}" if problem.path else "its layers"
    return f"{where} of {of}: {problem.why}"


def why_package_text(found: WhyInstalled) -> str:
    """Return why a package is installed: a paragraph."""
    one, package = found.installed, found.installed.package
    named = " ".join(
        filter(None, (package.name, package.version, package.architecture))
    )
    source = package.source if package.source != package.name else ""
    built = f", built from {source}" if source else ""
    lines = [f"{named} ({package.kind}{built})"]
    if one.step == BASE:
        lines.append("  it is in the base")
    else:
        lines.append(f"  {one.step} brought it, at seq {found.seq}")
    if found.declared:
        lines.append("  it is declared")
    elif found.chain:
        lines.append(f"  because of {' -> '.join(found.chain)}")
    elif one.step != BASE:
        lines.append("  nothing that the step declares is known to need it")
    if found.needed_by:
        shown = ", ".join(found.needed_by[:_MOST])
        more = len(found.needed_by) - _MOST
        lines.append(f"  needed by {shown}{f' and {more} others' if more > 0 else ''}")
    return "\n".join(map(printable, lines))


def contents_data(contents: Contents) -> dict[str, object]:
    named = contents.distribution
    return {
        "distribution": named and {"name": named[0], "version": named[1]},
        "packages": [_data(one) for one in contents.packages],
        "unknown": [step or "(base)" for step in contents.unknown],
        "problems": [problem_text(one) for one in contents.problems],
    }


def change_data(one: PackageChange) -> dict[str, object]:
    return {
        "kind": one.kind,
        "name": one.name,
        "architecture": one.architecture,
        "before": [*one.before],
        "after": [*one.after],
    }


def why_package_data(found: WhyInstalled) -> dict[str, object]:
    return {
        **_data(found.installed),
        "seq": found.seq,
        "declared": found.declared,
        "chain": [*found.chain],
        "needed_by": [*found.needed_by],
    }


def _row(one: InstalledPackage) -> tuple[str, ...]:
    package = one.package
    source = package.source if package.source != package.name else ""
    return (
        package.kind,
        package.name,
        package.version,
        package.architecture,
        source,
        _shortened(package.licence),
        one.step or "(base)",
    )


def _shortened(text: str) -> str:
    """Return a text that leaves room for the rest of its line."""
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _data(one: InstalledPackage) -> dict[str, object]:
    package = one.package
    return {
        "kind": package.kind,
        "name": package.name,
        "version": package.version,
        "architecture": package.architecture,
        "source": package.source,
        "source_version": package.source_version,
        "licence": package.licence,
        "step": one.step or "(base)",
        "path": f"/{one.path}",
    }


def change_cells(one: PackageChange) -> tuple[str, ...]:
    """Return the cells of a change: what, and from which version to which."""
    sign = "+" if not one.before else "-" if not one.after else "~"
    versions = (", ".join(one.before), ", ".join(one.after))
    told = " -> ".join(filter(None, versions))
    return (sign, one.kind, one.name, one.architecture, told)
