"""Finds the machine's Debian mirror and unpacks packages without installing them."""

from __future__ import annotations

import platform
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from engine_parts.shell import EngineError, Places, run

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
NETWORK = "See whether the machine's own `apt-get update` works, then run this again"

# The engine comes from testing, since stable's is too old for what dynbuild writes.
# These need libc 2.34; testing's runc needs more, so it comes with the tools.
ENGINE = ("docker.io", "docker-cli", "docker-buildx", "containerd", "tini-static")
# Stable has none yet.
SIGNER = ("cosign",)
TOOLS = ("runc", "mmdebstrap", "docker-registry")

# The hooks of the machine's own configuration act on its own cache: they are cleared.
APT_CONF = """\
Dir::Etc::sourcelist "{state}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "{state}/lists";
Dir::State::status "{status}";
Dir::Cache "{state}/cache";
Debug::NoLocking "1";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
"""


@dataclass(frozen=True, slots=True)
class Source:
    """One archive and suite that apt reads."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str


@dataclass(frozen=True, slots=True)
class Mirror:
    """The Debian archive that the machine uses."""

    codename: str
    sources: tuple[Source, ...]

    def lines(self) -> str:
        return "".join(_line(source) for source in self.sources)

    def paragraphs(self) -> str:
        """Write the sources as Debian's official images have them."""
        return "\n".join(
            f"Types: deb\nURIs: {source.uri}\nSuites: {source.suite}\n"
            f"Components: {' '.join(source.components)}\nSigned-By: {KEYRING}\n"
            for source in self.sources
        )

    def testing(self) -> str:
        main = self.sources[0]
        return _line(Source(main.uri, "testing", ("main",), main.signed_by))


def find_mirror(etc: Path = Path("/etc/apt")) -> Mirror:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    codename = release.get("VERSION_CODENAME", "")
    if release.get("ID") != "debian" or not codename:
        raise EngineError(
            "/etc/os-release: this is no Debian release, so nothing can be made of its "
            "packages; point DOCKER_HOST at an engine that can pull from Docker Hub"
        )
    sources = _read_sources(etc)
    # A third party may call its suite like Debian's, but not its archive as well.
    main = next(
        (
            source
            for source in sorted(
                sources, key=lambda s: not s.uri.rstrip("/").endswith("/debian")
            )
            if source.suite in {codename, "stable", "testing"}
            and "main" in source.components
        ),
        None,
    )
    if main is None:
        raise EngineError(
            f"{etc}: no source names a Debian mirror with suite {codename} and "
            "component main; add one to the machine's apt sources"
        )
    rest = [
        source
        for source in sources
        if source.suite in {f"{main.suite}-updates", f"{main.suite}-security"}
    ]
    return Mirror(codename, (main, *rest))


def unpack_engine(mirror: Mirror, places: Places) -> None:
    state = _apt_state(places, "engine", mirror.testing(), installed=False)
    _apt(state, "download", *ENGINE)
    _unpack(state, places.engine)


def unpack_signer(mirror: Mirror, places: Places) -> None:
    state = _apt_state(places, "signer", mirror.testing(), installed=False)
    _apt(state, "download", *SIGNER)
    _unpack(state, places.signer)


def unpack_tools(mirror: Mirror, places: Places) -> None:
    """Unpack what the machine lacks of the tools, with what they depend on."""
    state = _apt_state(places, "tools", mirror.lines(), installed=True)
    _apt(state, "install", "-y", "--download-only", "--no-install-recommends", *TOOLS)
    # It conflicts with the machine's busybox, if any, so it is not to be resolved.
    _apt(state, "download", "busybox-static")
    _unpack(state, places.tools)


def _apt_state(places: Places, name: str, sources: str, *, installed: bool) -> Path:
    state = places.root / "apt" / name
    archives = state / "cache/archives"
    shutil.rmtree(state, ignore_errors=True)
    for folder in (state / "lists/partial", archives / "partial"):
        folder.mkdir(parents=True)
    (state / "sources.list").write_text(sources)
    (state / "nothing-installed").touch()
    status = "/var/lib/dpkg/status" if installed else f"{state}/nothing-installed"
    (state / "apt.conf").write_text(APT_CONF.format(state=state, status=status))
    _apt(state, "update")
    return state


def _apt(state: Path, *words: str) -> None:
    argv = ["apt-get", "-q", "-c", str(state / "apt.conf"), *words]
    run(argv, cwd=state / "cache/archives", advice=NETWORK)


def _unpack(state: Path, folder: Path) -> None:
    """Unpack aside and rename, so that the folder is there whole or not at all."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for package in sorted((state / "cache/archives").glob("*.deb")):
        run(
            ["dpkg", "-x", package, partial],
            advice="Free some space on that disk, then run this again",
        )
    partial.rename(folder)
    shutil.rmtree(state)


def _line(source: Source) -> str:
    option = f"[signed-by={source.signed_by}] " if source.signed_by else ""
    return f"deb {option}{source.uri} {source.suite} {' '.join(source.components)}\n"


def _read_sources(etc: Path) -> tuple[Source, ...]:
    found: list[Source] = []
    parts = etc / "sources.list.d"
    for path in (etc / "sources.list", *sorted(parts.glob("*.list"))):
        if path.is_file():
            for line in path.read_text().splitlines():
                found += _one_line(line)
    for path in sorted(parts.glob("*.sources")):
        for paragraph in _paragraphs(path.read_text()):
            found += _deb822(paragraph)
    return tuple(found)


def _one_line(line: str) -> list[Source]:
    words = shlex.split(line.replace("[", " [ ").replace("]", " ] "), comments=True)
    if words[:1] != ["deb"]:
        return []
    options: list[str] = []
    if words[1:2] == ["["] and "]" in words:
        end = words.index("]")
        options, words = words[2:end], [words[0], *words[end + 1 :]]
    signed = next((o[10:] for o in options if o.startswith("signed-by=")), "")
    match words:
        case [_, uri, suite, *components]:
            return [Source(_plain(uri), suite, tuple(components), _keyring(signed))]
        case _:
            return []


def _paragraphs(text: str) -> list[dict[str, str]]:
    paragraphs: list[dict[str, str]] = [{}]
    field = ""
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if not line.strip():
            paragraphs.append({})
        elif line[0].isspace():
            paragraphs[-1][field] = f"{paragraphs[-1].get(field, '')} {line.strip()}"
        else:
            field, _, value = line.partition(":")
            field = field.lower()
            paragraphs[-1][field] = value.strip()
    return paragraphs


def _deb822(paragraph: dict[str, str]) -> list[Source]:
    if "deb" not in paragraph.get("types", "").split():
        return []
    if paragraph.get("enabled", "yes").lower() in {"no", "false"}:
        return []
    components = tuple(paragraph.get("components", "").split())
    signed = _keyring(paragraph.get("signed-by", ""))
    return [
        Source(_plain(uri), suite, components, signed)
        for uri in paragraph.get("uris", "").split()
        for suite in paragraph.get("suites", "").split()
    ]


def _keyring(signed_by: str) -> str:
    # A key may also be written into the source itself: Debian's own is then meant.
    if signed_by.startswith("/"):
        return signed_by
    return KEYRING if Path(KEYRING).is_file() else ""


def _plain(uri: str) -> str:
    # Debian's cloud images name a file that lists the mirrors.
    if uri.startswith("mirror+file:"):
        listed = Path(uri.removeprefix("mirror+file:"))
        if listed.is_file():
            return next(iter(listed.read_text().split()), uri)
    return uri
