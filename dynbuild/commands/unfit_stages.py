"""What is refused once images are known: platforms, variables, shells."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from dynbuild.declaration.check.shells import without_shell
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.variables import not_expanded
from dynbuild.errors import DeclarationError, Diagnostic, Label
from dynbuild.lockfile.model import Entry, Lock
from dynbuild.lockfile.platform import ANY_OTHER, is_for, of_platform, told_apart
from dynbuild.steps.downloads import address_of, digest_of_download
from dynbuild.steps.environment import EnvironmentConflict, Environments
from dynbuild.steps.expansion import VariableError
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.model import Pin, Stage


def refuse_platforms(
    loaded: Loaded, stages: tuple[Stage, ...], base: Pin, images: Mapping[str, Pin]
) -> None:
    """Refuse platforms of the image, and of stages, that their bases do not have."""
    problems = [*_not_for_all(loaded, stages, base, images)]
    for place, stage in enumerate(stages):
        pin = None if stage.base is None else images[stage.base]
        if pin is None or stage.platform is None or not pin.platforms:
            continue
        if stage.platform not in pin.platforms:
            known = ", ".join(sorted(pin.platforms))
            message = f"there is no {pin.image} for {stage.platform}"
            span = loaded.span("stages", place, "platform")
            hint = f"it is there for {known}"
            problems.append(Diagnostic("DB0178", message, span, hint))
    if problems:
        raise DeclarationError(*problems)


def _not_for_all(
    loaded: Loaded, stages: tuple[Stage, ...], base: Pin, images: Mapping[str, Pin]
) -> Iterator[Diagnostic]:
    """Report platforms of the image that an image it is made of does not have."""
    lock = Lock(base, stages=_entries(stages), images=images)
    for at, platform in enumerate(loaded.declaration.platforms):
        for pin in of_platform(lock, platform).pins_of_target:
            if pin.platforms and platform not in pin.platforms:
                known = ", ".join(sorted(pin.platforms))
                yield Diagnostic(
                    "DB0178",
                    f"there is no {pin.image} for {platform}",
                    loaded.span("platforms", at),
                    f"it is there for {known}\n(left out is a platform whose image "
                    "sets another environment, user or directory)",
                )
        for place, stage in enumerate(stages):
            for number, one in enumerate(stage.add) if is_for(stage, platform) else ():
                if one.digests and digest_of_download(one, platform) is None:
                    address = address_of(one.url, platform)
                    yield Diagnostic(
                        "DB0304",
                        f"nothing is at {address}, which {platform} needs",
                        loaded.span("stages", place, "add", number),
                        "once it is there, run `dynbuild lock --upgrade-add`; or take "
                        "the platform out",
                        (Label(loaded.span("platforms", at), "declared here"),),
                    )


def _entries(stages: tuple[Stage, ...]) -> Mapping[str, Entry]:
    return {stage.name: Entry(stage, 0) for stage in stages}


def refuse_shells(loaded: Loaded, lacks: Callable[[str, str], bool]) -> None:
    """Refuse what needs a shell on bases that are known to lack it."""
    if problems := [*without_shell(loaded, lacks)]:
        raise DeclarationError(*problems)


def refuse_conflicts(
    loaded: Loaded, stages: tuple[Stage, ...], base: Pin, images: Mapping[str, Pin]
) -> None:
    """Refuse variables that cannot be set, on any of the platforms that differ."""
    lock = Lock(base, stages=_entries(stages), images=images)
    lock = replace(lock, config=RuntimeConfig(platforms=loaded.declaration.platforms))
    for platform in told_apart(lock) or (ANY_OTHER,):
        there = of_platform(lock, platform).stages.values()
        _refuse_conflicts(loaded, [one.stage for one in there], base, images)


def _refuse_conflicts(
    loaded: Loaded, stages: Sequence[Stage], base: Pin, images: Mapping[str, Pin]
) -> None:
    declared = loaded.declaration.stages
    places = {stage.name: place for place, stage in enumerate(declared)}
    own = {image: pin.env for image, pin in images.items()}
    try:
        environments = Environments(stages, base.env, own)
        for stage in stages:
            environments.of_stage(stage.name)
        environments.of_container(loaded.declaration.env)
    except VariableError as error:
        stage_path = ("stages", places[error.stage]) if error.stage else ()
        raise DeclarationError(
            not_expanded(loaded, (*stage_path, error.table, error.variable), error)
        ) from None
    except EnvironmentConflict as conflict:
        raise DeclarationError(
            Diagnostic(
                "DB0307",
                f"stages {conflict.first!r} and {conflict.second!r} set "
                f"{conflict.variable} to two values",
                loaded.span(
                    "stages", places[conflict.second], "env", conflict.variable
                ),
                hint="let one depend on the other, whose value then gives way, or "
                f'let both extend it, as in "/opt/x:${{{conflict.variable}:-}}"',
                labels=(
                    Label(
                        loaded.span(
                            "stages", places[conflict.first], "env", conflict.variable
                        ),
                        "set here as well",
                    ),
                ),
            )
        ) from None
