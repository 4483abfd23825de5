"""What a digest covers, field by field: the table of docs/design/digests.md."""

from dataclasses import replace

import pytest

from dynbuild.lockfile.model import Entry, Lock, Target
from dynbuild.lockfile.update import Requests, update
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.log import Event
from dynbuild.steps.model import (
    AptSource,
    CacheDirectory,
    Copy,
    Download,
    InlineFile,
    Install,
    Secret,
    Stage,
    Tmpfs,
    User,
)
from dynbuild.steps.run import EPOCH
from tests.properties.strategies import BASES, digest, pin
from tests.properties.test_update import digests

SUBJECT = Stage(
    "subject",
    dependencies=("below", "beside"),
    copies=(
        Copy("a.txt", "/app/", owner="app", mode="644", digest=digest("a")),
        Copy("/out", "/out", stage="other", exclude=("*.o",)),
        Copy("/go", "/go", image="golang:1"),
        Copy("src", "/src"),
        Copy("a.txt", "/tmp", digest=digest("a")),
        Copy("*.whl", "/w/", digest=digest("w"), files=("a.whl", "b.whl")),
    ),
    add=(
        Download("https://x.test/a", "/a/", (("", digest("d")),), owner="app"),
        Download("https://x.test/b.tgz", "/b", (("", digest("e")),), unpack=True),
    ),
    files=(InlineFile("/f", "f\n", "app", "0755"),),
    mounts=(
        Copy("b.txt", "/b", digest=digest("b")),
        Copy("/out", "/o", stage="other"),
        Copy("/go", "/g", image="golang:1"),
        Copy("src", "/s"),
    ),
    commands=("make", "make install"),
    env={"A": "1"},
    build_env={"B": "1"},
    user="app",
    workdir="/w",
    shell=("/bin/bash", "-c"),
    cache_mounts=(CacheDirectory("/c"),),
    secrets=(Secret("s", "S", "/s"),),
)
ABOVE = Stage("above", ("subject",), commands=("true",))
TAKER = Stage("taker", copies=(Copy("/x", "/x", stage="subject"),))
ASIDE = Stage("aside", commands=("true",), env={"Z": "1"})
STAGES = (
    Stage("below", commands=("below",)),
    Stage("beside", commands=("beside",)),
    Stage("other", commands=("other",)),
    SUBJECT,
    ABOVE,
    TAKER,
    ASIDE,
)
SYSTEM = {"source.1", "apt.2", "script.3", "user.4"}
LOCK = update(
    None,
    Target(
        BASES[0],
        packages={"apt": {"git": "git"}},
        sources=(AptSource("https://a", ("s",), ("main",), "k", digest("k")),),
        scripts=("locale-gen",),
        user=User("app", 1000, "/bin/sh"),
        stages=STAGES,
        images={"golang:1": pin("golang:1")},
    ),
)
ABOVE_SUBJECT = {"subject", "above", "taker"}
ALL = SYSTEM | {stage.name for stage in STAGES}


def with_stage(stage: Stage) -> Lock:
    entry = LOCK.stages[stage.name]
    return replace(
        LOCK, stages={**LOCK.stages, stage.name: replace(entry, stage=stage)}
    )


def subject(**fields: object) -> Lock:
    return with_stage(replace(SUBJECT, **fields))  # type: ignore[arg-type]


def copy(place: int, **fields: object) -> Lock:
    copies = list(SUBJECT.copies)
    copies[place] = replace(copies[place], **fields)  # type: ignore[arg-type]
    return subject(copies=tuple(copies))


def mount(place: int, **fields: object) -> Lock:
    mounts = list(SUBJECT.mounts)
    mounts[place] = replace(mounts[place], **fields)  # type: ignore[arg-type]
    return subject(mounts=tuple(mounts))


def file(**fields: object) -> Lock:
    return subject(files=(replace(SUBJECT.files[0], **fields),))  # type: ignore[arg-type]


def download(place: int, **fields: object) -> Lock:
    add = list(SUBJECT.add)
    add[place] = replace(add[place], **fields)  # type: ignore[arg-type]
    return subject(add=tuple(add))


def secret(**fields: object) -> Lock:
    return subject(secrets=(replace(SUBJECT.secrets[0], **fields),))  # type: ignore[arg-type]


def mounted(**fields: object) -> Lock:
    mount = replace(SUBJECT.cache_mounts[0], **fields)  # type: ignore[arg-type]
    return subject(cache_mounts=(mount,))


