"""All shell commands of a declaration in one list, and what each can see."""

from dataclasses import dataclass

from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema import Stage
from dynbuild.declaration.scripts.script import Command, commands_of
from dynbuild.declaration.syntax.tree import Path


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """One line of commands, or one environment script."""

    path: Path
    text: str
    commands: tuple[Command, ...] | None
    """None where the text is more than simple commands."""
    stage: Stage | None = None

    @property
    def owner(self) -> str:
        return "an environment script" if self.stage is None else f"stage {self.name!r}"

    @property
    def name(self) -> str:
        return self.stage.name if self.stage else ""

    @property
    def is_root(self) -> bool:
        user = self.stage.user if self.stage else None
        return user is None or user.partition(":")[0] in ("root", "0")


def runs_of(loaded: Loaded) -> list[ScriptRun]:
    """Return environment scripts, then the commands of stages, in declared order."""
    runs = [
        ScriptRun(("env_scripts", index), text, commands_of(text))
        for index, text in enumerate(loaded.declaration.env_scripts)
    ]
    for at, stage in enumerate(loaded.declaration.stages):
        runs += [
            ScriptRun(("stages", at, "commands", index), text, commands_of(text), stage)
            for index, text in enumerate(stage.commands)
        ]
    return runs
