"""``dynbuild repl``."""

import os
import sys
from pathlib import Path

import click

from dynbuild.cli import options
from dynbuild.cli.output import show, tell
from dynbuild.declaration.syntax.places import Places
from dynbuild.errors import DeclarationError, DynbuildError
from dynbuild.lang.evaluator import list_builtins
from dynbuild.lang.limits import limits_of
from dynbuild.lang.session import Session, is_open
from dynbuild.project.discovery import NAMES, root_of
from dynbuild.project.sources import Sources
from dynbuild.spans import Source

_HELP = """\
EXPR            the value of an expression
NAME = EXPR     bind a name
:t EXPR         what kind of value it has
:doc NAME       what a built-in function does
:why STAGE      what the stage would run again, as `dynbuild why` says
:r              read the declaration again, as `declaration`
:q              leave (or Ctrl-D)
"""


@click.command()
@options.examples(
    "$ dynbuild repl",
    "> map (stage: stage.name) (declaration { }).stages",
)
def repl() -> None:
    """Evaluate expressions line by line, beside the declaration.

    The dynbuild.nix of the current directory, if there is one, is `declaration`; of a
    function, call it: declaration { }. Reads files only inside the project. :help lists
    the commands; the Tab key completes names.
    """
    session, places = _opened()
    _complete(session)
    is_terminal = sys.stdin.isatty()
    text = ""
    while True:
        try:
            line = input(("… " if text else "> ") if is_terminal else "")
        except EOFError:
            break
        except KeyboardInterrupt:
            text = ""
            sys.stdout.write("\n")
            continue
        text = f"{text}\n{line}" if text else line
        if is_open(text) and line.strip() and not text.startswith(":"):
            continue
        entered, text = text.strip(), ""
        if entered in {":q", ":quit"}:
            break
        if entered == ":r":
            session, places = _opened()
            _complete(session)
        elif entered:
            _answer(session, places, entered)


def _opened() -> tuple[Session, Places]:
    here = Path.cwd()
    place = root_of(here, here)
    files = Sources(place, os.path.relpath(place))
    session = Session(files.directory(here), files, tell, limits_of(os.environ))
    own = next((name for name in NAMES if name.endswith(".nix")), "")
    if (here / own).is_file():
        session.bind("declaration", Source("-", f"import ./{own}"))
    return session, Places({}, files.name)


def _answer(session: Session, places: Places, entered: str) -> None:
    command, _, rest = entered.partition(" ")
    try:
        if command == ":t":
            sys.stdout.write(session.kind(rest) + "\n")
        elif command == ":doc":
            sys.stdout.write(_documented(rest.strip().removeprefix("builtins.")))
        elif command == ":why":
            _why(rest.split())
        elif command.startswith(":"):
            sys.stdout.write(_HELP)
        elif value := session.value(entered):
            sys.stdout.write(value + "\n")
    except DeclarationError as error:
        show(places.told(error).diagnostics)
    except DynbuildError as error:
        show(error.diagnostics)
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    sys.stdout.flush()


def _documented(name: str) -> str:
    for row in list_builtins():
        if row.name == name:
            return f"builtins.{row.usage}\n    {row.summary}\n"
    return f"there is no built-in function '{name}'\n"


def _why(stages: list[str]) -> None:
    # It imports engines and tiers, which most conversations do not need.
    from dynbuild.cli.commands.why import why  # noqa: PLC0415

    try:
        why.main(args=stages, prog_name="dynbuild why", standalone_mode=False)
    except click.ClickException as error:
        error.show()


def _complete(session: Session) -> None:
    """Let the terminal's Tab key complete names, where Python has readline."""
    try:
        import readline  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    found: list[str] = []

    def completer(text: str, state: int) -> str | None:
        if state == 0:
            try:
                found[:] = session.completions(text)
            except DeclarationError:
                found.clear()
        return found[state] if state < len(found) else None

    readline.set_completer(completer)
    readline.set_completer_delims(" \t\n()[]{};=+*/<>!&|,\"'$")
    readline.parse_and_bind("tab: complete")
