"""What is said at the end of a build, as people read it."""

from dataclasses import replace

import pytest
from syrupy.assertion import SnapshotAssertion

from dynbuild.building import BuildFailed, StepResult
from dynbuild.cli.progress_summary import failure, summary, totals
from dynbuild.digest import sha256
from dynbuild.errors import render
from dynbuild.explain.past import PastStep
from dynbuild.steps.limits import Limits
from tests.snapshot_files import files

TITLES = {
    "apt.1": "apt: curl, git",
    "user.2": "user: app",
    "dependencies": "dependencies",
    "application": "application",
}
SCRIPT = "RUN set -e\npip3 install -r /tmp/requirements.txt\nflask --version"


def failed(
    *output: str,
    code: int | None = None,
    step: str | None = "dependencies",
    instruction: str | None = SCRIPT,
    message: str = "it broke",
    missed: str | None = None,
) -> BuildFailed:
    return BuildFailed(step, instruction, message, output, code, (), missed=missed)


def test_summary_is_in_the_order_of_the_lock(snapshot: SnapshotAssertion) -> None:
    steps = (
        StepResult("application", 0.04, ran=True, platform="linux/arm64"),
        StepResult("user.2", 0.0, ran=False),
        StepResult("apt.1", 12.345, ran=True),
        StepResult("application", 101.0, ran=True, platform="linux/amd64"),
        StepResult("dependencies", 0.0, ran=False),
        StepResult("unknown", 0.0, ran=False),
    )
    assert summary(steps, TITLES, 12.3) + "\n" == snapshot(extension_class=files("txt"))


def test_of_several_builders_each_step_tells_which() -> None:
    steps = (StepResult("apt.1", 2.0, ran=True, builder="lan/lan1"),)
    first, _ = summary(steps, TITLES, 5.0).splitlines()
    assert first == "ran        2.0 s  apt: curl, git on lan/lan1"
    error = replace(failed(code=7), builder="lan")
    assert failure(error, TITLES).message.startswith(
        "dependencies failed on lan: exit code 7"
    )


def test_of_several_images_each_step_tells_whose_it_is() -> None:
    steps = (
        StepResult("apt.1", 0.0, ran=False, image="common"),
        StepResult("app", 2.0, ran=True, image="api"),
        StepResult("app", 3.0, ran=True, image="worker"),
    )
    titles = {"worker/app": "app", "api/app": "app", "common/apt.1": "apt: curl"}
    assert summary(steps, titles, 5.0).splitlines() == [
        "ran        3.0 s  worker/app",
        "ran        2.0 s  api/app",
        "cached            common/apt: curl",
        "3 steps: 2 ran, 1 cached, 5.0 s",
    ]
    error = replace(failed(step="app", code=7), image="api")
    assert failure(error, titles).message.startswith("api/app failed: exit code 7")
    assert str(error).startswith("step api/app failed")


def test_totals() -> None:
    one = StepResult("a", 1.0, ran=True)
    assert totals([one], 1.0) == "1 step: 1 ran, 0 cached, 1.0 s"
    assert totals([], 0.0) == "0 steps: 0 ran, 0 cached, 0.0 s"


def past(source: str, seconds: float, size: int, *, ran: bool = False) -> PastStep:
    digest = sha256(b"x")
    return PastStep(
        "a", "stage", "a", digest, digest, {}, source, seconds, size, ran=ran
    )


def test_the_last_line_tells_what_was_moved_and_saved() -> None:
    step = StepResult("a", 0.0, ran=False)
    own = past("built", 60.0, 10, ran=True)
    local, far = past("local", 70.0, 10), past("registry", 10.0, 2_000_000)
    line = "1 step: 0 ran, 1 cached, 1.0 s"
    assert totals([step], 1.0, [own]) == line
    assert totals([step], 1.0, [past("local", 0.4, 1)]) == line
    assert totals([step], 1.0, [own, local]) == f"{line}; saved 1 min 10 s"
    assert totals([step], 1.0, [local, far, far]) == (
        f"{line}; 4.0 MB from registry; saved 1 min 30 s"
    )


