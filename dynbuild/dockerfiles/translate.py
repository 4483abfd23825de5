"""From a Dockerfile to the parts of a declaration, instruction by instruction.

Nothing is dropped without a note. A RUN becomes a stage of its own; copies stand in the
stage of the RUN behind them, unless that is known not to need them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from dynbuild.declaration import grammar
from dynbuild.declaration.grammar import matches
from dynbuild.dockerfiles.copying import Taken, take
from dynbuild.dockerfiles.gathering import (
    Noted,
    Reading,
    Walk,
    add,
    brings_shell,
    clear_files,
    flush,
    make_directory,
    take_in,
    wait,
)
from dynbuild.dockerfiles.known import both, independent
from dynbuild.dockerfiles.lifting import lift
from dynbuild.dockerfiles.model import (
    BuildStage,
    Dockerfile,
    Instruction,
    Line,
    Note,
    Outcome,
    Part,
    Paths,
)
from dynbuild.dockerfiles.packages import installs
from dynbuild.dockerfiles.running import Ran, run, title_of
from dynbuild.dockerfiles.runtime import CONFIG, configure, pairs
from dynbuild.dockerfiles.scope import (
    PLATFORM,
    Scope,
    UnknownError,
    is_name,
    variables,
)
from dynbuild.dockerfiles.sources import Sources
from dynbuild.dockerfiles.state import (
    DEFAULT_SHELL,
    State,
    has_shell,
    is_posix,
    start_of,
)

_NOT_NEEDED = "the image needs nothing of its build stage (--target makes one of that)"
_ONBUILD = (
    "ONBUILD runs in images that are built FROM this one: write it into their own "
    "declarations"
)
_HOLD = frozenset(("ARG", "ENV", "USER", "WORKDIR"))
_BELOW = "; what stands below it is translated as if it were not there"
_NO_EFFECT = "of its build stage only files are taken"


def walk(dockerfile: Dockerfile, sources: Sources, given: Mapping[str, str]) -> Walk:
    """Translate the build stages that the image needs; ``given`` has its arguments."""
    walked = Walk(dockerfile, sources, given)
    walked.notes += [
        Noted(one, "translated", "args, or its value where it is named")
        for one in dockerfile.arguments
    ]
    for stage in dockerfile.stages:
        if stage.index not in sources.needed:
            _skip(walked, stage, "unused", _NOT_NEEDED)
        else:
            _stage(walked, stage)
    return walked


def finished(noted: Noted, names: Mapping[int, str]) -> Note:
    """Return a note with the name of the stage that has the instruction."""
    where = noted.where
    if noted.part is not None:
        where = f"{where} of stage {names[noted.part]!r}"
    return Note(noted.instruction, noted.outcome, where, noted.reason)


def _skip(walked: Walk, stage: BuildStage, outcome: Outcome, reason: str) -> None:
    for one in (stage.start, *stage.instructions):
        walked.notes.append(Noted(one, outcome, reason=reason))


def _stage(walked: Walk, stage: BuildStage) -> None:
    reading = Reading(stage, _begin(walked, stage))
    if stage.index != walked.sources.chain[0]:
        reading.comments += stage.start.comments
    parent = walked.sources.parents.get(stage.index)
    if parent is not None:
        left = walked.comments[parent].values()
        reading.comments[:0] = [text for texts in left for text in texts]
    lineage = walked.sources.lineage(stage.index)[:-1]
    if any(part.of in lineage for part in walked.parts):
        reading.before = None
    for one in stage.instructions:
        try:
            _RULES.get(one.name, _configure)(walked, reading, one)
        except UnknownError as error:
            below = _BELOW if one.name in _HOLD else ""
            walked.notes.append(Noted(one, "left", reason=f"{error}{below}"))
            reading.comments += one.comments
            if one.name in ("RUN", "COPY", "ADD"):
                reading.before = None
    _end(walked, reading)


def _begin(walked: Walk, stage: BuildStage) -> State:
    """Return the state behind a FROM."""
    sources = walked.sources
    parent = sources.parents.get(stage.index)
    if parent is not None:
        walked.notes.append(Noted(stage.start, "translated", "dependencies"))
        return replace(walked.ends[parent], has_cmd=False)
    image = sources.images[stage.index]
    outcome: Outcome = "translated"
    reason = ""
    if stage.index in sources.platforms and stage.index in sources.chain:
        outcome = "differs"
        reason = "the image is built for the platform that `realize` is asked for"
    elif stage.index in sources.platforms:
        outcome = "differs"
        reason = f"it is built for {sources.platforms[stage.index]}, whoever builds"
    elif start_of(image) is None:
        outcome = "differs"
        reason = (
            f"commands begin as root in /: where {image} has another USER or WORKDIR, "
            "say it in the stages"
        )
    walked.notes.append(Noted(stage.start, outcome, "base", reason))
    return State(image, Scope(walked.dockerfile.escape))


def _configure(walked: Walk, reading: Reading, one: Instruction) -> None:
    if one.name not in CONFIG:
        raise UnknownError(_ONBUILD)
    reading.state, outcome, where, reason = configure(reading.state, one)
    if reading.stage.index not in walked.sources.chain:
        outcome, where, reason = "unused", "", _NO_EFFECT
    walked.notes.append(Noted(one, outcome, where, reason))


def _env(_: Walk, reading: Reading, one: Instruction) -> None:
    state = reading.state
    values = {state.scope.static(key): value for key, value in pairs(one)}
    for name in values:
        _check(name)
    scope = state.scope.with_variables(values)
    variables(scope.fresh, state.scope.env)
    reading.state = replace(state, scope=scope)
    wait(reading, one, "env")


def _check(name: str) -> None:
    if not is_name(name):
        raise UnknownError(f"{name!r} is no variable that commands could name")


def _argument(walked: Walk, reading: Reading, one: Instruction) -> None:
    scope = reading.state.scope
    lacking: list[str] = []
    for word in one.words:
        name, has_default, default = word.partition("=")
        _check(name)
        value = walked.arguments.get(name)
        if value is None and has_default:
            value = scope.default(default)
        elif value is None:
            value = walked.sources.arguments.get(name)
        if value is None and name.startswith("BUILD") and name in PLATFORM:
            raise UnknownError(
                f"what is built does not depend on {name}: write a value"
            )
        if value is None and name in PLATFORM:
            lacking.append(f"only commands that name {name} see it")
        elif value is None and has_default:
            give = f"give it, --build-arg {name}=…"
            lacking.append(f"its default is what the base makes of it: {give}")
        elif value is None:
            lacking.append(f"no value unless --build-arg {name}=…")
        scope = scope.with_argument(name, value)
    reading.state = replace(reading.state, scope=scope)
    outcome: Outcome = "differs" if lacking else "translated"
    wait(reading, one, "build_env", outcome, ", ".join(lacking))


def _workdir(walked: Walk, reading: Reading, one: Instruction) -> None:
    state = reading.state
    path = state.path(state.scope.static(one.text)).rstrip("/") or "/"
    if state.unmade and not path.startswith(f"{state.unmade[0]}/"):
        make_directory(walked, reading)
    unmade = None if path == "/" else (path, state.user)
    reading.state = replace(reading.state, workdir=path, unmade=unmade)
    wait(reading, one, "workdir")


def _user(_: Walk, reading: Reading, one: Instruction) -> None:
    user = reading.state.scope.static(one.text)
    if not matches(grammar.OWNER, user):
        raise UnknownError(f"{user!r} is not a user of a declaration")
    root = {"root", "0"}.issuperset(user.split(":"))
    state = replace(reading.state, user=None if root else user, has_user=True)
    reading.state = state
    wait(reading, one, "user")


def _shell(_: Walk, reading: Reading, one: Instruction) -> None:
    if not one.is_json or not one.words:
        raise UnknownError('SHELL is a list: SHELL ["/bin/bash", "-c"]')
    reading.state = replace(reading.state, shell=one.words)
    if not is_posix(one.words):
        raise UnknownError(f"{one.words[0]} is not a POSIX shell")
    wait(reading, one, "shell")


def _copy(walked: Walk, reading: Reading, one: Instruction) -> None:
    sources = walked.sources
    taken = take(reading.state, one, sources.source(reading.stage.index))
    unmade = reading.state.unmade
    if unmade and (taken.owned or unmade[1] is not None):
        make_directory(walked, reading)
    elif unmade and _makes(taken, unmade[0]):
        reading.state = replace(reading.state, unmade=None)
    if _comes_last(taken, reading):
        flush(walked, reading)
    take_in(reading, one, taken)


def _comes_last(taken: Taken, reading: Reading) -> bool:
    """Whether what is taken may replace what waits, and would come before it.

    A stage downloads, then copies, then writes files.
    """
    if taken.add and (reading.copies or reading.files):
        return True
    targets = [str(copied.fields["to"]).rstrip("/") for copied in taken.copies]
    return any(
        f"{path}/".startswith(f"{target}/")
        for target in targets
        for path in reading.files
    )


def _makes(taken: Taken, directory: str) -> bool:
    """Whether what is copied makes a directory, as WORKDIR would."""
    return any(
        f"{copied.fields['to']}/".startswith(f"{directory}/") for copied in taken.copies
    )


def _run(walked: Walk, reading: Reading, one: Instruction) -> None:
    image = reading.state.image
    if not has_shell(image) and not brings_shell(walked, reading):
        raise UnknownError(
            f"{image} has no shell to run it: do it in another build stage, and copy "
            "what comes of it"
        )
    ran = run(reading.state, one, walked.sources.source(reading.stage.index))
    reasons = list(ran.reasons)
    if installs(one.text):
        reason = lift(walked, reading, one, ran)
        if reason is None:
            return
        reasons.append(f"it stays a command, and no list of packages: {reason}")
    if reading.has_files and independent(reading.paths, ran.paths):
        flush(walked, reading)
    if reading.state.unmade and reading.state.unmade[1] != reading.state.user:
        make_directory(walked, reading)
    part = _part(reading, one, ran)
    for path in ran.caches:
        walked.caches[path] = walked.caches.get(path, 0) + 1
    outcome: Outcome = "differs" if reasons else "translated"
    noted = Noted(one, outcome, "commands", "; ".join(reasons))
    add(walked, reading, part, runs=noted)
    clear_files(reading)
    reading.comments = []
    scope = reading.state.scope.given()
    reading.state = replace(reading.state, scope=scope, unmade=None)


def _part(reading: Reading, one: Instruction, ran: Ran) -> Part:
    """Return the part of a RUN, with the files that wait."""
    state = reading.state
    env = variables(state.scope.fresh, state.scope.env)
    arguments = state.scope.run_arguments()
    build_env = {name: text.replace("$", "$$") for name, text in arguments.items()}
    directory = state.workdir or start_of(state.image)
    own: dict[str, object] = {
        **({"user": state.user} if state.user is not None else {}),
        **({"workdir": directory} if directory not in (None, "/") else {}),
        **({"shell": list(state.shell)} if state.shell != DEFAULT_SHELL else {}),
        **({"build_env": build_env} if build_env else {}),
    }
    first, *others = ran.commands
    above = (*reading.comments, *(() if reading.copies else one.comments))
    if reading.copies:
        first = Line(first.text, (*one.comments, *first.comments))
    paths = both(reading.paths, ran.paths)
    if paths is not None and state.directory != "/":
        made = {state.unmade[0]} if state.unmade else set()
        paths = Paths(paths.reads | {state.directory}, paths.writes | made)
    return Part(
        reading.stage.index,
        title_of(ran),
        tuple(reading.copies),
        (first, *others),
        env,
        {**own, **ran.fields, **reading.rest},
        above,
        paths,
    )


def _end(walked: Walk, reading: Reading) -> None:
    flush(walked, reading)
    index, state = reading.stage.index, reading.state
    final = index == walked.sources.chain[-1]
    # The image makes the directory that it starts in, for root.
    if (final and state.unmade and state.unmade[1] is not None) or (
        not final and index in walked.sources.copied
    ):
        make_directory(walked, reading)
    left: dict[str, tuple[str, ...]] = {}
    for one, outcome, where, reason in reading.waiting:
        walked.notes.append(Noted(one, outcome, where, reason))
        left[where] = (*left.get(where, ()), *one.comments)
    told = [text for texts in left.values() for text in texts]
    others = tuple(text for text in reading.comments if text not in told)
    walked.comments[index] = {"base": others, **left}
    walked.ends[index] = reading.state


_RULES: Mapping[str, Callable[[Walk, Reading, Instruction], None]] = {
    "RUN": _run,
    "COPY": _copy,
    "ADD": _copy,
    "ENV": _env,
    "ARG": _argument,
    "WORKDIR": _workdir,
    "USER": _user,
    "SHELL": _shell,
}
