"""Field checks beyond a single pattern: user, shells, copies, mounts, ports."""

import re
from collections.abc import Iterator
from posixpath import basename, normpath

from dynbuild.declaration import grammar
from dynbuild.declaration.grammar import FLAG, MOUNTED, WHITEOUT, is_secret, matches
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema import Copy, Stage
from dynbuild.declaration.syntax.tree import Path
from dynbuild.declaration.variables import tables
from dynbuild.errors import Diagnostic, Label
from dynbuild.spans import Span

MAX_PORT = 65535
MAX_UID = 2**31 - 1
"""The largest uid that all tools support."""
LATEST = 8**11 - 1
"""The latest timestamp that a tar header can hold."""


def check_base(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report an empty base: every step needs a shell."""
    if loaded.declaration.base == "scratch":
        message = "base is scratch, which is empty: there is no shell to run a step in"
        hint = "start from a small image, such as debian:stable-slim or alpine"
        yield Diagnostic("DB0140", message, loaded.span("base"), hint)


def check_user(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report a user that cannot be created, and sudo without a user."""
    user, span = loaded.declaration.user, loaded.span("user", "name")
    if user is None:
        if loaded.declaration.sudo and ("user",) not in loaded.lost:
            message = "sudo is for the user, and there is none"
            hint = "name a user, or remove sudo: without a user the image runs as root"
            yield Diagnostic("DB0150", message, loaded.span("sudo"), hint)
        return
    if user.name == "root":
        message = "root is in every image and cannot be created"
        hint = "remove user: without it the image runs as root"
        yield Diagnostic("DB0150", message, span, hint)
    elif not matches(grammar.USER_NAME, user.name):
        message = f"useradd does not take {user.name[:40]!r} as a name"
        hint = "write a lower-case letter or _, then up to 31 of a-z 0-9 _ -"
        yield Diagnostic("DB0150", message, span, hint)
    if not 0 < user.uid <= MAX_UID:
        message = f"a uid is a number from 1 to {MAX_UID}"
        yield Diagnostic("DB0114", message, loaded.span("user", "uid"))


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
            yield Diagnostic("DB0144", message, span, hint)


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
    if health is None:
        return
    if not health.cmd and ("healthcheck", "cmd") not in loaded.lost:
        message = "a health check needs a command"
        yield Diagnostic("DB0129", message, loaded.span("healthcheck", "cmd"))
    if health.retries is not None and health.retries < 1:
        message = "retries is a number from 1"
        yield Diagnostic("DB0114", message, loaded.span("healthcheck", "retries"))


def check_copies(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report copies that leave the project, or come from two places."""
    for index, stage in enumerate(loaded.declaration.stages):
        for at, copy in enumerate(stage.copies):
            yield from _check_copy(loaded, ("stages", index, "copy", at), copy)


def _check_copy(loaded: Loaded, path: Path, copy: Copy) -> Iterator[Diagnostic]:
    span = loaded.span(*path, "from")
    if copy.stage is not None and copy.image is not None:
        message = "a copy comes from a stage or from an image, not from both"
        label = Label(loaded.key(*path, "stage"), "a stage is named here")
        where = loaded.key(*path, "image")
        yield Diagnostic("DB0135", message, where, "keep one", (label,))
    elif copy.stage is not None or copy.image is not None:
        if not copy.from_.startswith("/"):
            other = "a stage" if copy.image is None else "an image"
            message = f"what is copied from {other} is named by an absolute path"
            hint = (
                f"write {'/' + copy.from_!r}" if re.match(r"\w", copy.from_) else None
            )
            yield Diagnostic("DB0142", message, span, hint)
    else:
        yield from in_project(copy.from_, span)
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
        made += [(c.to, (*path, "copy", i, "to")) for i, c in enumerate(stage.copies)]
        made += [
            (mount.target, (*path, "cache_mounts", i))
            for i, mount in enumerate(stage.cache_mounts)
        ]
        made += [
            (secret.target, (*path, "secrets", i, "target"))
            for i, secret in enumerate(stage.secrets)
        ]
    for text, where in made:
        if text is not None and f"/{WHITEOUT}" in text:
            message = f"{text[:60]!r}: a name that begins with .wh. deletes a file"
            yield Diagnostic(
                "DB0157", message, loaded.span(*where), "name it otherwise"
            )


def check_keys_of_sources(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report public keys that are not in the project."""
    for index, source in enumerate(loaded.declaration.apt_sources):
        if source.key is not None:
            yield from in_project(source.key, loaded.span("apt_sources", index, "key"))


def check_mounts(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report mounts that an instruction cannot express, or with an unknown owner."""
    for index, stage in enumerate(loaded.declaration.stages):
        at = ("stages", index)
        paths = [
            (mount.target, loaded.span(*at, "cache_mounts", number))
            for number, mount in enumerate(stage.cache_mounts)
        ]
        paths += [
            (secret.target, loaded.span(*at, "secrets", number, "target"))
            for number, secret in enumerate(stage.secrets)
            if secret.target
        ]
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
    user = loaded.declaration.user
    if name in ("root", user.name if user else "root") or name.isdecimal():
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
