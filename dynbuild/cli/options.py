"""Shared command options; settings have a DYNBUILD_* variable, requests none."""

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import cleandoc
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from dynbuild.cli.output import note_asked
from dynbuild.errors import DeclarationError, Diagnostic

_Command = Callable[..., int]
_F = TypeVar("_F", bound=Callable[..., Any])
_S = TypeVar("_S")


def settings(of: Callable[..., _S]) -> Callable[[Callable[[_S], int]], _Command]:
    """Call a command with its parameters as one value, with a field for each."""

    def decorate(command: Callable[[_S], int]) -> _Command:
        @wraps(command)
        def called(**parameters: object) -> int:
            return command(of(**parameters))

        return called

    return decorate


def request(*names: str, **settings: Any) -> Callable[[_F], _F]:  # noqa: ANN401
    """Declare an option for one run only: a variable would silently affect all runs."""
    return click.option(*names, **settings)


class _Setting(click.Option):
    """An option whose errors name its variable if that supplied the value."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:  # noqa: ANN401 - as click
        try:
            return super().process_value(ctx, value)
        except click.BadParameter as error:
            source = ctx.get_parameter_source(self.name or "")
            if source is ParameterSource.ENVIRONMENT:
                error.param_hint = f"{self.envvar} (the environment)"
            raise


_Callback = Callable[[click.Context, click.Parameter, str | None], str | None]


def word_or_false(meant: Mapping[str, str]) -> _Callback:
    """Return a callback for one of some words; ``false`` is as if nothing were said.

    ``true`` is what the flag means alone, as in buildx.
    """

    def called(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
        word = {"1": "true", "0": "false"}.get(value or "false", value)
        if word is None or word == "false":
            return None
        if word not in meant:
            known = ", ".join([*meant, "false"])
            raise click.BadParameter(f"{word[:40]!r} is none of {known}")
        return meant[word]

    return called


def text_or_false(
    _: click.Context, __: click.Parameter, value: str | None
) -> str | None:
    """Return the text of an option that may have one; ``false`` is as if unsaid.

    An empty one is mostly a variable of a script that nobody has set.
    """
    if not value and value is not None:
        raise click.BadParameter("it is empty; `false` leaves it out")
    text = {"1": "true", "0": "false"}.get(value or "false", value)
    return None if text == "false" else text


def examples(*lines: str) -> Callable[[_F], _F]:
    """Add command lines to a command's help, as they stand."""
    title = "Examples" if len(lines) > 1 else "Example"
    shown = "\n".join(["\b", f"{title}:", *(f"  {line}" for line in lines)])

    def decorate(command: _F) -> _F:
        command.__doc__ = f"{cleandoc(command.__doc__ or '')}\n\n{shown}"
        return command

    return decorate


def option(*names: str, **settings: Any) -> Callable[[_F], _F]:  # noqa: ANN401
    """Declare a setting: a click option with the variable DYNBUILD_ and its name."""
    long = next(name for name in names if name.startswith("--"))
    variable = long.split("/")[0].lstrip("-").upper().replace("-", "_")
    return click.option(
        *names, **{"cls": _Setting, "envvar": f"DYNBUILD_{variable}", **settings}
    )


