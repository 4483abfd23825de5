"""Everyday edits of three well-layered images, beside hand-written Dockerfiles.

What a team does all day: it edits a source, a requirement, a list of packages, what is
at the front, a config file or a variable, and builds again. The images are a Node
application that copies its whole directory, a Python one with a front end and with
tools that its requirements need once, and a compiled program that is copied from its
stage. Both ways are warm and take turns, and which is first changes.
"""

import os
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from uuid import uuid4

from bench_parts.builds import DYNBUILD, network
from bench_parts.measure import command, once, told
from tests.engine.moved import make_base

ROUNDS = 5
KINDS = ("debian", "node", "python")
PACKAGES = list(
    accumulate(["tree", "jq", "bc", "less", "time", "patch", "ed"], "{} {}".format)
)
EDITS = ("source", "requirement", "package", "front", "config", "env")


@dataclass(frozen=True)
class Image:
    """An image written twice, and its files; ``@…`` in a text is what edits change."""

    requirements: tuple[str, ...]
    dockerfile: str
    declaration: str
    files: Mapping[str, str]


def _install(packages: str) -> str:
    install = f"apt-get install -y --no-install-recommends {packages}"
    return f"RUN apt-get update && {install} && rm -rf /var/lib/apt/lists/*\n"


def _node(folder: str) -> dict[str, str]:
    """A front end of one requirement, and the lock of npm."""
    needs = '"dependencies": {"is-number": "@requirement"}'
    build = '"scripts": {"build": "mkdir -p dist && cp src/page.html dist/"}'
    module = '"node_modules/is-number": {"version": "@requirement"}'
    return {
        f"{folder}package.json": f'{{"name": "shop", {build}, {needs}}}\n',
        f"{folder}package-lock.json": '{"name": "shop", "lockfileVersion": 3, '
        f'"packages": {{"": {{"name": "shop", {needs}}}, {module}}}}}\n',
        f"{folder}src/page.html": "<p>@source</p>\n",
    }


