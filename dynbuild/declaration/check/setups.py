"""Checks of what is set up before anything is installed."""

from collections.abc import Iterator

from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax.edits import removal
from dynbuild.errors import Diagnostic, Label


def check_setups(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report what sets nothing up, needs what is not there yet, or is said twice."""
    setups = loaded.declaration.setup
    for index, one in enumerate(setups):
        path = ("setup", index)
        parts = {(*path, field) for field in ("copy", "files", "commands")}
        if not (one.copies or one.files or one.commands or parts & loaded.lost):
            message = "this sets nothing up"
            hint = "give it copy, files or commands, or remove it"
            yield Diagnostic("DB0128", message, loaded.span(*path), hint)
        elif one in setups[:index]:
            first = loaded.span("setup", setups.index(one))
            message = "this is set up already"
            label = Label(first, "first here")
            mends = removal(loaded.tree, loaded.syntax, path)
            span = loaded.span(*path)
            yield Diagnostic(
                "DB0130", message, span, "remove it", (label,), mends=mends
            )
        for at, copy in enumerate(one.copies):
            for key in ("stage", "image"):
                if getattr(copy, key) is not None:
                    message = "before anything is installed there are only files of the"
                    message += f" project: nothing can be copied of {_one(key)}"
                    where = loaded.key(*path, "copy", at, key)
                    hint = "copy it in a stage, or add the file to the project"
                    yield Diagnostic("DB0135", message, where, hint)
        for at, command in enumerate(one.commands):
            if not command.strip():
                empty = (*path, "commands", at)
                mends = removal(loaded.tree, loaded.syntax, empty)
                message, span = "this command is empty", loaded.span(*empty)
                yield Diagnostic("DB0129", message, span, "remove it", mends=mends)


def _one(key: str) -> str:
    return "a stage" if key == "stage" else "an image"
