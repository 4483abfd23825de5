"""Pages that are walked through: their files are written, their commands run.

A block whose fence names a file (``toml dynbuild.toml``) is that file, a ``diff`` is an
edit of it; of a ``yaml``, which is a workflow, the commands run. What stands in a
``console`` runs in one shell, from the first block of the page to the last, and says
what the page shows, where ``…`` stands for lines that are left out. Times, sizes and
digests are each machine's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.space import Space

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ELISION = "…\n"
PROGRESS = re.compile(
    r"(?:^(?:\S+ (?:\||started\b|cached\b|ran in\b)"
    r"|(?:importing|waiting|packing|exporting|loading|sharing)\b).*\n)+",
    re.MULTILINE,
)
"""What a terminal does not keep either."""

OWN = [
    (re.compile(r" *\b\d+ min(?: \d+ s)?|(?<=ran) +[\d.]+ s| *\b[\d.]+ s\b"), " TIME"),
    (re.compile(r"; saved TIME"), ""),
    (re.compile(r" *\b[\d.]+ [kMG]?B\b"), " SIZE"),
    (re.compile(r"(?<=sha256:)[0-9a-f]+|\b[0-9a-f]{7,64}\b"), "DIGEST"),
    (re.compile(r"\b20\d\d-\d\d-\d\d(?:[T ][\d:.]+Z?)?"), "DATE"),
]
FILLED = re.compile(r"\$\{\{ *(.+?) *\}\}|\$(\w+)")
WRAPPED = """\
cd "$(cat "$WALK/directory")"; . "$WALK/variables"
docker() {
    case $1 in
        run) shift; command docker run --network=none "$@" ;;
        login) cat > "$WALK/password" ;;
        *) command docker "$@" ;;
    esac
}
pip() { echo "$*" > "$WALK/pip"; }
gh() { echo "$*" > "$WALK/gh"; }
curl() { echo "$*" > "$WALK/curl"; }
"""
KEPT = """
status=$?
pwd > "$WALK/directory"; export -p > "$WALK/variables"; exit $status
"""
"""A workflow's jobs leave nothing behind, a reader's shell does."""


@dataclass
class Walk:
    """A shell that goes through a page, in a project of its own."""

    space: Space
    state: Path
    real: dict[str, str]
    """What stands in the place of names of the page, such as that of its base."""
    jobs: Mapping[str, str]
    """Variables and expressions that a workflow gets from its server."""
    before_jobs: Callable[[], None]
    tags: set[str] = field(default_factory=set)

    def through(self, page: str) -> str:
        """Go through a page, and return it with what its commands say now."""
        self.state.mkdir()
        (self.state / "directory").write_text(str(self.space.root))
        (self.state / "variables").write_text("")
        told: list[str] = []
        end = 0
        for block in BLOCK.finditer(page):
            kind, name, text = block.groups()
            told += [page[end : block.start(3)], self.block(kind, name, text)]
            end = block.end(3)
        return "".join([*told, page[end:]])

    def block(self, kind: str, name: str | None, text: str) -> str:
        if kind == "console":
            return "".join(map(self.transcript, commands(text)))
        assert name, f"a block of {kind} names no file:\n{text}"
        there = (self.state / "directory").read_text().strip()
        path = self.space.root / there / name
        if kind == "diff":
            path.write_text(edited(path.read_text(), self.realized(text)))
            return text
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.realized(text))
        if kind == "yaml":
            self.before_jobs()
            for script, variables in scripts(self.realized(text)):
                self.job(script, variables)
        return text

    def job(self, script: str, variables: Mapping[str, str]) -> None:
        """Run what a workflow runs, with its variables."""
        ours = {name: FILLED.sub(self._given, text) for name, text in variables.items()}
        known = {name: text for name, text in self.jobs.items() if name.isupper()}
        status, said = self.run(f"set -e\n{script}", {**known, **ours}, then="")
        assert status == 0, f"{script}\n{said}"

    def _given(self, found: re.Match[str]) -> str:
        return self.jobs[found[1] or found[2]]

    def transcript(self, entry: tuple[str, str]) -> str:
        command, shown = entry
        _, said = self.run(self.commanded(command), {}, then=KEPT)
        if re.search(r"dynbuild (?:build|realize)\b", command):
            said = PROGRESS.sub(ELISION, said)
        return f"$ {command}\n" + (shown if as_shown(said, shown) else said)

    def run(
        self, command: str, variables: Mapping[str, str], then: str
    ) -> tuple[int, str]:
        script = f"{WRAPPED}\n{{ {command}\n}} 2>&1 {then}"
        variables = {**variables, "WALK": str(self.state)}
        done = self.space.command("bash", "-c", script, **variables)
        text = done.out + done.err
        for shown, real in self.real.items():
            text = text.replace(real, shown)
        for tag in self.tags:
            text = text.replace(self.own(tag), tag)
        for folder in (self.space.environment["HOME"], self.space.root):
            text = text.replace(str(folder), "~")
        return done.status, "".join(f"{line.rstrip()}\n" for line in text.splitlines())

    def realized(self, text: str) -> str:
        for shown, real in self.real.items():
            text = text.replace(shown, real)
        return text

    def commanded(self, command: str) -> str:
        """Give images names that no other test has."""
        self.tags |= set(re.findall(r"-t '?([a-z][\w-]*)", command))
        lines = []
        for line in self.realized(command).splitlines():
            told = line
            for tag in self.tags if re.search(r" -t |docker", line) else ():
                end = "" if tag.endswith("-") else r"(?![\w./])"
                told = re.sub(rf"(?<![\w./:-]){tag}{end}", self.own(tag), told)
            lines.append(told)
        return "\n".join(lines)

    def own(self, tag: str) -> str:
        return f"walk-{self.state.name}-{tag}"


def unnamed(page: str) -> list[str]:
    """The files of a page that the text of their section does not name."""
    return [
        block[2]
        for section in page.split("\n## ")
        for block in BLOCK.finditer(section)
        if block[2] and f"`{block[2]}`" not in section
    ]


def commands(console: str) -> Iterator[tuple[str, str]]:
    """Split a session into commands, each with what it says."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, newline, shown = re.split(r"(?<!\\)(\n)", part, maxsplit=1)
        assert newline
        yield command, shown


