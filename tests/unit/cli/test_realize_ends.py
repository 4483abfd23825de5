"""Several images at once: what they have in common is told once."""

from dynbuild.building import Built, StepResult, UnsuitedError
from dynbuild.cli.commands.realize_ends import united, united_failure, warnings_of
from dynbuild.digest import sha256
from dynbuild.errors import CommandFailed, Diagnostic, UnreachableError
from dynbuild.explain.past import PastStep
from dynbuild.realization.images import Linked

SHARED = Diagnostic("DB0401", "both write /x", severity="warning")
OWN = Diagnostic("DB0401", "both write /y", severity="warning")


def made(*warnings: Diagnostic, ran: bool = True) -> Linked:
    digest = sha256(b"deps")
    step = StepResult("deps", 1.0 if ran else 0.0, ran=ran, image="common")
    source = "built" if ran else "local"
    past = PastStep(
        "deps", "stage", "deps", digest, digest, {}, source, 1.0, 10, ran=ran
    )
    return Linked(Built(None, {}, (step,)), warnings, steps=(past,))


def test_a_step_ran_if_it_ran_for_any() -> None:
    for order in ((True, False), (False, True)):
        steps, past = united([made(ran=ran) for ran in order])
        assert [(one.step, one.image, one.ran) for one in steps] == [
            ("deps", "common", True)
        ]
        assert [(one.source, one.ran) for one in past] == [("built", True)]


def test_warnings_name_the_images_that_they_are_of() -> None:
    images = {"api": made(SHARED, OWN), "web": made(SHARED, ran=False)}
    messages = [one.message for one in warnings_of(images)]
    assert messages == ["both write /x", "image api: both write /y"]
    images |= {"worker": made(ran=False)}
    messages = [one.message for one in warnings_of(images)]
    assert messages == ["images api, web: both write /x", "image api: both write /y"]
    assert warnings_of({"": images["api"]}) == [SHARED, OWN]


def test_failures_are_one_with_the_highest_status() -> None:
    failed = CommandFailed(Diagnostic("DB0510", "deps failed"))
    gone = UnreachableError(Diagnostic("DB0502", "no engine"))
    assert united_failure({"": failed}, []) is failed
    both = united_failure({"api": failed, "web": failed}, ["worker"])
    assert isinstance(both, CommandFailed)
    assert [one.message for one in both.diagnostics] == ["images api, web: deps failed"]
    worst = united_failure({"api": failed, "web": gone}, [])
    assert worst.exit_code == 4
    assert [one.message for one in worst.diagnostics] == [
        "image api: deps failed",
        "image web: no engine",
    ]
    unsuited = united_failure({"api": UnsuitedError("no layouts"), "web": failed}, [])
    assert type(unsuited) is CommandFailed
