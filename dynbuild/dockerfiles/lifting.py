"""Which RUN becomes a list of packages, of the image or of a stage, and which does not.

In a build stage that the image does not stand on, the list is that of a stage which
does nothing else: all that stands behind it depends on that.
"""

from collections.abc import Iterator

from dynbuild.dockerfiles.gathering import Noted, Reading, Walk
from dynbuild.dockerfiles.known import both
from dynbuild.dockerfiles.model import Instruction, Part
from dynbuild.dockerfiles.packages import (
    decides,
    harmless,
    packages_of,
    takes_away,
)
from dynbuild.dockerfiles.running import Ran


def lift(walked: Walk, reading: Reading, one: Instruction, ran: Ran) -> str | None:
    """Make an installation a list of packages; return the reason if it is not one."""
    packages, reason = packages_of(ran.script, frozenset(ran.caches))
    if reason:
        return reason
    reason = next(_obstacles(walked, reading, one, ran), "")
    if reason:
        return reason
    index = reading.stage.index
    comments = (*one.comments, *(comment.text for comment in one.inner))
    if index in walked.sources.chain:
        walked.packages[index] = packages
        walked.package_comments[index] = comments
        walked.notes.append(Noted(one, "translated", "apt_packages"))
        return None
    walked.own_packages.add(index)
    fields = {"apt_packages": sorted(packages)}
    part = Part(index, "packages", fields=fields, comments=comments)
    walked.notes.append(
        Noted(one, "translated", "apt_packages", part=len(walked.parts))
    )
    walked.parts.append(part)
    return None


def _obstacles(
    walked: Walk, reading: Reading, one: Instruction, ran: Ran
) -> Iterator[str]:
    """Yield what makes the place of an installation another than that of a list."""
    state, index, sources = reading.state, reading.stage.index, walked.sources
    apart = index not in sources.chain
    lineage = sources.lineage(index)
    if apart and not {*lineage}.isdisjoint(sources.chain):
        yield "its build stage is not part of the image, and stands on one that is"
    if ran.fields.keys() - {"cache_mounts"}:
        yield "it has a network, a secret or a mount of its own"
    if state.user is not None:
        yield "it does not run as root"
    if any(at in {*walked.packages, *walked.own_packages} for at in lineage):
        yield "another one before it is the list already"
    if decides(both(reading.before, reading.paths)):
        yield "what stands before it may decide what the packages do"
    other = harmless({**state.scope.run_arguments(), **state.scope.env})
    if other is not None:
        yield f"a package may read ${other} when it is installed"
    if _removed_later(walked, index, one.line):
        yield "packages are removed later"
    if not apart:
        yield from _obstacles_of_others(walked, one, index)


def _obstacles_of_others(walked: Walk, one: Instruction, index: int) -> Iterator[str]:
    """Yield what other build stages would see otherwise of a list of the image."""
    sources = walked.sources
    if any(
        index not in sources.lineage(side) and sources.shares_ground(side)
        for side in sources.needed
    ):
        yield "another build stage starts from the same image, and would see them"
    if any(_is_alone(walked, one, side) for side in sources.copied):
        yield "files are copied from a build stage that has nothing else"


def _is_alone(walked: Walk, one: Instruction, side: int) -> bool:
    """Whether a build stage has no files but those of one instruction."""
    lineage = walked.sources.lineage(side)
    makes = [
        other
        for stage in walked.dockerfile.stages
        if stage.index in lineage
        for other in stage.instructions
        if other.name in ("RUN", "COPY", "ADD")
    ]
    return makes == [one]


def _removed_later(walked: Walk, index: int, line: int) -> bool:
    """Whether what stands on a build stage removes packages behind a line."""
    return any(
        takes_away("\n".join([after.text, *(one.text for one in after.heredocs)]))
        for stage in walked.dockerfile.stages
        if stage.index in walked.sources.needed
        and index in walked.sources.lineage(stage.index)
        for after in stage.instructions
        if after.name == "RUN" and after.line > line
    )
