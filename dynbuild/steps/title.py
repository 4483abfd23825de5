"""Human-readable names of steps."""

from typing import assert_never

from dynbuild.steps.model import (
    AptSource,
    Freshen,
    Group,
    Install,
    Remove,
    Script,
    Setup,
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
        case Setup():
            kind = "setup"
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
        case Setup():
            made = [one.to for one in step.copies] + [one.to for one in step.files]
            made += step.commands
            return _shortened(", ".join(text.split("\n", 1)[0] for text in made))
        case AptSource():
            return _shortened(" ".join([step.uri, *step.suites]))
        case Script():
            return _shortened(step.text.strip().split("\n", 1)[0])
        case User():
            names = ", ".join(one.name for one in (step, *step.others))
            return _shortened(f"{names} with sudo" if step.sudo else names)
        case _:
            assert_never(step)


def _events(group: Group) -> list[str]:
    """Return the installed packages, then the upgraded, then the removed ones."""
    installed, upgraded, removed = [], [], []
    for name, action in sorted(group.actions.items()):
        match action:
            case Install(spec):
                installed.append(spec)
            case Upgrade() | Freshen():
                upgraded.append(f"newest {name}")
            case Remove():
                removed.append(f"without {name}")
            case _:
                assert_never(action)
    everything = ["newest of all"] if group.upgrades else []
    return [*everything, *installed, *upgraded, *removed]


def _shortened(text: str) -> str:
    return text if len(text) <= _LENGTH else text[: _LENGTH - 1].rstrip() + "…"