_FRONT = "mkdir -p /var/lib/shop && echo @front > /var/lib/shop/kind"
_TOP = f"""\
base = "{{base}}"
apt_packages = ["tini", @packages]
env = {{{{ LEVEL = "@env" }}}}
cmd = ["/bin/sh"]
[[stages]]
name = "state"
commands = ["{_FRONT}"]
"""
NODE = Image(
    ("7.0.0", "6.0.0", "5.0.0", "4.0.0", "3.0.0", "2.1.0", "2.0.0"),
    f"""\
FROM {{node}}
ENV LEVEL=@env
{_install("tini @package")}RUN {_FRONT}
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build
CMD ["/bin/sh"]
""",
    f"""\
{_TOP.format(base="{node}")}
[[stages]]
name = "modules"
workdir = "/app"
copy = [{{ from = "package.json", to = "/app/" }},
        {{ from = "package-lock.json", to = "/app/" }}]
commands = ["npm ci"]
[[stages]]
name = "app"
dependencies = ["modules"]
workdir = "/app"
copy = [{{ from = ".", to = "/app" }}]
commands = ["npm run build"]
""",
    {**_node(""), "conf/shop.conf": "listen = @config\n"},
)
PYTHON = Image(
    ("2.1.5", "2.1.4", "2.1.3", "2.1.2", "2.1.1", "2.1.0", "2.0.1"),
    f"""\
FROM {{node}} AS web
WORKDIR /web
COPY web/package.json web/package-lock.json ./
RUN npm ci
COPY web .
RUN npm run build
FROM {{python}}
ENV LEVEL=@env
{_install("tini @package")}RUN {_FRONT}
WORKDIR /srv
COPY requirements.txt .
RUN apt-get update && \\
    apt-get install -y --no-install-recommends gcc libc6-dev python3-dev && \\
    pip install --no-cache-dir -r requirements.txt && \\
    apt-get purge -y --auto-remove gcc libc6-dev python3-dev && \\
    rm -rf /var/lib/apt/lists/*
COPY conf conf
COPY app app
COPY --from=web /web/dist static
CMD ["/bin/sh"]
""",
    f"""\
{_TOP.format(base="{python}")}
[[stages]]
name = "web-modules"
base = "{{node}}"
build_only = true
workdir = "/web"
copy = [{{ from = "web/package.json", to = "/web/" }},
        {{ from = "web/package-lock.json", to = "/web/" }}]
commands = ["npm ci"]
[[stages]]
name = "web"
base = "{{node}}"
build_only = true
dependencies = ["web-modules"]
workdir = "/web"
copy = [{{ from = "web", to = "/web" }}]
commands = ["npm run build"]
[[stages]]
name = "wheels"
base = "{{python}}"
build_only = true
apt_packages = ["gcc", "libc6-dev", "python3-dev"]
copy = [{{ from = "requirements.txt", to = "/" }}]
commands = ["pip wheel --wheel-dir /wheels -r /requirements.txt"]
[[stages]]
name = "requirements"
copy = [{{ from = "requirements.txt", to = "/srv/" }}]
mounts = [{{ stage = "wheels", from = "/wheels", to = "/wheels" }}]
commands = ["pip install --no-index --find-links /wheels -r /srv/requirements.txt"]
[[stages]]
name = "conf"
copy = [{{ from = "conf", to = "/srv/conf" }}]
[[stages]]
name = "app"
dependencies = ["requirements"]
copy = [{{ from = "app", to = "/srv/app" }},
        {{ stage = "web", from = "/web/dist", to = "/srv/static" }}]
""",
    {
        **{
            at: text.replace("@requirement", "7.0.0")
            for at, text in _node("web/").items()
        },
        "web/src/page.html": "<p>A page</p>\n",
        "requirements.txt": "markupsafe==@requirement\n",
        "conf/shop.conf": "listen = @config\n",
        "app/main.py": "print('@source')\n",
    },
)
COMPILED = Image(
    tuple("abcdefg"),
    f"""\
FROM {{debian}} AS build
{_install("gcc libc6-dev")}WORKDIR /src
COPY vendor vendor
RUN gcc -O2 -c -o vendor/part.o vendor/part.c
COPY src src
RUN mkdir /out && gcc -O2 -o /out/server src/server.c vendor/part.o
FROM {{debian}}
ENV LEVEL=@env
{_install("tini @package")}RUN {_FRONT}
COPY conf/server.conf /etc/server.conf
COPY --from=build /out/server /usr/local/bin/server
CMD ["/bin/sh"]
""",
    f"""\
{_TOP.format(base="{debian}")}
[[stages]]
name = "vendor"
base = "{{debian}}"
build_only = true
apt_packages = ["gcc", "libc6-dev"]
workdir = "/src"
copy = [{{ from = "vendor", to = "/src/vendor" }}]
commands = ["gcc -O2 -c -o vendor/part.o vendor/part.c"]
[[stages]]
name = "build"
base = "{{debian}}"
build_only = true
dependencies = ["vendor"]
workdir = "/src"
copy = [{{ from = "src", to = "/src/src" }}]
commands = ["mkdir /out && gcc -O2 -o /out/server src/server.c vendor/part.o"]
[[stages]]
name = "conf"
copy = [{{ from = "conf/server.conf", to = "/etc/server.conf" }}]
[[stages]]
name = "server"
copy = [{{ stage = "build", from = "/out/server", to = "/usr/local/bin/server" }}]
""",
    {
        "vendor/part.c": 'char *part(void) { return "@requirement"; }\n',
        "src/server.c": "int puts(const char *);\n"
        'int main(void) { return puts("@source"); }\n',
        "conf/server.conf": "listen = @config\n",
    },
)
IMAGES = {"Node": NODE, "Python": PYTHON, "compiled": COMPILED}


