"""Diagnosis of a failed step: what it was missing, and which other step has that."""

import re
from collections.abc import Iterator, Sequence

from dynbuild import quote
from dynbuild.building import BuildFailed, Lacking
from dynbuild.link.model import WriteSet
from dynbuild.lockfile.order import Placed, closure_of
from dynbuild.plan import Plan, Reuse
from dynbuild.steps.managers.left_out import may_lack
from dynbuild.steps.model import Stage

_COMMAND = (
    re.compile(r"(?:^|: )([\w.+-]+): (?:command )?not found$"),
    re.compile(r"command not found: ([\w.+-]+)$"),
    re.compile(r"env: \W?([\w.+-]+?)\W?: No such file or directory$"),
)
_FILE = re.compile(
    r"(?:^|[\s'\"`\N{LEFT SINGLE QUOTATION MARK}=:])(/[^\s'\"`:,"
    r"\N{RIGHT SINGLE QUOTATION MARK}]+)['\"`\N{RIGHT SINGLE QUOTATION MARK}]?"
    r"(?=.*No such file or directory)"
    r"|No such file or directory: ['\"](/[^'\"]+)['\"]"
    r"|: (/\S+): not found$"
)
_PROGRAMS = re.compile(r"(?:.*/)?s?bin/[^/]+")


def lacking(error: BuildFailed, order: Sequence[Placed], plan: Plan) -> Lacking | None:
    """Find the missing command or file in a step that the failed one does not stand on.

    The output is searched from its end.
    """
    failed = next((p for p in order if quote.stage(p.id) == error.step), None)
    if failed is None:
        return None
    below = closure_of(failed, order)
    others = [p for p in order if p.id not in below and p.id != failed.id]
    writes = dict(_writes(plan))
    for name in _names(error.output):
        for other in others:
            path = _holds(writes.get(other.id, {}), name)
            if path is None:
                continue
            moves = other.seq > failed.seq and not isinstance(other.step, Stage)
            return Lacking(failed.id, name, f"/{path}", other.id, moves=moves)
    return None


def forgotten(error: BuildFailed, order: Sequence[Placed]) -> str | None:
    """Return the package that a group failed on, if it is no longer declared."""
    failed = next((p for p in order if quote.stage(p.id) == error.step), None)
    if failed is None:
        return None
    said = "\n".join(error.output)
    specs = may_lack(failed.step).values()
    return next((spec for spec in specs if re.split("[=/@<>~]", spec)[0] in said), None)


def _names(output: Sequence[str]) -> Iterator[str]:
    """Yield the commands and absolute paths reported missing, the latest first."""
    for text in reversed(output):
        line = text.rstrip()
        for pattern in _COMMAND:
            if match := pattern.search(line):
                yield match[1]
        for match in _FILE.finditer(line):
            yield next(filter(None, match.groups()))


def _holds(writes: WriteSet, name: str) -> str | None:
    """Return the path at which a step has the missing name."""
    if name.startswith("/"):
        path = name.strip("/")
        return path if path in writes and writes[path].kind != "whiteout" else None
    return next(
        (
            path
            for path in sorted(writes)
            if path.endswith(f"/{name}")
            and _PROGRAMS.fullmatch(path)
            and writes[path].kind in ("file", "symlink")
        ),
        None,
    )


def _writes(plan: Plan) -> Iterator[tuple[str, WriteSet]]:
    """Yield the write set of each step that was built."""
    for digest, place in plan.places.places.items():
        choice = plan.choices[digest]
        if isinstance(choice, Reuse):
            yield place.id, choice.record.writes