def source(**fields: object) -> Lock:
    (old,) = LOCK.sources
    return replace(LOCK, sources={replace(old, **fields): 1})  # type: ignore[arg-type]


def user(**fields: object) -> Lock:
    assert LOCK.user
    return replace(LOCK, user=replace(LOCK.user, **fields))  # type: ignore[arg-type]


AFTER_USER = {"user.4"} | {stage.name for stage in STAGES}
STANDING_ON_BELOW = {"below", *ABOVE_SUBJECT}

COVERED = {
    "commands": (subject(commands=("make",)), ABOVE_SUBJECT),
    "the platform's variables": (
        subject(commands=("make $TARGETARCH",)),
        ABOVE_SUBJECT,
    ),
    "order of commands": (subject(commands=("make install", "make")), ABOVE_SUBJECT),
    "env": (subject(env={"A": "2"}), ABOVE_SUBJECT),
    "a variable": (subject(env={"A": "1", "C": ""}), ABOVE_SUBJECT),
    "build_env": (subject(build_env={}), ABOVE_SUBJECT),
    "user": (subject(user="root"), ABOVE_SUBJECT),
    "workdir": (subject(workdir=None), ABOVE_SUBJECT),
    "shell": (subject(shell=("/bin/dash", "-c")), ABOVE_SUBJECT),
    "network": (subject(network="none"), ABOVE_SUBJECT),
    "ssh": (subject(ssh=True), ABOVE_SUBJECT),
    "cache_mounts": (subject(cache_mounts=(CacheDirectory("/d"),)), ABOVE_SUBJECT),
    "tmpfs": (subject(tmpfs=(Tmpfs("/d"),)), ABOVE_SUBJECT),
    "a mount's id": (mounted(id="i"), ABOVE_SUBJECT),
    "a mount's sharing": (mounted(sharing="locked"), ABOVE_SUBJECT),
    "a mount's mode": (mounted(mode="0700"), ABOVE_SUBJECT),
    "secret's id": (secret(id="t"), ABOVE_SUBJECT),
    "secret's env": (secret(env=None), ABOVE_SUBJECT),
    "secret's target": (secret(target=None), ABOVE_SUBJECT),
    "bump": (subject(bump=1), ABOVE_SUBJECT),
    "dependencies": (subject(dependencies=("below",)), ABOVE_SUBJECT),
    "a dependency": (
        with_stage(replace(STAGES[0], commands=("again",))),
        STANDING_ON_BELOW,
    ),
    "what is copied from": (
        with_stage(replace(STAGES[2], commands=("again",))),
        {"other", *ABOVE_SUBJECT},
    ),
    "copies": (subject(copies=SUBJECT.copies[1:]), ABOVE_SUBJECT),
    "order of copies": (subject(copies=SUBJECT.copies[::-1]), ABOVE_SUBJECT),
    "copied content": (copy(0, digest=digest("b")), ABOVE_SUBJECT),
    "copied name": (copy(0, path="b.txt"), ABOVE_SUBJECT),
    "copied name where a directory may be": (
        copy(4, path="b.txt"),
        ABOVE_SUBJECT,
    ),
    "destination": (copy(0, to="/srv/"), ABOVE_SUBJECT),
    "owner": (copy(0, owner=None), ABOVE_SUBJECT),
    "mode": (copy(0, mode="755"), ABOVE_SUBJECT),
    "path in a stage": (copy(1, path="/in"), ABOVE_SUBJECT),
    "exclude in a stage": (copy(1, exclude=()), ABOVE_SUBJECT),
    "copied stage": (copy(1, stage="beside"), ABOVE_SUBJECT),
    "path in an image": (copy(2, path="/gone"), ABOVE_SUBJECT),
    "copied image": (
        replace(LOCK, images={"golang:1": pin("golang:1", "repushed")}),
        ABOVE_SUBJECT,
    ),
    "live content": (copy(3, path="lib"), ABOVE_SUBJECT),
    "matched content": (copy(5, digest=digest("v")), ABOVE_SUBJECT),
    "add": (subject(add=()), ABOVE_SUBJECT),
    "order of downloads": (subject(add=SUBJECT.add[::-1]), ABOVE_SUBJECT),
    "downloaded content": (
        download(0, digests=(("", digest("f")),)),
        ABOVE_SUBJECT,
    ),
    "downloaded content of the platform": (
        download(0, digests=(("linux/amd64", digest("f")),)),
        ABOVE_SUBJECT,
    ),
    "where a download goes": (download(0, to="/b/"), ABOVE_SUBJECT),
    "name of a download": (download(0, url="https://x.test/c"), ABOVE_SUBJECT),
    "owner of a download": (download(0, owner=None), ABOVE_SUBJECT),
    "mode of a download": (download(0, mode="755"), ABOVE_SUBJECT),
    "that it is unpacked": (download(1, unpack=False), ABOVE_SUBJECT),
    "files": (subject(files=()), ABOVE_SUBJECT),
    "path of a file": (file(to="/g"), ABOVE_SUBJECT),
    "text of a file": (file(text="g\n"), ABOVE_SUBJECT),
    "owner of a file": (file(owner=None), ABOVE_SUBJECT),
    "mode of a file": (file(mode="0644"), ABOVE_SUBJECT),
    "mounts": (subject(mounts=SUBJECT.mounts[1:]), ABOVE_SUBJECT),
    "mounted content": (mount(0, digest=digest("c")), ABOVE_SUBJECT),
    "where it is mounted": (mount(0, to="/c"), ABOVE_SUBJECT),
    "path in a mounted stage": (mount(1, path="/in"), ABOVE_SUBJECT),
    "mounted stage": (mount(1, stage="beside"), ABOVE_SUBJECT),
    "path in a mounted image": (mount(2, path="/gone"), ABOVE_SUBJECT),
    "mounted live content": (mount(3, path="lib"), ABOVE_SUBJECT),
    "secrets": (subject(secrets=()), ABOVE_SUBJECT),
    "base": (replace(LOCK, base=BASES[2]), ALL),
    "base's variables": (
        replace(subject(env={"A": "$X"}), base=replace(LOCK.base, env={"X": "2"})),
        ABOVE_SUBJECT,
    ),
    "source's uri": (source(uri="https://b"), ALL),
    "source's suites": (source(suites=("t",)), ALL),
    "source's components": (source(components=("main", "x")), ALL),
    "source's key": (source(key_digest=digest("l")), ALL),
    "package": (
        replace(LOCK, packages={"apt": {"git": (Event(2, Install("git=1")),)}}),
        ALL - {"source.1"},
    ),
    "script": (
        replace(LOCK, scripts={"locale-gen -a": 3}),
        ALL - {"source.1", "apt.2"},
    ),
    "user's uid": (user(uid=1001), AFTER_USER),
    "user's shell": (user(shell="/bin/bash"), AFTER_USER),
    "user's sudo": (user(sudo=True), AFTER_USER),
    "user's home": (user(home="/srv"), AFTER_USER),
    "no home": (user(home=""), AFTER_USER),
    "user's group": (user(group="x"), AFTER_USER),
    "number of the user's group": (user(gid=5), AFTER_USER),
    "user's groups": (user(groups=("x",)), AFTER_USER),
    "a system user": (user(system=True), AFTER_USER),
    "further users": (user(others=(User("b", 2, "/bin/sh"),)), AFTER_USER),
}
UNCOVERED = {
    "moves": replace(
        LOCK, stages={n: replace(e, moves=9) for n, e in LOCK.stages.items()}
    ),
    "touches": subject(touches=("dpkg",)),
    "memory": subject(memory="512m"),
    "cpus": subject(cpus="1.5"),
    "timeout": subject(timeout="10m"),
    "a pattern": copy(5, path="*.w*"),
    "name of a mounted file": mount(0, path="c.txt"),
    "order of dependencies": subject(dependencies=("beside", "below")),
    "order of variables": subject(env=dict(reversed(SUBJECT.env.items()))),
    "runtime config": replace(
        LOCK,
        config=RuntimeConfig(
            env={"A": "9"}, workdir="/w", cmd=("x",), labels={"a": "b"}
        ),
    ),
    "platforms": replace(LOCK, config=RuntimeConfig(platforms=("linux/amd64",))),
    "name of the base": replace(LOCK, base=replace(BASES[0], image="other")),
    "other platforms": replace(
        LOCK,
        base=replace(
            LOCK.base, platforms={**LOCK.base.platforms, "linux/s390x": digest("z")}
        ),
    ),
    "folder of a copied file": copy(0, path="elsewhere/a.txt"),
    "spelling of a copied path": copy(4, path="./a.txt/"),
    "exclude of tracked content": copy(0, exclude=("*.pyc",)),
    "seqs": replace(
        LOCK,
        stages={n: Entry(e.stage, e.seq + 7) for n, e in LOCK.stages.items()},
    ),
    "name of an image": replace(
        subject(
            **{
                field: tuple(
                    replace(one, image=one.image and "golang:1.0")
                    for one in getattr(SUBJECT, field)
                )
                for field in ("copies", "mounts")
            }
        ),
        images={"golang:1.0": replace(pin("golang:1"), image="golang:1.0")},
    ),
}


