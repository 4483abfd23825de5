"""Random declarations of several images, each said for itself, and edits of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from hypothesis import strategies as st

from dynbuild.lockfile.images import TargetImage
from dynbuild.lockfile.model import Target
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.model import Stage
from tests.properties.edits import EDITS, edited
from tests.properties.strategies import TWINS, Edit, Mix, mended, renamed, targets

IMAGES = ("common", "api", "worker", "debug")


@dataclass(frozen=True)
class Said:
    """What an image says itself; ``needs`` has what its stages need of others."""

    own: Target
    extends: str | None = None
    publish: bool = True
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


Declared = Mapping[str, Said]


def wholes(declared: Declared) -> dict[str, TargetImage]:
    """What is asked of each image, with all that it inherits."""
    found: dict[str, TargetImage] = {}
    for name in sorted(declared, key=lambda name: _depth(declared, name)):
        said = declared[name]
        config = said.own.config
        if said.extends is not None:
            # The root alone says for which platforms its line is.
            config = replace(config, platforms=())
        whole = replace(_named(said.own, name), config=config)
        if said.extends is not None:
            whole = _joined(found[said.extends].whole, whole, said.needs)
        found[name] = TargetImage(said.extends, said.publish, whole, config)
    return found


def _depth(declared: Declared, name: str) -> int:
    over = declared[name].extends
    return 0 if over is None else 1 + _depth(declared, over)


def _named(target: Target, image: str) -> Target:
    """Stages are unique along a line: they carry the name of their image."""
    return renamed(
        target, {stage.name: f"{stage.name}-{image}" for stage in target.stages}
    )


def _joined(above: Target, own: Target, needs: Mapping[str, tuple[str, ...]]) -> Target:
    packages = {
        manager: {
            **own.packages.get(manager, {}),
            **above.packages.get(manager, {}),
        }
        for manager in {*above.packages, *own.packages}
    }
    known = {stage.name: stage for stage in above.stages}
    return Target(
        base=above.base,
        packages=packages,
        setups=tuple(dict.fromkeys((*above.setups, *own.setups))),
        sources=tuple(dict.fromkeys((*above.sources, *own.sources))),
        scripts=tuple(dict.fromkeys((*above.scripts, *own.scripts))),
        user=above.user or own.user,
        stages=(*above.stages, *(_linked(one, needs, known) for one in own.stages)),
        images={**own.images, **above.images},
        shell=above.shell,
        indexes=above.indexes,
        config=_config(above.config, own.config),
        found=above.found | own.found,
    )


def _linked(
    stage: Stage, needs: Mapping[str, tuple[str, ...]], known: Mapping[str, Stage]
) -> Stage:
    extra = tuple(
        name
        for name in needs.get(stage.name.partition("-")[0], ())
        if name in known
        and (stage.build_only or not known[name].build_only)
        and stage.own_base == known[name].own_base
        # Of what stands on one another, one may list packages.
        and not (stage.own_base and any(one.installs for one in known.values()))
    )
    return replace(stage, dependencies=(*stage.dependencies, *extra))


def _config(above: RuntimeConfig, own: RuntimeConfig) -> RuntimeConfig:
    usual = RuntimeConfig()
    found = {}
    for one in fields(RuntimeConfig):
        was, said = getattr(above, one.name), getattr(own, one.name)
        if one.name in ("env", "labels", "annotations"):
            found[one.name] = {**was, **said}
        elif one.name in ("expose", "volumes"):
            found[one.name] = (*was, *(item for item in said if item not in was))
        elif one.name == "cmd" and own.entrypoint is not None:
            found[one.name] = said
        else:
            found[one.name] = was if said == getattr(usual, one.name) else said
    return RuntimeConfig(**found)


@st.composite
def saids(
    draw: st.DrawFn, mix: Mix, extends: str | None, above: tuple[str, ...]
) -> Said:
    own = draw(targets(mix))
    if extends is not None:
        own = replace(own, config=replace(own.config, platforms=()))
    needs = {
        stage.name: tuple(
            draw(st.lists(st.sampled_from(above), max_size=2, unique=True))
        )
        for stage in own.stages
        if above
    }
    return Said(own, extends, draw(st.booleans()), needs)


@st.composite
def families(draw: st.DrawFn, mix: Mix = TWINS) -> Declared:
    declared: dict[str, Said] = {}
    for name in IMAGES[: draw(st.integers(1, 3))]:
        over = draw(st.sampled_from([None, *declared, *declared]))
        above = tuple(one.name for one in _stages_of(declared, over))
        declared[name] = draw(saids(mix, over, above))
    return agreed(declared)


def _stages_of(declared: Declared, name: str | None) -> tuple[Stage, ...]:
    return () if name is None else wholes(declared)[name].whole.stages


def agreed(declared: Declared) -> Declared:
    """What the checks of a declaration would have let through of it.

    One image pins as the others do, for a lock has each pin once.
    """
    bases = {said.own.base.image: said.own.base for said in declared.values()}
    images = {
        ref: pin for said in declared.values() for ref, pin in said.own.images.items()
    }
    images = {ref: bases.get(ref, pin) for ref, pin in images.items()}
    return {
        name: replace(
            said,
            own=mended(
                replace(
                    said.own,
                    base=bases[said.own.base.image],
                    images={ref: images[ref] for ref in said.own.images},
                )
            ),
        )
        for name, said in declared.items()
    }


@st.composite
def edited_family(
    draw: st.DrawFn,
    declared: Declared,
    mix: Mix = TWINS,
    edits: tuple[Edit, ...] = EDITS,
) -> Declared:
    """Change what one image says; sometimes add one, or let one go."""
    now = dict(declared)
    name = draw(st.sampled_from(sorted(now)))
    what = draw(st.integers(0, 9))
    leaves = [n for n in now if all(said.extends != n for said in now.values())]
    free = [n for n in IMAGES if n not in now]
    if what == 0 and free:
        over = draw(st.sampled_from([None, *now]))
        above = tuple(one.name for one in _stages_of(now, over))
        now[free[0]] = draw(saids(mix, over, above))
    elif what == 1 and len(now) > 1:
        del now[draw(st.sampled_from(leaves))]
    else:
        own = draw(edited(now[name].own, mix, edits))
        now[name] = replace(now[name], own=own)
    return agreed(now)


@st.composite
def family_histories(
    draw: st.DrawFn, mix: Mix = TWINS, edits: tuple[Edit, ...] = EDITS
) -> list[Declared]:
    history = [draw(families(mix))]
    for _ in range(draw(st.integers(1, 4))):
        history.append(draw(edited_family(history[-1], mix, edits)))
    return history