def everyday(work: Path, names: tuple[str, ...] = tuple(IMAGES)) -> None:
    """Tell what each edit takes, and its ratio to the Dockerfile's warm rebuild."""
    if "DYNBUILD_TEST_BASE" not in os.environ:
        print("no engine: everyday edits are not measured")
        return
    registry = os.environ["DYNBUILD_TEST_REGISTRY"]
    origins = {"debian": os.environ["DYNBUILD_TEST_BASE"]}
    bases: dict[str, str] = {}
    for kind in KINDS:
        bases |= make_base(os.environ, registry, origins, kind)
    ratios: list[float] = []
    for name in names:
        root = work / f"everyday-{name}"
        root.mkdir()
        for edit, docker, dynbuild in _image(root, IMAGES[name], bases):
            ratios.append(docker / dynbuild)
            told(f"{name}, {edit}, its Dockerfile, warm", docker)
            told(
                "  dynbuild build", dynbuild, ratio=f"{docker / dynbuild:.2f} x as fast"
            )
    ratio = f"median {statistics.median(ratios):.2f}, worst {min(ratios):.2f} x as fast"
    print(f"everyday edits: {ratio} (targets: 2, 0.9; load {os.getloadavg()[1]:.1f})")


def _image(
    root: Path, image: Image, bases: Mapping[str, str]
) -> Iterator[tuple[str, float, float]]:
    """Yield each edit with the median seconds of both ways."""
    marks = {"package": PACKAGES[0], "requirement": image.requirements[0]}
    marks |= {name: _new() for name in EDITS if name not in marks}
    tag = f"everyday-{uuid4().hex[:8]}"
    load = ["--provenance=false", "--load", *network(), "-t", tag]
    ways: dict[str, Callable[[], object]] = {
        "docker": command(root, "docker", "buildx", "build", *load, "."),
        "dynbuild": command(root, *DYNBUILD, "build", "-t", f"{tag}-dynbuild"),
    }
    _write(root, image, bases, marks)
    _commit(root)
    for way in ways.values():
        way()
    _commit(root)
    taken: dict[str, dict[str, list[float]]] = {}
    for turn in range(ROUNDS):
        for edit in EDITS:
            some = {"package": PACKAGES, "requirement": image.requirements}.get(edit)
            marks[edit] = some[turn + 1] if some else _new()
            _write(root, image, bases, marks)
            for way in sorted(ways, reverse=turn % 2 == 1):
                seconds = once(ways[way])
                taken.setdefault(edit, {}).setdefault(way, []).append(seconds)
            _commit(root)
    for edit, times in taken.items():
        docker, dynbuild = (statistics.median(times[way]) for way in sorted(ways))
        yield edit, docker, dynbuild


def _new() -> str:
    return uuid4().hex


def _write(
    root: Path, image: Image, bases: Mapping[str, str], marks: Mapping[str, str]
) -> None:
    texts = {
        ".dockerignore": ".git\ndynbuild.*\nDockerfile\n.dockerignore\n",
        "Dockerfile": image.dockerfile,
        "dynbuild.toml": image.declaration,
        **image.files,
    }
    listed = ", ".join(f'"{one}"' for one in marks["package"].split())
    for path, text in texts.items():
        at = root / path
        at.parent.mkdir(parents=True, exist_ok=True)
        said = text.replace("@packages", listed)
        for name, mark in marks.items():
            said = said.replace(f"@{name}", mark)
        if path in ("Dockerfile", "dynbuild.toml"):
            for name, base in bases.items():
                said = said.replace(f"{{{name}}}", base)
        if not at.exists() or at.read_text() != said:
            at.write_text(said)


def _commit(root: Path) -> None:
    if not (root / ".git").exists():
        command(root, "git", "init", "-q")()
    who = ["-c", "user.name=x", "-c", "user.email=x@localhost"]
    command(root, "git", "add", "-A")()
    command(root, "git", *who, "commit", "-q", "--allow-empty", "-m", "x")()
