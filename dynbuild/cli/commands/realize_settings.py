"""The options of ``dynbuild realize`` and ``dynbuild build``, as typed values."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from dynbuild.building import Push
from dynbuild.cli import options
from dynbuild.cli.arguments import Pairs
from dynbuild.cli.commands.realize_limits import LIMITS
from dynbuild.cli.completion import stages
from dynbuild.cli.options import option, text_or_false, word_or_false
from dynbuild.cli.progress import Color
from dynbuild.environment.preferences import builders_in
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.sbom.kinds import KINDS
from dynbuild.values import dataclass

_Decorated = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """What ``build`` and ``realize`` are called with: a field for each option."""

    images: tuple[str, ...]
    config: str | None
    expressions: Pairs
    texts: Pairs
    tags: tuple[str, ...]
    labels: tuple[str, ...]
    annotations: tuple[str, ...]
    push: bool
    sbom: str | None
    provenance: str | None
    attest_in_index: bool
    sign: str | None
    layouts: tuple[str, ...]
    platform: str | None
    no_cache: bool
    anew: tuple[str, ...]
    jobs: int | None
    package_timeout: str
    linear: bool
    compare: bool
    strict: bool
    builders: tuple[str, ...]
    network: str | None
    allow: str | None
    secrets: tuple[str, ...]
    ssh: tuple[str, ...]
    progress: str
    metadata_file: str | None
    color: Color

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms asked for; none stands for the engine's."""
        return tuple(self.platform.split(",")) if self.platform else ()

    @property
    def pushed(self) -> Push | None:
        """The push, if asked for; its tags wait for an index that will hold it."""
        return Push(named=not self.attest_in_index) if self.push else None

    @property
    def step_by_step(self) -> Mapping[str, object]:
        """What does not apply to a build of the whole Dockerfile, by its flag."""
        return {
            "--compare-linear": self.compare,
            "--strict": self.strict,
            "--no-cache-stage": self.anew,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RealizeSettings(BuildSettings):
    """What ``realize`` is called with."""

    frozen: bool
    locked: bool
    only_print: bool
    shell: str | None
    onto: str | None

    @property
    def of_an_image(self) -> Mapping[str, object]:
        """What does not apply to ``--shell``, which makes no image, by its flag."""
        return {
            "--tag": self.tags,
            "--label": self.labels,
            "--annotation": self.annotations,
            "--push": self.push,
            "--sbom": self.sbom,
            "--provenance": self.provenance,
            "--attest-in-index": self.attest_in_index,
            "--sign": self.sign,
            "--output": self.layouts,
            "--metadata-file": self.metadata_file,
            "--print": self.only_print,
            "--linear": self.linear,
            "--no-cache": self.no_cache,
            **self.step_by_step,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSettings:
    """How commands are told to run steps, where they keep no image."""

    config: str | None
    expressions: Pairs
    texts: Pairs
    jobs: int | None
    package_timeout: str
    builders: tuple[str, ...]
    network: str | None
    allow: str | None
    secrets: tuple[str, ...]
    ssh: tuple[str, ...]
    progress: str
    color: Color


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSettings(StepSettings):
    """What commands are called with that run steps and keep no image."""

    platform: str | None


def without_image(
    settings: StepSettings | BuildSettings, platform: str | None = None
) -> BuildSettings:
    """Return the settings of a realization that keeps no image."""
    return BuildSettings(
        images=(),
        config=settings.config,
        expressions=settings.expressions,
        texts=settings.texts,
        tags=(),
        labels=(),
        annotations=(),
        push=False,
        sbom=None,
        provenance=None,
        attest_in_index=False,
        sign=None,
        layouts=(),
        platform=platform,
        no_cache=False,
        anew=(),
        jobs=settings.jobs,
        package_timeout=settings.package_timeout,
        linear=False,
        compare=False,
        strict=False,
        builders=settings.builders,
        network=settings.network,
        allow=settings.allow,
        secrets=settings.secrets,
        ssh=settings.ssh,
        progress=settings.progress,
        metadata_file=None,
        color=settings.color,
    )


def builders_of(
    given: Sequence[str], environment: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the builders that are named, with commas too; each may be named once.

    Where none is, those of the user's configuration, unless a variable of buildx names
    one. Raises DeclarationError.
    """
    if not given:
        return () if environment.get("BUILDX_BUILDER") else builders_in(environment)
    names = [name.strip() for words in given for name in words.split(",")]
    if "" in names:
        message = f"--builder {','.join(given)!r} lacks a name"
        hint = "`docker buildx ls` lists the builders there are"
        raise DeclarationError(Diagnostic("DB0505", message, hint=hint))
    if twice := sorted({name for name in names if names.count(name) > 1}):
        message = f"--builder names {', '.join(twice)} more than once"
        hint = "name each once: `--jobs` says how many steps it runs at once"
        raise DeclarationError(Diagnostic("DB0505", message, hint=hint))
    return tuple(names)


def refuse_unattached(settings: BuildSettings) -> None:
    """Refuse to tell of an image where nobody would hear it, before one is built."""
    asked = {"--sbom": settings.sbom, "--provenance": settings.provenance}
    if settings.attest_in_index and not any(asked.values()):
        message = "--attest-in-index attests nothing"
        hint = "say what: --sbom spdx, --provenance, or both"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    if settings.attest_in_index and not settings.push:
        message = "--attest-in-index is for what is pushed"
        raise DeclarationError(Diagnostic("DB0317", message, hint="add --push"))
    for flag in (flag for flag, value in asked.items() if value):
        if settings.linear:
            message = f"{flag} tells of steps, and with --linear there are none"
            hint = "leave one of them out"
            raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
        if not settings.push and not settings.layouts:
            message = f"{flag} goes beside an image that is pushed, or in a layout"
            hint = "add --push or -o oci:DIR"
            if settings.sbom:
                hint += "; `dynbuild packages --sbom` writes a bill into a file"
            raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    if settings.sbom is not None:
        # Its libraries take time to import.
        from dynbuild.cli.bills import writer  # noqa: PLC0415

        writer(settings.sbom)


_GIVEN: tuple[_Decorated, ...] = (
    option(
        "--secret",
        "secrets",
        multiple=True,
        metavar="id=ID,env=VAR|src=FILE",
        help="Provide the value of a declared secret.",
    ),
    option(
        "--ssh",
        multiple=True,
        metavar="default",
        help="Provide the SSH agent to stages that declare it.",
    ),
    option(
        "--progress",
        type=click.Choice(["auto", "tty", "plain", "rawjson", "quiet"]),
        default="auto",
        help="Set the progress output; auto is tty on a terminal, else plain.",
    ),
)
_WHERE: tuple[_Decorated, ...] = (
    option(
        "--builder",
        "builders",
        multiple=True,
        metavar="NAME",
        help="Use this buildx builder; of several, each for some of the steps.  "
        "[default: the user's configuration, else Docker's own]",
    ),
    option(
        "--network",
        type=click.Choice(["default", "none", "host"]),
        help="Select the network of the steps.",
    ),
    option(
        "--allow",
        type=click.Choice(["network.host"]),
        help="Let stages that ask for the host's network use it.",
    ),
)
_EVERYDAY: tuple[_Decorated, ...] = (
    click.argument("images", metavar="[IMAGE]...", nargs=-1),
    option(
        "-t",
        "--tag",
        "tags",
        multiple=True,
        metavar="NAME",
        help="Name the image and load it into Docker; of several, {image} is "
        "the name of each.",
    ),
    option(
        "--push",
        is_flag=True,
        help="Push the image to the registry of its name, without loading it.",
    ),
    option(
        "--sbom",
        callback=word_or_false({"true": "spdx", **{kind: kind for kind in KINDS}}),
        is_flag=False,
        flag_value="true",
        metavar="[FORMAT]",
        help="Push a bill of materials beside the image, as what refers to it: spdx "
        "or cyclonedx.",
    ),
    option(
        "--provenance",
        callback=word_or_false({"true": "max", "mode=max": "max", "mode=min": "min"}),
        is_flag=False,
        flag_value="true",
        metavar="[mode=MODE]",
        help="Push beside the image how it was made, as what refers to it; with "
        "mode=min without who vouches for it.",
    ),
    option(
        "--attest-in-index",
        is_flag=True,
        help="Push --sbom and --provenance in the image's index as well.",
    ),
    option(
        "--sign",
        callback=text_or_false,
        is_flag=False,
        flag_value="true",
        metavar="[KEY]",
        help="Sign what is pushed, by the cosign that is installed: with --sign=KEY, "
        "else as its variables COSIGN_* say.",
    ),
    option(
        "-o",
        "--output",
        "layouts",
        multiple=True,
        metavar="oci:DIR",
        help="Write an OCI image layout to DIR.",
    ),
    options.platform("those of the lock, else the engine's", several=True),
    option("--no-cache", is_flag=True, help="Run every step again."),
    option(
        "--no-cache-stage",
        "anew",
        multiple=True,
        metavar="NAME",
        shell_complete=stages,
        help="Run stage NAME again, and what depends on it.",
    ),
    *LIMITS,
    *_GIVEN,
    option(
        "--label",
        "labels",
        multiple=True,
        metavar="NAME=TEXT",
        help="Give the image a label; the lock does not know of it.",
    ),
    option(
        "--annotation",
        "annotations",
        multiple=True,
        metavar="NAME=TEXT",
        help="Annotate the manifest that --push or -o writes, likewise.",
    ),
)
_SELDOM: tuple[_Decorated, ...] = (
    option(
        "--metadata-file",
        metavar="FILE",
        help="Write what was built to FILE as JSON.",
    ),
    option(
        "--strict",
        is_flag=True,
        help="Fail if independent stages write the same path.",
    ),
    option(
        "--compare-linear",
        "compare",
        is_flag=True,
        help="Build both ways, list the paths that differ, and fail if any do.",
    ),
    option(
        "--linear",
        is_flag=True,
        help="Build the Dockerfile as a whole, step upon step; store nothing.",
    ),
    *_WHERE,
    options.color,
)


def running_options(command: _Decorated) -> _Decorated:
    """Add the options that say where and how steps run."""
    return _with(command, (options.platform("the engine's"), *LIMITS, *_GIVEN, *_WHERE))


def resolving_options(command: _Decorated) -> _Decorated:
    """Add the options that say how steps run, for whatever platforms."""
    return _with(command, (*LIMITS, *_GIVEN, *_WHERE))


def everyday_options(command: _Decorated) -> _Decorated:
    """Add what ``build`` and ``realize`` are given most often, first in the help."""
    return _with(command, _EVERYDAY)


def seldom_options(command: _Decorated) -> _Decorated:
    """Add the options of both that few builds need, in the order of the help."""
    return _with(command, _SELDOM)


def _with(command: _Decorated, decorators: tuple[_Decorated, ...]) -> _Decorated:
    for decorate in reversed(decorators):
        command = decorate(command)
    return command
