"""All shell commands of a declaration in one list, and what each can see."""

from collections.abc import Sequence

from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema_stage import Stage
from dynbuild.declaration.scripts.script import Command, commands_of
from dynbuild.declaration.syntax.edits import with_items, without_item
from dynbuild.declaration.syntax.spelling import Spellable
from dynbuild.declaration.syntax.tree import Path, find
from dynbuild.errors import Mend
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """One line of commands, of a stage or a setup, or one environment script."""

    path: Path
    text: str
    commands: tuple[Command, ...] | None
    """None where the text is more than simple commands."""
    stage: Stage | None = None

    @property
    def owner(self) -> str:
        if self.stage is not None:
            return f"stage {self.name!r}"
        return "a setup" if self.path[0] == "setup" else "an environment script"

    @property
    def name(self) -> str:
        return self.stage.name if self.stage else ""

    @property
    def is_root(self) -> bool:
        user = self.stage.user if self.stage else None
        return user is None or user.partition(":")[0] in ("root", "0")


def runs_of(loaded: Loaded) -> list[ScriptRun]:
    """Return what is set up, scripts, then the commands of stages, as declared."""
    runs = [
        ScriptRun(("setup", at, "commands", index), text, commands_of(text))
        for at, setup in enumerate(loaded.declaration.setup)
        for index, text in enumerate(setup.commands)
    ]
    runs += [
        ScriptRun(("env_scripts", index), text, commands_of(text))
        for index, text in enumerate(loaded.declaration.env_scripts)
    ]
    for at, stage in enumerate(loaded.declaration.stages):
        runs += [
            ScriptRun(("stages", at, "commands", index), text, commands_of(text), stage)
            for index, text in enumerate(stage.commands)
        ]
    return runs


def declaring(
    loaded: Loaded, run: ScriptRun, field: str, names: Sequence[str]
) -> tuple[Mend, ...]:
    """Return the mend that lists packages instead of the command that installs them."""
    *above, index = run.path
    commands = find(loaded.tree, tuple(above))
    removed = without_item(commands, loaded.syntax, int(index))
    listed = getattr(loaded.declaration, field)
    new = [name for name in names if name not in listed]
    added = with_items(loaded.tree, loaded.syntax, field, new)
    stage = run.stage
    is_empty = stage and len(stage.commands) == 1 and not (stage.copies or stage.files)
    if not new or not removed or not added or len(run.commands or ()) != 1 or is_empty:
        return ()
    return (Mend("declare them instead", (added, removed)),)


def with_list(
    loaded: Loaded, run: ScriptRun, field: str, items: Sequence[Spellable], title: str
) -> tuple[Mend, ...]:
    """Return the mend that adds items to a list of a command's stage."""
    table = find(loaded.tree, run.path[:2])
    edit = with_items(table, loaded.syntax, field, items)
    return (Mend(title, (edit,)),) if edit else ()
