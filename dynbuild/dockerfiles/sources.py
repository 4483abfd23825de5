"""Which build stages an image needs, and what a name in a Dockerfile stands for."""

import re
from collections.abc import Mapping

from dynbuild.dockerfiles.copying import Source
from dynbuild.dockerfiles.model import BuildStage, Dockerfile
from dynbuild.dockerfiles.scope import PLATFORM, Scope, UnknownError
from dynbuild.errors import DeclarationError
from dynbuild.reference import parse
from dynbuild.values import dataclass

STAGE = "stage"
"""The field of a copy from a build stage, whose number stands for its name."""

_BUILDS = "linux/amd64"
"""Where what Docker builds on its own platform is built, whoever builds."""

_FROM = re.compile(r"(?:^|,)from=([^,]+)")


@dataclass(frozen=True, slots=True)
class Sources:
    """The build stages: what each starts from, and which of them count.

    ``chain`` are those whose instructions make the image, first to last; ``copied`` are
    those that others take files of; ``fields`` what a stage of a declaration can say.
    """

    names: Mapping[str, int]
    images: Mapping[int, str]
    parents: Mapping[int, int]
    platforms: Mapping[int, str]
    arguments: Mapping[str, str]
    chain: tuple[int, ...]
    needed: frozenset[int]
    copied: frozenset[int]
    fields: frozenset[str]

    @classmethod
    def of(
        cls,
        dockerfile: Dockerfile,
        target: int,
        given: Mapping[str, str],
        fields: frozenset[str],
    ) -> "Sources":
        """Raise UnknownError for a base that cannot be told."""
        arguments = _arguments(dockerfile, given)
        scope = Scope(dockerfile.escape, whole=True)
        for name, value in arguments.items():
            scope = scope.with_argument(name, value)
        names: dict[str, int] = {}
        images: dict[int, str] = {}
        parents: dict[int, int] = {}
        platforms: dict[int, str] = {}
        uses: dict[int, set[int]] = {}
        unknown: dict[int, UnknownError] = {}
        for stage in dockerfile.stages:
            index = stage.index
            if index > target:
                break
            try:
                image = _image(scope, stage)
            except UnknownError as error:
                unknown[index], image = error, stage.start.words[0]
            parent = names.get(image.lower())
            if parent is not None:
                parents[index] = parent
                images[index] = images[parent]
            else:
                images[index] = image
            platform = _platform(scope, stage)
            if platform is not None:
                platforms[index] = platform
            uses[index] = _uses(stage, names, index)
            if stage.name:
                names[stage.name] = index
        chain = [target]
        while chain[0] in parents:
            chain.insert(0, parents[chain[0]])
        needed = _needed(target, uses, parents)
        for index in sorted(needed & unknown.keys()):
            raise unknown[index]
        copied = {at for index in needed for at in uses[index]}
        return cls(
            names,
            images,
            parents,
            platforms,
            arguments,
            tuple(chain),
            needed,
            frozenset(copied),
            fields,
        )

    def lineage(self, index: int) -> tuple[int, ...]:
        """Return a build stage and those it stands on, the first one first."""
        line = [index]
        while line[0] in self.parents:
            line.insert(0, self.parents[line[0]])
        return tuple(line)

    def root(self, index: int) -> int:
        return self.lineage(index)[0]

    def shares_ground(self, index: int) -> bool:
        """Whether a build stage starts from the very image that the last one does."""
        root, ground = self.root(index), self.root(self.chain[-1])
        return self.images[root] == self.images[ground] and self.platforms.get(
            root
        ) == self.platforms.get(ground)

    def source(self, index: int) -> Source:
        """Return what ``--from`` names within a build stage."""

        def named(text: str) -> dict[str, object]:
            found = _stage_of(text, self.names)
            if found is not None and found >= index:
                raise UnknownError(
                    f"it takes files of {text!r}, which is no build stage before its "
                    "own: Docker refuses it too"
                )
            return {"image": text} if found is None else {STAGE: found}

        return named


def _arguments(dockerfile: Dockerfile, given: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    scope = Scope(dockerfile.escape, whole=True)
    for one in dockerfile.arguments:
        for word in one.words:
            name, has_default, default = word.partition("=")
            value = scope.default(default) if has_default else None
            value = given.get(name, value)
            if value is not None:
                values[name] = value
                scope = scope.with_argument(name, value)
    return values


def _image(scope: Scope, stage: BuildStage) -> str:
    word = stage.start.words[0]
    names = re.findall(r"\$\{?(\w+)", word)
    unset = [name for name in names if name not in scope.arguments]
    hint = next((f" (give it: --build-arg {one}=…)" for one in (*unset, *names)), "")
    try:
        image = scope.static(word)
    except UnknownError as error:
        raise _at(stage, f"{error}{hint}") from None
    if not image:
        raise _at(stage, f"FROM names nothing: its argument is empty{hint}")
    if unset:
        try:
            parse(image.lower())
        except DeclarationError:
            message = f"{word} is {image!r}, which names no image{hint}"
            raise _at(stage, message) from None
    return image


def _at(stage: BuildStage, message: str) -> UnknownError:
    error = UnknownError(message)
    error.line = stage.start.line
    return error


def _platform(scope: Scope, stage: BuildStage) -> str | None:
    for flag in stage.start.flags:
        name, _, value = flag.partition("=")
        if name != "--platform":
            continue
        plain = re.sub(r"[{}]", "", value)
        if plain == "$BUILDPLATFORM":
            return _BUILDS
        if plain == "$TARGETPLATFORM" or plain.lstrip("$") in PLATFORM:
            return None
        return scope.static(value) or None
    return None


def _needed(
    target: int, uses: Mapping[int, set[int]], parents: Mapping[int, int]
) -> frozenset[int]:
    """Return the build stages that one stands on or takes files of, and itself."""
    found: set[int] = set()
    waiting = [target]
    while waiting:
        index = waiting.pop()
        if index not in found:
            found.add(index)
            waiting += uses[index]
            waiting += [parents[index]] if index in parents else []
    return frozenset(found)


def _uses(stage: BuildStage, names: Mapping[str, int], index: int) -> set[int]:
    found: set[int] = set()
    for one in stage.instructions:
        for flag in one.flags:
            option, _, value = flag.removeprefix("--").partition("=")
            texts = [value] if option == "from" else []
            if option == "mount":
                texts = _FROM.findall(value)
            for text in texts:
                at = _stage_of(text, names)
                found |= set() if at is None or at >= index else {at}
    return found


def _stage_of(text: str, names: Mapping[str, int]) -> int | None:
    """Return the build stage that a name or a number means; None for an image."""
    return int(text) if text.isdecimal() else names.get(text.lower())
