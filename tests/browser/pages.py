"""The pages that the browser is shown: an ordinary project, and one that means harm."""

from dataclasses import replace

from dynbuild.cli.render.pages.stack_page import stack_page
from dynbuild.cli.render.pages.status_page import StatusFacts, TierFacts, status_page
from dynbuild.cli.render.pages.step_details import DrawnImage, Why
from dynbuild.cli.render.why_text import step_facts
from dynbuild.commands.why import why_all
from dynbuild.digest import sha256
from dynbuild.explain.metrics import StepMetrics
from dynbuild.explain.past import BuildSummary
from dynbuild.explain.picture import Picture, picture
from dynbuild.explain.view import filled, view
from dynbuild.lockfile.images import TargetImage
from dynbuild.lockfile.images_update import update_images
from dynbuild.lockfile.model import Entry, Lock, Target
from dynbuild.lockfile.update import update
from dynbuild.steps.image import RuntimeConfig
from dynbuild.steps.model import Copy, Stage, User
from tests.pins import pinned
from tests.realized import Machine

PLATFORM = "linux/amd64"
HARM = (
    "</style></title><script>window.harmed = 1</script>"
    "\"'><img src=http://127.0.0.1:9/x onerror=window.harmed=1>"
    "<svg onload=window.harmed=1>\u202e\x1b[31m"
)


def ordinary() -> Lock:
    stages = (
        Stage("dependencies", commands=("pip3 install -r /tmp/requirements.txt",)),
        Stage(
            "compiler",
            copies=(Copy("native", "/src/", digest=sha256(b"native")),),
            commands=("make -C /src", "strip /src/server"),
            build_only=True,
        ),
        Stage("assets", commands=("npm run build",), env={"NODE_ENV": "production"}),
        Stage(
            "application",
            ("dependencies", "assets"),
            (
                Copy("app", "/srv/web"),
                Copy("/src/server", "/usr/bin/", stage="compiler"),
            ),
            commands=("python3 -m compileall /srv/web",),
        ),
    )
    packages = {"apt": {name: name for name in ("curl", "git", "python3-pip")}}
    start = Target(
        pinned("docker.io/library/debian:bookworm-slim"),
        packages,
        scripts=("echo en_US.UTF-8 UTF-8 > /etc/locale.gen && locale-gen",),
        user=User("web", 1000, "/bin/sh"),
        stages=stages,
    )
    lock = update(None, start)
    wanted = {"apt": {**packages["apt"], "jq": "jq"}}
    for command in ("npm run build --all", "npm ci && npm run build"):
        changed = replace(stages[2], commands=(command,))
        new = (stages[0], stages[1], changed, stages[3])
        lock = update(lock, replace(start, stages=new, packages=wanted))
    return lock


def harmful() -> Lock:
    stage = Stage(
        HARM,
        copies=(Copy(HARM, HARM), Copy(HARM, "/x", image=HARM)),
        commands=(HARM, "</pre></code>" + HARM),
        env={HARM: HARM},
    )
    other = Stage("other", (HARM,), commands=("x",))
    return Lock(
        replace(pinned("debian"), image=HARM),
        scripts={HARM: 1},
        user=User(HARM, 1000, HARM),
        user_seq=2,
        stages={HARM: Entry(stage, 3, 4), "other": Entry(other, 5)},
        images={HARM: pinned(HARM)},
    )


def seen(lock: Lock) -> Picture:
    """A picture in which everything is known, but for the last two steps."""
    places = list(view(filled(lock, PLATFORM)).places.final.values())
    numbers = range(1, len(places) + 1)
    known = StepMetrics(
        seconds={d: 1.7 * (n % 12) ** 2 for d, n in zip(places, numbers, strict=True)},
        sizes={
            d: 4_200_000 * ((9 - n) % 9)
            for d, n in zip(places[:-1], numbers, strict=False)
        },
        tiers={
            digest: ("local", "s3", "registry")[n % 3]
            for digest, n in zip(places[:-2], numbers, strict=False)
        },
    )
    return picture(lock, PLATFORM, lambda *_: known)