OPEN, CLOSE = "\N{LEFT SINGLE QUOTATION MARK}", "\N{RIGHT SINGLE QUOTATION MARK}"
STARTED = r'process "/bin/sh -c set -eu\necho \"a\"\n" did not complete successfully: '
FAILURES = {
    "missing": failed("Collecting flask", "/bin/sh: 3: flask: not found", code=127),
    "exit": failed("E: \x1b[31mbroken\x1b[0m packages", "x" * 1000, code=100),
    "killed": failed(code=137),
    "killed-within-limits": replace(failed(code=137), limits=Limits("512m")),
    "out-of-memory": failed(
        code=137, message=STARTED + "exit code: 137: cannot allocate memory"
    ),
    "late": replace(
        failed("Collecting flask", instruction=None, code=124),
        limits=Limits(timeout="10m"),
        late=True,
        builder="lan",
    ),
    "late-packages": replace(
        failed("Collecting flask", step="pip.2", instruction=None, code=124),
        limits=Limits(timeout="2h"),
        late=True,
    ),
    "copy": failed(instruction="COPY nothing /x", message='"/nothing": not found'),
    "matched": failed(
        message="nothing matches '/dist/*.whl' of build",
        missed="'/dist/*.whl' of build",
    ),
    "long": failed(instruction="RUN " + "\n".join(map(str, range(30))), code=1),
    "base": failed(
        step=None,
        instruction="[internal] load metadata for docker.io/library/debian:12",
        message="docker.io/library/debian:12: not found",
    ),
    "no-user": failed(message=STARTED + "unable to find user app: no matching entries"),
    "no-root": failed(
        message=STARTED + "unable to find user root: no matching entries"
    ),
    "no-shell": failed(message=STARTED + 'exec: "/bin/sh": stat /bin/sh: no such file'),
    "no-bash": failed(message=STARTED + 'exec: "/bin/bash": stat /bin/bash: no such'),
    "no-secret": failed(
        instruction="RUN --mount=type=secret,id=tok,required=true <<'EOF' (set -e...)",
        message="secret tok: not found",
    ),
    "forgotten": replace(failed("E: broken", code=100), forgotten="jqq"),
    "forbidden": failed(
        step=None,
        instruction="[internal] load metadata for x/app:1",
        message="unexpected status from HEAD request to x/app: 403 Forbidden",
    ),
    "refused": failed(step=None, instruction=None, message="x/app: status 403"),
    "push": failed(
        step=None,
        instruction="exporting to image",
        message="failed to push ghcr.io/team/app: denied: permission_denied",
    ),
    "dockerfile": failed(step=None, instruction=None, message="parse error on line 2"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failure(name: str, snapshot: SnapshotAssertion) -> None:
    text = render(failure(FAILURES[name], TITLES))
    assert text + "\n" == snapshot(extension_class=files("txt"))


def test_what_is_unset_is_not_a_command_of_the_declaration() -> None:
    script = SCRIPT.replace("set -e", "unset TARGETARCH\nset -e")
    told = failure(failed(instruction=script), TITLES)
    assert told == failure(failed(), TITLES)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("/bin/sh: 1: foo: not found", "foo"),
        ("/bin/sh: foo: not found", "foo"),
        ("/bin/sh: ./configure: not found", "./configure"),
        ("/bin/bash: line 3: foo-bar: command not found", "foo-bar"),
        ("zsh:1: command not found: foo", "foo"),
        ("env: 'python': No such file or directory", "python"),
        (f"/usr/bin/env: {OPEN}node{CLOSE}: No such file or directory", "node"),
        ("\x1b[31msh: foo: not found\x1b[0m\r", "foo"),
        ("nothing to see", "a command"),
    ],
)
def test_the_command_that_is_missing(line: str, name: str) -> None:
    hint = failure(failed("before", line, "after", code=127), TITLES).hint
    assert hint is not None
    assert hint.startswith(f"{name} is not there")


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("stat /home/me/.docker: permission denied", "let your user read"),
        ("pull access denied, repository does not exist", "log in"),
        ("denied: requested access to the resource is denied", "log in"),
    ],
)
def test_who_is_denied_what(message: str, hint: str) -> None:
    error = failed(step=None, instruction=None, message=message)
    assert hint in "\n".join(map(render, [failure(error, TITLES)]))
