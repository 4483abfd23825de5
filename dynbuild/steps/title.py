"""Human-readable names of steps."""

from typing import assert_never

from dynbuild.steps.model import (
    AptSource,
    Group,
    Install,
    Remove,
    Script,
    Stage,
    Step,
    Upgrade,
    User,
)

_LENGTH = 60


def label(step: Step) -> str:
    """Return the title, prefixed with the kind of step unless it is a stage."""
    match step:
        case Stage():
            return step.name
        case Group():
            kind = step.manager
        case AptSource():
            kind = "source"
        case Script():
            kind = "script"
        case User():
            kind = "user"
        case _:
            assert_never(step)
    return f"{kind}: {title(step)}"


def title(step: Step) -> str:
    """Return one line, at most 60 characters or so: the effect of the step."""
    match step:
        case Stage():
            return step.name
        case Group():
            return _shortened(", ".join(_events(step)))
        case AptSource():
            return _shortened(" ".join([step.uri, *step.suites]))
        case Script():
            return _shortened(step.text.strip().split("\n", 1)[0])
        case User():
            return f"{step.name} with sudo" if step.sudo else step.name
        case _:
            assert_never(step)


def _events(group: Group) -> list[str]:
    """Return the installed packages, then the upgraded, then the removed ones."""
    installed, upgraded, removed = [], [], []
    for name, action in sorted(group.actions.items()):
        match action:
            case Install(spec):
                installed.append(spec)
            case Upgrade():
                upgraded.append(f"newest {name}")
            case Remove():
                removed.append(f"without {name}")
            case _:
                assert_never(action)
    return [*installed, *upgraded, *removed]


def _shortened(text: str) -> str:
    return text if len(text) <= _LENGTH else text[: _LENGTH - 1].rstrip() + "…"