def explained(lock: Lock, changed: str) -> Why:
    """What ``why`` tells where one stage had another command when it was realized."""
    entry = lock.stages[changed]
    stage = replace(entry.stage, commands=("npm run build",))
    before = replace(lock, stages={**lock.stages, changed: replace(entry, stage=stage)})
    rows = seen(lock).rows
    machine = Machine(seconds={row.id: row.seconds for row in rows if row.seconds})
    machine.realize(before)
    answer = why_all(lock, machine.edges(), PLATFORM)
    return {one.placed.id: [*step_facts(answer, one, None)] for one in answer.steps}


def family() -> list[DrawnImage]:
    """Images that share steps: one that is published nowhere, and what extends it."""
    curl = {"apt": {"curl": "curl", "git": "git"}}
    deps = Stage("dependencies", commands=("pip3 install -r /tmp/requirements.txt",))
    base, usual = pinned("docker.io/library/debian:bookworm-slim"), RuntimeConfig()
    common = Target(base, curl, user=User("web", 1000, "/bin/sh"), stages=(deps,))
    targets = {"common": TargetImage(None, publish=False, whole=common, config=usual)}
    for name, package in (("api", "jq"), ("worker", "ffmpeg"), ("docs", "")):
        app = Stage("app", ("dependencies",), commands=(f"make {name}", "make check"))
        own = {"apt": {**curl["apt"], **({package: package} if package else {})}}
        whole = replace(common, packages=own, stages=(deps, app))
        targets[name] = TargetImage("common", publish=True, whole=whole, config=usual)
    lock = update_images(None, targets)
    return [
        DrawnImage(
            seen(lock.whole(name)),
            explained(lock.whole(name), "dependencies"),
            name,
            lock.line(name)[:-1],
        )
        for name in lock.parents_first
    ]


def many(steps: int = 200) -> list[DrawnImage]:
    """An image of more steps than arcs can be told apart of."""
    names = [f"service-{number:03}" for number in range(steps)]
    stages = tuple(
        Stage(
            name,
            tuple(names[other] for other in {at // 3, at - 7} if 0 <= other < at),
            commands=(f"make -C /src/{name} install",),
        )
        for at, name in enumerate(names)
    )
    base = pinned("docker.io/library/debian:bookworm-slim")
    lock = update(None, Target(base, {"apt": {"make": "make"}}, stages=stages))
    return [DrawnImage(seen(lock), {})]


def status(name: str = "dependencies") -> StatusFacts:
    builds = [
        BuildSummary(
            ended=1_790_000_000 + 40_000 * at,
            steps={
                "built": 9 if not at else (at * 7) % 5 * (at % 3 != 0),
                "s3": at % 3 if at else 0,
                "registry": at % 4 == 1,
                "local": (5 if at else 0) + (at * 3) % 4,
            },
            seconds=12.0,
            platform=PLATFORM,
            failed=None,
            ran=9.0 * ((at * 7) % 5),
            saved=31.0 * (5 + at % 3) if at else 0.0,
        )
        for at in range(75)
    ]
    return StatusFacts(
        builds,
        [TierFacts("local", 9, 9, 412_000_000), TierFacts("s3", 7, 9, 91_000_000)],
        [(name, 184.2), ("apt: curl, git, python3-pip", 61.0), ("assets", 22.5)],
        [("assets", 17), (name, 4)],
    )


PAGES = {
    "graph": lambda: stack_page(
        [DrawnImage(seen(ordinary()), explained(ordinary(), "assets"))], "webapp"
    ),
    "images": lambda: stack_page(family(), "platform"),
    "status": lambda: status_page({"": status()}, "webapp"),
    "statuses": lambda: status_page(
        {"api": status(), "docs": StatusFacts(), "worker": status("assets")}, "platform"
    ),
}
HARMFUL = {
    "graph": lambda: stack_page(
        [DrawnImage(seen(harmful()), explained(harmful(), HARM))], HARM
    ),
    "images": lambda: stack_page(
        [
            DrawnImage(seen(harmful()), explained(harmful(), HARM), HARM),
            DrawnImage(seen(harmful()), {}, f"{HARM}2", (HARM,)),
        ],
        HARM,
    ),
    "status": lambda: status_page({"": status(HARM)}, HARM),
    "statuses": lambda: status_page({HARM: status(HARM), "other": status()}, HARM),
}