class _Config(_Setting):
    def value_from_envvar(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click
        value = self.resolve_envvar_value(ctx)
        return None if value is None else (value,)  # a path may contain spaces


def _only_one(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> str | None:
    """Refuse a second declaration, which would silently replace the first."""
    if len(values) > 1:
        names = " and ".join(values)
        message = f"-c is given {len(values)} times: {names}"
        hint = "run the command once for each"
        raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    source = context.get_parameter_source(parameter.name or "")
    if values and source is ParameterSource.COMMANDLINE:
        note_asked(values[0])
    return values[0] if values else None


config = option(
    "-c",
    "--config",
    "-f",
    "--file",
    "config",
    cls=_Config,
    multiple=True,
    callback=_only_one,
    metavar="FILE",
    help="Read the declaration from FILE.  [default: the nearest dynbuild.nix, "
    ".toml, .yaml or .json, here or above]",
)


def arguments(command: _F) -> _F:
    """Add the flags that pass arguments to a declaration."""
    for decorate in (_argstr, _arg, _build_arg):
        command = decorate(command)
    return command


_arg = option(
    "--arg",
    "expressions",
    nargs=2,
    multiple=True,
    metavar="NAME EXPR",
    help="Pass argument NAME to a declaration that is a function, as an expression.",
)
_BUILD_ARGS = "dynbuild.build_args"
"""The key in click's context for what ``--build-arg`` gave."""


def _keep_pairs(
    context: click.Context, _: click.Parameter, values: tuple[str, ...]
) -> None:
    """Split what is given as Docker has it, before ``--argstr`` takes it up."""
    pairs = []
    for value in values:
        name, separator, text = value.partition("=")
        if not (name and separator):
            message = f"--build-arg takes NAME=TEXT, found {value!r}"
            raise DeclarationError(Diagnostic("DB0317", message))
        pairs.append((name, text))
    context.meta[_BUILD_ARGS] = tuple(pairs)


def _with_build_args(
    context: click.Context, _: click.Parameter, values: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    return (*values, *context.meta.get(_BUILD_ARGS, ()))


_argstr = option(
    "--argstr",
    "texts",
    nargs=2,
    multiple=True,
    callback=_with_build_args,
    metavar="NAME TEXT",
    help="Pass argument NAME of the declaration, as a string.",
)
_build_arg = option(
    "--build-arg",
    multiple=True,
    is_eager=True,
    expose_value=False,
    callback=_keep_pairs,
    metavar="NAME=TEXT",
    help="The same as --argstr NAME TEXT.",
)
of_a_dockerfile = request(
    "--target",
    metavar="STAGE",
    help="The build stage of the Dockerfile that is meant; else the last one.",
)
frozen = option(
    "--frozen",
    is_flag=True,
    help="Use the lock as it is, without reading the declaration.",
)
dry_run = request(
    "-n",
    "--dry-run",
    is_flag=True,
    help="Show what would change without changing anything.",
)


def platform(default: str, *, several: bool = False) -> Callable[[_F], _F]:
    """Declare --platform; ``default`` says which one is used without it."""
    which = (
        "this platform, or several separated by commas" if several else "this platform"
    )
    return option(
        "--platform",
        callback=_whole if several else _only,
        metavar="OS/ARCH",
        help=f"Use {which}.  [default: {default}]",
    )


def _only(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    """Refuse several platforms as well."""
    found = _whole(context, parameter, value)
    if found and "," in found:
        message = f"--platform {found[:60]!r} names several, and one is needed"
        raise DeclarationError(Diagnostic("DB0317", message, hint="name one of them"))
    return found


def _whole(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Return each platform once, by its usual name, and refuse what is none.

    A base that is nothing has all that there are.
    """
    if not value:
        return value
    # Most commands need none of this.
    from dynbuild.declaration.grammar import PLATFORM, matches  # noqa: PLC0415
    from dynbuild.platforms import each_once  # noqa: PLC0415

    for one in value.split(","):
        if not matches(PLATFORM, one):
            message = f"--platform {one[:40]!r} is not a platform"
            hint = "write it whole, such as linux/amd64; commas alone separate several"
            raise DeclarationError(Diagnostic("DB0317", message, hint=hint))
    return ",".join(each_once(value.split(",")))


as_json = option("--json", "as_json", is_flag=True, help="Write JSON to stdout.")
ACCEPT_CACHE = "dynbuild.accept_cache"
"""The key in click's context for the acceptance of the declaration's caches."""


def _accept(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    context.meta[ACCEPT_CACHE] = value


accept_cache = option(
    "--accept-cache",
    is_flag=True,
    expose_value=False,
    callback=_accept,
    help="Use the caches of the declaration without asking for consent.",
)
color = option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Use color always, never, or only on a terminal (auto).",
)
html = request(
    "--html", is_flag=True, help="Write a self-contained HTML page that works offline."
)
output = request(
    "-o", "--output", metavar="FILE", help="Write to FILE instead of stdout."
)
