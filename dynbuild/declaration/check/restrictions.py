"""What is wrong with the architectures that a package is said to be for."""

from collections.abc import Iterator, Sequence

from dynbuild.steps.managers.manager import Manager
from dynbuild.steps.restriction import ALIASES, ARCHITECTURES, in_brackets

_KNOWN = sorted({*ARCHITECTURES.values()})

Wrong = tuple[str, str, list[str]]
"""What is wrong, a hint, and what may be meant."""


def wrong_restriction(manager: Manager, spec: str) -> Wrong | None:
    """Return what is wrong with the brackets at the end of a spec.

    None where nothing is in brackets, or what stands before them is wrong.
    """
    found = in_brackets(spec)
    if found is None or not manager.accepts(found[0]):
        return None
    name, words = found
    if not manager.restricts:
        marker = f"{name}; platform_machine == 'x86_64'"
        why = "a requirement says by a marker where it is wanted"
        return why, f'write a marker, such as "{marker}"', []
    return next(_wrong(manager, spec, name, words), None)


def _wrong(
    manager: Manager, spec: str, name: str, words: Sequence[str]
) -> Iterator[Wrong]:
    plain = [word.removeprefix("!") for word in words]
    negated = [word for word in words if word.startswith("!")]
    meant = [
        f"{'!' if word in negated else ''}{ALIASES.get(one, one)}"
        for word, one in zip(words, plain, strict=True)
    ]
    spelled = f"{name} [{' '.join(meant)}]"
    near = [spelled] if spelled != spec and manager.lists(spelled) else []
    if not words:
        yield "no architecture is in its brackets", f"write {name!r}", [name]
    if unknown := [one for one in plain if one not in _KNOWN]:
        hint = f"Debian's names are {', '.join(_KNOWN)}"
        yield f"{unknown[0]!r} is no architecture of Debian", hint, near
    reason = "it says which architectures have it, and which do not"
    yield reason, "write ! before each of them, or before none", []