@pytest.mark.parametrize("field", COVERED)
def test_covered(field: str) -> None:
    lock, changed = COVERED[field]
    reference = (
        replace(
            LOCK,
            stages=subject(env={"A": "$X"}).stages,
            base=replace(LOCK.base, env={"X": "1"}),
        )
        if (field == "base's variables")
        else LOCK
    )
    before, after = digests(reference), digests(lock)
    assert {step for step in before if before[step] != after[step]} == changed


@pytest.mark.parametrize("field", UNCOVERED)
def test_not_covered(field: str) -> None:
    assert digests(UNCOVERED[field]) == digests(LOCK)


def test_names_are_not_covered() -> None:
    """Neither a stage's own nor those of its dependencies."""
    entries = {
        name.upper(): replace(
            entry,
            stage=replace(entry.stage.following(str.upper), name=name.upper()),
        )
        for name, entry in LOCK.stages.items()
    }
    found = digests(replace(LOCK, stages=entries))
    assert {name.lower(): digest for name, digest in found.items()} == digests(LOCK)


def test_the_default_shell() -> None:
    """It runs the scripts and the stages that name none; all stand on the former."""
    after = digests(replace(LOCK, shell=("/bin/bash", "-c")))
    changed = {step for step, told in digests(LOCK).items() if told != after[step]}
    assert changed >= ALL - {"source.1", "apt.2"}
    alone = {
        "subject": replace(
            LOCK.stages["aside"],
            stage=replace(ASIDE, name="subject", shell=("/bin/sh", "-c")),
        )
    }
    lock = replace(LOCK, stages=alone, scripts={}, sources={}, packages={}, user=None)
    assert digests(replace(lock, shell=("/bin/bash", "-c"))) == digests(lock)


