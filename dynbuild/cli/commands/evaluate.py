"""``dynbuild eval``."""

import os
import sys
from pathlib import Path

import click

from dynbuild.cli import options
from dynbuild.cli.arguments import Pairs, arguments_of
from dynbuild.cli.options import option, request
from dynbuild.cli.output import data, give, show, table, tell
from dynbuild.commands.evaluate import EvaluationRequest, evaluated, parsed
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.lang.limits import limits_of
from dynbuild.project.cache import replay
from dynbuild.project.cache.facts import FileObservations
from dynbuild.project.discovery import read_source, root_of, see_search
from dynbuild.project.named import is_inside
from dynbuild.project.sources import Sources
from dynbuild.spans import Source


@click.command("eval")
@click.argument("file", required=False)
@request(
    "-E",
    "--expr",
    "expression",
    metavar="EXPR",
    help="Evaluate EXPR instead of a file.",
)
@option("--json", "as_json", is_flag=True, help="Write JSON to stdout.")
@request(
    "--nix", "as_nix", is_flag=True, help="Write Nix syntax to stdout (the default)."
)
@request(
    "--attr",
    metavar="PATH",
    help="Print only a part of the value, such as stages.0.name.",
)
@option("--show-trace", is_flag=True, help="Show every step that led to an error.")
@option(
    "--root",
    metavar="DIR",
    help="Restrict reads to files in DIR.  [default: the project]",
)
@request("--parse-only", is_flag=True, help="Report mistakes without evaluating.")
@request("--list-builtins", is_flag=True, help="List the built-in functions.")
@options.arguments
@options.examples(
    "dynbuild eval dynbuild.nix --attr stages.0.name",
    "dynbuild eval -E '1 + 2'",
)
def evaluate(  # noqa: PLR0913 - one parameter a flag
    *,
    file: str | None,
    expression: str | None,
    as_json: bool,
    as_nix: bool,
    attr: str | None,
    expressions: Pairs,
    texts: Pairs,
    show_trace: bool,
    root: str | None,
    parse_only: bool,
    list_builtins: bool,
) -> None:
    """Evaluate a file or an expression, and print its value.

    Takes any expression of the language of dynbuild.nix. Calls a function if all its
    arguments have defaults or are given. FILE may be - for standard input.

    Reads files only inside the project (see --root).
    """
    if list_builtins:
        _list_builtins(as_json=as_json)
        return
    if as_json and as_nix:
        raise _contradiction("--json and --nix contradict one another", "choose one")
    if (file is None) == (expression is None):
        hint = "dynbuild eval FILE, or dynbuild eval -E EXPR"
        raise _contradiction("give one file or one expression", hint)
    facts = FileObservations()
    if file is not None:
        facts.see("mode", "content", of=str(Path(file).absolute()))
    source, directory = _source(file, expression, facts)
    if parse_only:
        show(parsed(source), "auto")
        return
    see_search(facts, directory)
    place = root_of(directory, Path.cwd()) if root is None else Path(root).resolve()
    files = Sources(place, os.path.relpath(place), facts)
    settings = EvaluationRequest(
        directory=files.directory(directory),
        arguments=arguments_of(expressions, texts),
        arguments_directory=files.directory(Path.cwd()),
        attribute=attr,
        form="json" if as_json else "nix",
        shown=files.name,
        show_trace=show_trace,
        limits=limits_of(os.environ),
    )

    def say(text: str) -> None:
        facts.complete = False
        tell(text)

    facts.complete = file != "-"
    text = evaluated(source, files, settings, say) + "\n"
    give(text)
    replay.keep(sys.argv[1:], os.environ, facts, text, "")


def _source(
    file: str | None, expression: str | None, facts: FileObservations
) -> tuple[Source, Path]:
    """Return the source to evaluate, and the directory that its paths start from."""
    if expression is not None:
        return Source("-E", expression), Path.cwd()
    if file == "-":
        return read_source(file, sys.stdin.buffer), Path.cwd()
    path = Path(str(file))
    if path.is_dir():
        path /= "default.nix"
        if not is_inside(path, root_of(path.parent.resolve(), Path.cwd())):
            message = f"{path} is not read: it leads out of the project, through a link"
            hint = f"name the file that you mean: dynbuild eval {path}"
            raise DeclarationError(Diagnostic("DB0340", message, hint=hint))
        facts.see("content", of=str(path.absolute()))
    return read_source(str(path)), path.parent.resolve()


def _list_builtins(*, as_json: bool) -> None:
    from dynbuild.lang.evaluator import list_builtins  # noqa: PLC0415 - it is slow

    rows = [
        (builtin.name, builtin.usage, builtin.summary) for builtin in list_builtins()
    ]
    if as_json:
        data([{"name": name, "usage": use, "doc": doc} for name, use, doc in rows])
    else:
        sys.stdout.write(table([(use, doc) for _, use, doc in rows]) + "\n")


def _contradiction(what: str, hint: str) -> DeclarationError:
    return DeclarationError(Diagnostic("DB0317", what, hint=hint))
