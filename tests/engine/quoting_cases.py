"""What a real build is given of hostile strings, and what has to come out of it.

One build holds many strings in every place that takes them. What a place refuses is
left out here; that it is refused with a clear error is what tests/properties shows.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dynbuild.declaration.scripts.entry import read_entry
from dynbuild.errors import LockError
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.quote import shell
from dynbuild.steps.image import Healthcheck, RuntimeConfig
from dynbuild.steps.log import Event
from dynbuild.steps.model import (
    AptSource,
    CacheDirectory,
    Copy,
    Install,
    Pin,
    Secret,
    Stage,
)
from tests.engine.built_image import BuiltImage, build
from tests.unit.emit.every_string import emitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    Same = Callable[[str, str, object, object], None]

SETUP = """mkdir -p /out /etc/apt/sources.list.d /etc/apk
cat > /bin/apk <<'END'
#!/bin/sh
printf '%s\\0' "$@" >> /out/apk
printf '%s\\n' "$@" >> /etc/apk/world
END
cat > /bin/argv <<'END'
#!/bin/sh
printf '%s\\0' "$@" >> /out/shell
END
chmod 755 /bin/apk /bin/argv"""
"""Stand-ins that write down what they are called with."""


@dataclass(frozen=True)
class Given:
    """The strings of one build, by the place that takes them."""

    texts: list[str]

    def fitting(self, place: str, before: str = "") -> list[str]:
        return [text for text in self.texts if takes(place, before + text)]

    @property
    def files(self) -> list[str]:
        """Files that the context can give."""
        return [path for path in self.paths if takes("from", path)]

    @property
    def paths(self) -> list[str]:
        """Paths that can all be in one directory, each a file."""
        found: dict[str, str] = {}
        for text in self.texts:
            parts = text.split("/")
            if not {"", ".", ".."} & set(parts) and parts[0] not in RESERVED:
                found.setdefault(parts[0], text)
        return list(found.values())

    @property
    def parts(self) -> list[str]:
        """Names of files."""
        return [path for path in self.paths if "/" not in path]


RESERVED = ("excluding",)


def takes(place: str, text: str) -> bool:
    try:
        emitted({place: text})
    except LockError:
        return False
    return True


def lock_of(strings: Given, base: str) -> Lock:
    """Every place full of strings."""
    variables = {f"E{i}": v for i, v in enumerate(strings.fitting("value"))}
    build_variables = {f"B{i}": v for i, v in enumerate(strings.texts)}
    stages = [
        Stage(
            "from",
            build_only=True,
            copies=tuple(
                Copy(path, f"/from/{i}/") for i, path in enumerate(strings.files)
            ),
        ),
        Stage(
            "to",
            build_only=True,
            copies=tuple(
                Copy(strings.files[0], f"/to/{i}/{path}") for i, path in some(strings)
            ),
        ),
        Stage(
            "again",
            build_only=True,
            copies=tuple(
                Copy(f"/to/{i}/{path}", f"/again/{i}/{path}", stage="to")
                for i, path in some(strings)
            ),
        ),
        # Few layers to export: a layer for each string is what takes long.
        Stage(
            "gathered",
            copies=tuple(
                Copy(f"/{name}", f"/{name}", stage=name)
                for name in ("from", "to", "again")
            ),
        ),
        Stage(
            "excluding",
            copies=(
                Copy("excluding", "/excluding/", exclude=tuple(excluded(strings))),
            ),
        ),
        Stage(
            "commands",
            commands=(
                "cat /proc/$$/cmdline > /out/script",
                *(
                    f"printf %s {shell(v)} > /out/word.{i}"
                    for i, v in numbered(strings)
                ),
                "exit 0",
                *(text for text in strings.texts if not read_entry(text).missing),
            ),
        ),
        Stage(
            "variables",
            env={name: value.replace("$", "$$") for name, value in variables.items()},
            build_env={
                n: value.replace("$", "$$") for n, value in build_variables.items()
            },
            commands=tuple(
                f'printf %s "${name}" > /out/{name}'
                for name in (*variables, *build_variables)
            ),
        ),
        Stage("argv", shell=("/bin/argv", *strings.texts), commands=("true",)),
        Stage(
            "mounts",
            cache_mounts=tuple(map(CacheDirectory, mounted(strings))),
            secrets=tuple(
                Secret(text, f"S{i}", f"/run/secrets/{i}/{text}")
                for i, text in enumerate(secret_ids(strings))
            ),
            commands=(
                "cat /proc/self/mountinfo > /out/mounts",
                *(
                    f"cat {shell(f'/run/secrets/{i}/{text}')} > /out/secret.{i}; "
                    f'printf %s "$S{i}" >> /out/secret.{i}'
                    for i, text in enumerate(secret_ids(strings))
                ),
            ),
        ),
        *(
            Stage(
                f"in-{i}", workdir=path, commands=(f'printf %s "$PWD" > /out/in.{i}',)
            )
            for i, path in enumerate(workdirs(strings))
        ),
    ]
    words = tuple(strings.texts)
    uris = strings.fitting("source uri")
    suites = strings.fitting("source suite")
    return Lock(
        base=Pin(base, None, {}, {}, user=users(strings)[0]),
        scripts={SETUP: 1},
        sources={AptSource(uris[0], tuple(suites)): 2} if uris else {},
        packages={"apk": {p: (Event(3, Install(p)),) for p in packages(strings)}},
        stages={each.name: Entry(each, 4 + i) for i, each in enumerate(stages)},
        config=RuntimeConfig(
            env={
                f"C{i}": v.replace("$", "$$") for i, v in enumerate(variables.values())
            },
            workdir=workdirs(strings)[0],
            entrypoint=words,
            cmd=words,
            labels=labels(strings),
            volumes=tuple(
                f"/volume/{v}" for v in strings.fitting("volume", "/volume/")
            ),
            healthcheck=Healthcheck(("CMD", *words)),
        ),
    )


def content(path: str) -> bytes:
    # The file .dockerignore is read by buildx too: it must not leave itself out.
    return f"is {path}".encode()


def numbered(strings: Given) -> Iterable[tuple[int, str]]:
    return enumerate(strings.texts)


def some(strings: Given) -> Iterable[tuple[int, str]]:
    """Paths that take part in what makes a layer for each."""
    fitting = (path for path in strings.paths[-12:] if takes("from in stage", path))
    return enumerate(fitting)


def packages(strings: Given) -> list[str]:
    # The name of a package ends where its version begins, and "*" is none.
    fitting = set(strings.fitting("package")) - {"*"}
    return sorted(text for text in fitting if not re.search(r"[<>=~@]", text))


def excluded(strings: Given) -> list[str]:
    """What is no pattern: the file of that name."""
    plain = [text for text in strings.parts if not re.search(r"[*?\[\]!]", text)]
    return [text for text in plain if takes("exclude", text)]


def users(strings: Given) -> list[str]:
    fitting = (text for text in strings.fitting("image workdir") if text)
    return [*fitting, "nobody"]


def labels(strings: Given) -> dict[str, str]:
    values = enumerate(strings.fitting("label value"))
    names = dict.fromkeys(strings.fitting("label"), "name")
    return {**names, **{f"value.{i}": text for i, text in values}}


def mounted(strings: Given) -> list[str]:
    paths = [f"/mounts/{i}/{text}" for i, text in enumerate(strings.parts)]
    return [path for path in paths if takes("cache", path)]


def secret_ids(strings: Given) -> list[str]:
    both = [text for text in strings.parts if takes("secret", text)]
    return [text for text in both if takes("secret file", f"/run/{text}")][:10]


def workdirs(strings: Given) -> list[str]:
    """A few alone, and all of them one in another."""
    fitting = [text for text in strings.parts if takes("stage workdir", text)]
    long = posixpath.join("/", *fitting[:15])
    return [*fitting[:3], long]


def check(strings: Given, built: BuiltImage) -> None:
    """Compare everything that came out with what went in."""
    wrong: list[tuple[str, str, object]] = []

    def same(place: str, text: str, found: object, wanted: object) -> None:
        if found != wanted:
            wrong.append((place, text, found))

    check_copies(strings, built.files, same)
    check_scripts(strings, built.files, same)
    check_mounts(strings, built.files, same)
    check_config(strings, built.config, same)
    check_packages(strings, built.files, same)
    assert "/smuggled" not in built.files
    assert not wrong, wrong


def check_copies(strings: Given, files: Mapping[str, bytes], same: Same) -> None:
    for i, path in enumerate(strings.files):
        name = posixpath.basename(path)
        same("from", path, files.get(f"/from/{i}/{name}"), content(path))
    first = content(strings.files[0])
    for i, path in some(strings):
        same("to", path, files.get(f"/to/{i}/{path}"), first)
        same("from in stage", path, files.get(f"/again/{i}/{path}"), first)
    kept = {path.removeprefix("/excluding/") for path in files if "/excluding/" in path}
    for text in strings.parts:
        same("exclude", text, text in kept, text not in excluded(strings))


def check_scripts(strings: Given, files: Mapping[str, bytes], same: Same) -> None:
    script = lock_of(strings, "x:1").stages["commands"].stage.commands
    tested = [line for command in script for line in (command, "(exit $?)")]
    expected = "\n".join(["/bin/sh\0-c\0set -e", *tested]) + "\n\0"
    same("script", "", files.get("/out/script"), expected.encode())
    for i, text in numbered(strings):
        same("word", text, files.get(f"/out/word.{i}"), text.encode())
        same("build_env", text, files.get(f"/out/B{i}"), text.encode())
    for i, text in enumerate(strings.fitting("value")):
        same("env", text, files.get(f"/out/E{i}"), text.encode())
    arguments = files["/out/shell"].decode().split("\0")
    for text, found in zip(strings.texts, arguments, strict=False):
        same("shell", text, found, text)
    for i, path in enumerate(workdirs(strings)):
        wanted = posixpath.join("/", path)
        same("workdir", path, files.get(f"/out/in.{i}"), wanted.encode())


def check_mounts(strings: Given, files: Mapping[str, bytes], same: Same) -> None:
    for i, text in enumerate(secret_ids(strings)):
        same("secret", text, files.get(f"/out/secret.{i}"), b"secretsecret")
    points = {
        re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), line.split(" ")[4])
        for line in files["/out/mounts"].decode().splitlines()
    }
    for path in mounted(strings):
        same("cache", path, path in points, True)  # noqa: FBT003 - as every other


def check_config(strings: Given, config: Mapping[str, Any], same: Same) -> None:
    words = strings.texts
    environment = dict(each.split("=", 1) for each in config["Env"])
    for i, text in enumerate(strings.fitting("value")):
        same("image's env", text, environment[f"E{i}"], text)
        same("container's env", text, environment[f"C{i}"], text)
    same("entrypoint", "", config["Entrypoint"], words)
    same("cmd", "", config["Cmd"], words)
    same("health check", "", config["Healthcheck"], {"Test": ["CMD", "CMD", *words]})
    same("workdir", "", config["WorkingDir"], posixpath.join("/", workdirs(strings)[0]))
    same("user", "", config["User"], users(strings)[0])
    same("labels", "", config["Labels"], labels(strings))
    volumes = strings.fitting("volume", "/volume/")
    same("volumes", "", config["Volumes"], {f"/volume/{v}": {} for v in volumes})


def check_packages(strings: Given, files: Mapping[str, bytes], same: Same) -> None:
    calls = files.get("/out/apk", b"").decode().split("\0")[:-1]
    asked = packages(strings)
    if asked:
        same("package", "", calls[: 2 + len(asked)], ["add", "--no-cache", *asked])
    uris, suites = strings.fitting("source uri"), strings.fitting("source suite")
    if uris:
        (source,) = (p for p in files if p.startswith("/etc/apt/sources.list.d/"))
        lines = ["Types: deb", f"URIs: {uris[0]}"]
        lines += [f"Suites: {' '.join(suites)}"] if suites else []
        same("source", "", files[source].decode(), "".join(f"{x}\n" for x in lines))


def one_build(
    strings: Given, engine: Mapping[str, str], base: str, folder: Path
) -> None:
    context = folder / "context"
    for path in strings.files:
        file = context / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content(path))
    for name in ("keep", *strings.parts):
        file = context / "excluding" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
    secret = folder / "secret"
    secret.write_text("secret")
    secrets = tuple(f"id={text},src={secret}" for text in secret_ids(strings))
    check(strings, build(lock_of(strings, base), engine, context, secrets))
