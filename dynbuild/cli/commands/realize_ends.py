"""What came of several images at once, as one: their steps, warnings and failures."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from dynbuild.building import StepResult
from dynbuild.errors import (
    CommandFailed,
    DeclarationError,
    Diagnostic,
    DynbuildError,
    LockError,
    UnreachableError,
)
from dynbuild.explain.past import PastStep
from dynbuild.realization.images import Linked


def united(
    images: Iterable[Linked],
) -> tuple[tuple[StepResult, ...], tuple[PastStep, ...]]:
    """Return the steps of images, each once: it ran if it ran for any."""
    results: dict[tuple[str, str | None, str | None], StepResult] = {}
    past: dict[str, PastStep] = {}
    for image in images:
        for one in image.built.steps:
            key = (one.step, one.image, one.platform)
            if one.ran or key not in results:
                results[key] = one
        for step in image.steps:
            if step.ran or step.placed not in past:
                past[step.placed] = step
    return (*results.values(),), (*past.values(),)


def warnings_of(images: Mapping[str, Linked]) -> list[Diagnostic]:
    """Return the warnings about images; of several, each names those that it is of."""
    return _named({name: one.warnings for name, one in images.items()}, len(images))


def united_failure(
    failed: Mapping[str, DynbuildError], made: Sequence[str]
) -> DynbuildError:
    """Return the failures of images as one, which names the images.

    Its exit status is the highest of any.
    """
    several = len(failed) + len(made)
    worst = max(failed.values(), key=lambda error: error.exit_code)
    if several == 1:
        return worst
    told = _named({n: error.diagnostics for n, error in failed.items()}, several)
    # Kinds of these may ask for more than diagnostics.
    kinds = (DeclarationError, LockError, UnreachableError)
    kind = next((one for one in kinds if isinstance(worst, one)), CommandFailed)
    return kind(*told)


def _named(
    told: Mapping[str, Collection[Diagnostic]], several: int
) -> list[Diagnostic]:
    """Return what is told of images, each once, with the images that it is of."""
    images: dict[Diagnostic, list[str]] = {}
    for name, diagnostics in told.items():
        for one in diagnostics:
            images.setdefault(one, []).append(name)
    return [
        one
        if len(names) == several
        else replace(one, message=f"{_of(names)}: {one.message}")
        for one, names in images.items()
    ]


def _of(names: Sequence[str]) -> str:
    noun = "image" if len(names) == 1 else "images"
    return f"{noun} {', '.join(names)}"