def as_shown(said: str, shown: str) -> bool:
    """Whether it is what the page shows, but for what is each machine's own."""
    parts = [re.escape(plain(part)) for part in re.split("(?m)^…\n", shown)]
    return re.fullmatch("(?:.*\n)*".join(parts), plain(said)) is not None


def plain(text: str) -> str:
    for pattern, word in OWN:
        text = pattern.sub(word, text)
    return re.sub(" {2,}", "  ", text)


def edited(text: str, diff: str) -> str:
    """Apply an edit: the lines with a minus, and those around, are there once."""
    for part in re.split(r"^@@.*\n", diff, flags=re.MULTILINE):
        lines = part.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[0] != "+")
        assert text.count(old) == 1, f"not there once:\n{old}"
        text = text.replace(old, "".join(line[1:] for line in lines if line[0] != "-"))
    return text


def scripts(workflow: str) -> Iterator[tuple[str, dict[str, str]]]:
    """What the jobs of a workflow run, in their order, with their variables."""
    read: dict[str, Any] = yaml.safe_load(workflow)
    common = read.get("env", {}) | read.get("variables", {})
    for job in read.get("jobs", read).values():
        if not isinstance(job, dict):
            continue
        ours = common | job.get("env", {}) | job.get("variables", {})
        for step in job.get("steps", ()):
            if "run" in step:
                yield step["run"], ours | step.get("env", {})
        if "script" in job:
            yield "\n".join(job["script"]), ours
