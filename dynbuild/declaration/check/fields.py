"""Field checks beyond a single pattern: user, shells, copies, mounts, ports."""

import re
from collections.abc import Iterator
from posixpath import basename, normpath

from dynbuild.declaration import grammar
from dynbuild.declaration.check.packages import lists_of
from dynbuild.declaration.check.users import created
from dynbuild.declaration.grammar import (
    BOUND,
    FLAG,
    MATCHED,
    MOUNTED,
    PATTERN,
    WHITEOUT,
    WRITTEN,
    is_secret,
    matches,
)
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema_stage import Copy, Stage, Taken
from dynbuild.declaration.syntax.edits import rewriting
from dynbuild.declaration.syntax.tree import Path
from dynbuild.declaration.variables import tables
from dynbuild.errors import Diagnostic, Label, respellings
from dynbuild.spans import Span

MAX_PORT = 65535
LATEST = 8**11 - 1
"""The latest timestamp that a tar header can hold."""


def check_shells(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report shells that cannot run the preamble that dynbuild puts before commands."""
    shells = [(loaded.declaration.shell, loaded.span("shell"))]
    for index, stage in enumerate(loaded.declaration.stages):
        shells.append((stage.shell, loaded.span("stages", index, "shell")))
    for shell, span in shells:
        if shell is None:
            continue
        if not shell or basename(shell[0]) not in grammar.SHELLS:
            shown = repr(shell[0][:40]) if shell else "an empty list"
            message = (
                f"{shown} is not a POSIX shell: dynbuild writes `set -e` and exports "
                "before the commands"
            )
            hint = 'write ["/bin/bash", "-c"], and call other languages in commands'
            bash = ["/bin/bash", "-c"]
            mends = rewriting(span, loaded.syntax, bash, "let /bin/bash run them")
            yield Diagnostic("DB0144", message, span, hint, mends=mends)


def check_labels(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report names that Docker, which ends them at the first ``=``, cannot be given."""
    declaration = loaded.declaration
    for of, names, what in (
        ("labels", declaration.labels, "a label"),
        ("annotations", declaration.annotations, "an annotation"),
    ):
        for name in names:
            if "=" in name:
                message = f"{name[:60]!r} cannot name {what}: it has a ="
                yield Diagnostic("DB0143", message, loaded.key(of, name))


def check_runtime(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report invalid ports, and health checks that check nothing."""
    declaration = loaded.declaration
    for index, port in enumerate(declaration.expose):
        match = re.search(grammar.PORTS, port)
        numbers = [int(text) for text in match.groups()[:2] if text] if match else []
        if not (
            numbers
            and all(0 < number <= MAX_PORT for number in numbers)
            and numbers == sorted(numbers)
        ):
            message = f"{port[:40]!r} is not a port"
            hint = 'write 8000, "53/udp" or "8000-8010", up to 65535'
            yield Diagnostic("DB0149", message, loaded.span("expose", index), hint)
    moment = declaration.source_date_epoch
    if moment is not None and not 0 <= moment <= LATEST:
        message = f"a time is a number of seconds since 1970, up to {LATEST}"
        yield Diagnostic("DB0114", message, loaded.span("source_date_epoch"))
    health = declaration.healthcheck
    if not health:
        return
    if health.cmd == () and ("healthcheck", "cmd") not in loaded.lost:
        message = "a health check needs a command"
        yield Diagnostic("DB0129", message, loaded.span("healthcheck", "cmd"))
    if health.retries is not None and health.retries < 1:
        message = "retries is a number from 1"
        yield Diagnostic("DB0114", message, loaded.span("healthcheck", "retries"))


def check_copies(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report copies that leave the project, or come from two places."""
    for of, taker in loaded.takers:
        for at, copy in enumerate(taker.copies):
            path: Path = (*of, "copy", at)
            yield from _check_source(loaded, path, copy)
            live = isinstance(taker, Stage) and taker.track is False
            yield from _check_matched(loaded, path, copy, live=live)
            yield from _check_patterns(loaded, path, copy)
    for index, stage in enumerate(loaded.declaration.stages):
        for at, mount in enumerate(stage.mounts):
            yield from _check_source(loaded, ("stages", index, "mounts", at), mount)


def _check_source(loaded: Loaded, path: Path, copy: Taken) -> Iterator[Diagnostic]:
    """Report what is taken from two places, or from none."""
    span = loaded.span(*path, "from")
    taken = "copied" if isinstance(copy, Copy) else "mounted"
    if copy.stage is not None and copy.image is not None:
        message = f"what is {taken} is from a stage or from an image, not from both"
        label = Label(loaded.key(*path, "stage"), "a stage is named here")
        where = loaded.key(*path, "image")
        yield Diagnostic("DB0135", message, where, "keep one", (label,))
    elif copy.stage is not None or copy.image is not None:
        if not copy.from_.startswith("/"):
            other = "a stage" if copy.image is None else "an image"
            message = f"what is {taken} from {other} is named by an absolute path"
            better = [f"/{copy.from_}"] if re.match(r"\w", copy.from_) else []
            hint = f"write {better[0]!r}" if better else None
            mends = respellings(span, copy.from_, better)
            yield Diagnostic("DB0142", message, span, hint, mends=mends)
    else:
        yield from in_project(copy.from_, span)


def _check_matched(
    loaded: Loaded, path: Path, copy: Copy, *, live: bool
) -> Iterator[Diagnostic]:
    """Report patterns where only a path can stand, and optional files of others."""
    span = loaded.span(*path, "from")
    if copy.stage is not None or copy.image is not None:
        of = "a stage" if copy.image is None else "an image"
        if "**" in copy.from_:
            yield _two_stars(span)
        elif copy.optional and not re.search(MATCHED, copy.from_):
            message = f"of {of}, only what a pattern matches is optional"
            yield Diagnostic("DB0159", message, loaded.key(*path, "optional"))
        return
    if not re.search(PATTERN, copy.from_):
        return
    if "**" in copy.from_:
        yield _two_stars(span)
    if live:
        message = "what a pattern matches is tracked: its names stand in the lock"
        yield Diagnostic("DB0159", message, span, "copy the directory, which is live")
    if copy.exclude:
        message = "a pattern has no exclude: it names the files that it takes"
        yield Diagnostic("DB0159", message, loaded.key(*path, "exclude"))
    if not copy.to.endswith("/"):
        message = "what a pattern matches is copied to a directory"
        where, better = loaded.span(*path, "to"), f"{copy.to}/"
        mends = respellings(where, copy.to, [better])
        yield Diagnostic("DB0142", message, where, f"write {better!r}", mends=mends)


def _two_stars(span: Span) -> Diagnostic:
    message = "a pattern names files of one depth: ** has no meaning in it"
    return Diagnostic("DB0159", message, span, "copy the directory")


def check_files(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report paths at which no instruction can write a file."""
    for at, taker in loaded.takers:
        first: dict[str, str] = {}
        for to in taker.files:
            where = loaded.key(*at, "files", to)
            if not matches(WRITTEN, to) or f"/{WHITEOUT}" in to or _leaves(to[1:]):
                message = f"no file can be written at {to[:60]!r}"
                hint = "write an absolute path in ASCII, without blanks and quotes; or "
                hint += "copy the file"
                yield Diagnostic("DB0142", message, where, hint)
                continue
            path = normpath(f"/{to.lstrip('/')}")
            above = next((one for one in first if path.startswith(f"{one}/")), None)
            below = next((one for one in first if one.startswith(f"{path}/")), None)
            if above or below:
                inner, outer = (to, first[above]) if above else (first[below or ""], to)
                message = f"{inner[:60]!r} is below {outer[:60]!r}, which is a file"
                yield Diagnostic("DB0142", message, where, "name one of them otherwise")
            other = first.setdefault(path, to)
            if other != to:
                message = f"{other[:60]!r} and {to[:60]!r} are one file"
                label = Label(loaded.key(*at, "files", other), "here first")
                yield Diagnostic("DB0142", message, where, "keep one", (label,))


def _check_patterns(loaded: Loaded, path: Path, copy: Copy) -> Iterator[Diagnostic]:
    for at, pattern in enumerate(copy.exclude):
        if not pattern.strip() or pattern.startswith(("/", "!")) or _leaves(pattern):
            message = f"{pattern[:40]!r} does not name files below what is copied"
            hint = 'write a pattern such as "*.pyc" or "tests/"'
            where = loaded.span(*path, "exclude", at)
            yield Diagnostic("DB0137", message, where, hint)
        elif not matches(FLAG, pattern):
            message = (
                "a pattern is ASCII, without blanks, quotes, $ and backslashes: "
                f"{pattern[:40]!r}"
            )
            where = loaded.span(*path, "exclude", at)
            yield Diagnostic("DB0137", message, where, "? stands for any character")


def in_project(path: str, span: Span) -> Iterator[Diagnostic]:
    """Report a path that does not name something inside the project."""
    hint = "name a path inside the project"
    if re.match(r"\w+://|git@", path):
        message = "a copy takes files of the project, not from the network"
        hint = "download it in the commands of a stage, with a checksum"
    elif path.startswith(("/", "~")):
        message = f"{path[:60]!r} is not inside the project"
    elif _leaves(path):
        message = f"{path[:60]!r} leaves the project"
    elif not path.strip():
        message = "there is nothing to copy"
    else:
        return
    yield Diagnostic("DB0136", message, span, hint)


def _leaves(path: str) -> bool:
    depth = 0
    for part in path.split("/"):
        depth += {"": 0, ".": 0, "..": -1}.get(part, 1)
        if depth < 0:
            return True
    return False


def check_whiteouts(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report paths that would act as a whiteout in a layer, deleting a file."""
    declaration = loaded.declaration
    made: list[tuple[str | None, Path]] = [(declaration.workdir, ("workdir",))]
    for at, stage in enumerate(declaration.stages):
        path: Path = ("stages", at)
        made.append((stage.workdir, (*path, "workdir")))
        made += [(m.to, (*path, "mounts", i, "to")) for i, m in enumerate(stage.mounts)]
        made += [
            (mount.target, (*path, "cache_mounts", i))
            for i, mount in enumerate(stage.cache_mounts)
        ]
        made += [
            (mount.target, (*path, "tmpfs", i, "target"))
            for i, mount in enumerate(stage.tmpfs)
        ]
        made += [
            (secret.target, (*path, "secrets", i, "target"))
            for i, secret in enumerate(stage.secrets)
        ]
    made += [
        (copy.to, (*path, "copy", i, "to"))
        for path, taker in loaded.takers
        for i, copy in enumerate(taker.copies)
    ]
    for text, where in made:
        if text is not None and f"/{WHITEOUT}" in text:
            message = f"{text[:60]!r}: a name that begins with .wh. deletes a file"
            yield Diagnostic(
                "DB0157", message, loaded.span(*where), "name it otherwise"
            )


def check_keys_of_sources(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report public keys that are not in the project."""
    for at, lists in lists_of(loaded):
        for index, source in enumerate(lists.apt_sources):
            if source.key is not None:
                where = loaded.span(*at, "apt_sources", index, "key")
                yield from in_project(source.key, where)


def check_mounts(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report mounts that an instruction cannot express, or with an unknown owner."""
    for index, stage in enumerate(loaded.declaration.stages):
        at = ("stages", index)
        paths = [
            (mount.target, loaded.span(*at, "cache_mounts", number))
            for number, mount in enumerate(stage.cache_mounts)
        ]
        paths += [
            (mount.target, loaded.span(*at, "tmpfs", number))
            for number, mount in enumerate(stage.tmpfs)
        ]
        paths += [
            (secret.target, loaded.span(*at, "secrets", number, "target"))
            for number, secret in enumerate(stage.secrets)
            if secret.target
        ]
        for number, bind in enumerate(stage.mounts):
            paths.append((bind.to, loaded.span(*at, "mounts", number, "to")))
            if not matches(BOUND, bind.from_):
                message = (
                    "what is mounted has a path in ASCII, without blanks, quotes, "
                    f"commas, *, ?, [, $ and backslashes: {bind.from_[:60]!r}"
                )
                span = loaded.span(*at, "mounts", number, "from")
                yield Diagnostic("DB0138", message, span, "copy it instead")
        seen: dict[str, Span] = {}
        for path, span in paths:
            whole = normpath(path)
            if not matches(MOUNTED, path):
                message = (
                    "the path of a mount is ASCII, without blanks, quotes, commas, $ "
                    f"and backslashes: {path[:60]!r}"
                )
                yield Diagnostic("DB0138", message, span)
            elif whole.strip("/").split("/")[0] in ("", "dev", "proc", "sys"):
                message = f"nothing can be mounted at {path[:60]!r}"
                hint = "name a directory of the image, such as /root/.cache"
                yield Diagnostic("DB0138", message, span, hint)
            elif whole in seen:
                message = f"{whole[:60]!r} is mounted twice"
                label = Label(seen[whole], "here as well")
                yield Diagnostic("DB0138", message, span, "keep one", (label,))
            seen.setdefault(whole, span)
        if (stage.cache_mounts or stage.secrets) and not _has_known_uid(loaded, stage):
            message = (
                f"stage {stage.name!r} runs as {stage.user!r}, whose uid is not known: "
                "its mounts and secrets would belong to someone else"
            )
            hint = 'write the number as text, such as "1000"'
            yield Diagnostic("DB0139", message, loaded.span(*at, "user"), hint)


def _has_known_uid(loaded: Loaded, stage: Stage) -> bool:
    if stage.user is None or not matches(grammar.OWNER, stage.user):
        return True  # or reported as an invalid user already
    name = stage.user.partition(":")[0]
    if name == "root" or name in created(loaded) or name.isdecimal():
        return True
    return any(path[:1] == ("user",) for path in loaded.lost)


def check_secrets(loaded: Loaded) -> Iterator[Diagnostic]:
    """Warn about variables that seem to hold a secret; names can be misleading."""
    for path, env in tables(loaded):
        for name, value in env.items():
            if is_secret(name, value):
                message = f"{name} seems to be a secret, and everyone can read it here"
                where = "the running container gets it with docker run -e"
                if path != ("env",):
                    where = "name it in secrets, by an id, with this variable as env"
                span = loaded.span(*path, name)
                yield Diagnostic("DB0181", message, span, where, severity="warning")
