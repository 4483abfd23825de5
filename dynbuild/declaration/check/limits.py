"""Checks of what the commands of a stage may take."""

from collections.abc import Iterator

from dynbuild.declaration import grammar
from dynbuild.declaration.grammar import matches
from dynbuild.declaration.loaded import Loaded
from dynbuild.errors import Diagnostic
from dynbuild.steps.limits import seconds, size

LEAST_MEMORY, MOST_MEMORY = "6m", "1048576g"
"""With less no process of a container starts; more than a PiB no machine has."""
MOST_TIME = "8760h"
"""A year."""


def check_limits(loaded: Loaded) -> Iterator[Diagnostic]:
    """Report limits that no builder can hold a stage to."""
    for at, stage in enumerate(loaded.declaration.stages):
        found: dict[str, str] = {}
        memory, cpus, timeout = stage.memory, stage.cpus, stage.timeout
        if memory is not None and matches(grammar.MEMORY_SIZE, memory):
            least, most = size(LEAST_MEMORY), size(MOST_MEMORY)
            if not least <= size(memory) <= most:
                found["memory"] = f"from {LEAST_MEMORY} to {MOST_MEMORY}"
        if cpus is not None and not matches(grammar.CPUS, cpus):
            found["cpus"] = "a number of processors from 0.01 to 9999, such as 1.5"
        if timeout is not None and matches(grammar.DURATION, timeout):
            fits = 1 <= seconds(timeout) <= seconds(MOST_TIME)
            found |= {} if fits else {"timeout": f"from 1s to {MOST_TIME}"}
        for name, wanted in found.items():
            value = str(getattr(stage, name))[:40]
            message = f"{name} is {value}: it can be {wanted}"
            hint = f"write another, or leave {name} out: then there is no limit"
            yield Diagnostic("DB0115", message, loaded.span("stages", at, name), hint)