def test_layers_that_tell_no_time() -> None:
    """All steps have the one time; which it is counts nowhere else."""
    times = [
        digests(replace(LOCK, config=RuntimeConfig(**of)))  # type: ignore[arg-type]
        for of in (
            {},
            {"source_date_epoch": 5},
            {"reproducible": True},
            {"reproducible": True, "source_date_epoch": 5},
            {"reproducible": True, "source_date_epoch": EPOCH},
        )
    ]
    assert times[0] == times[1] == digests(LOCK)
    assert times[2] == times[4]
    for one, other in ((0, 2), (2, 3)):
        assert not {*times[one].values()} & {*times[other].values()}


def test_build_only_is_not_covered() -> None:
    lock = with_stage(replace(ASIDE, build_only=True))
    assert digests(lock) == digests(LOCK)


def test_the_base_of_a_stage_and_its_platform() -> None:
    """Which it may have only beside one of its own."""

    def started(**own: object) -> dict[str, str]:
        stage = replace(ASIDE, build_only=True, **own)  # type: ignore[arg-type]
        return {id_: str(digest) for id_, digest in digests(with_stage(stage)).items()}

    plain, own = started(), started(base="golang:1")
    other = started(base="golang:1", platform="linux/arm64")
    for one, two in ((plain, own), (own, other), (plain, other)):
        assert {id_ for id_ in one if one[id_] != two[id_]} == {"aside"}


def test_every_field_of_a_stage_is_spoken_of() -> None:
    """A new field has to be told covered or not, here and in docs/design/digests.md."""
    # What is installed, and from where, is in a log, whose steps are stood on, and
    # covered as any other.
    origins = {"apt_sources", "pip_index", "npm_registry"}
    elsewhere = {"build_only", "name", "only", "platform", "packages", *origins}
    spoken = {*COVERED, *UNCOVERED, *elsewhere}
    fields = set(Stage.__dataclass_fields__)
    assert fields <= spoken


def test_repack_and_update_agree() -> None:
    target = Target(BASES[0], stages=STAGES, images=LOCK.images)
    assert update(None, target) == update(LOCK, target, Requests(repack=True))
