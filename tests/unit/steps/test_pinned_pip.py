"""Groups of pip whose versions are written down: scripts, what they leave, readers."""

from dataclasses import replace

import pytest

from dynbuild.inside.model import Reading
from dynbuild.inside.readers import reader_of, reading
from dynbuild.link.reads import TELLING
from dynbuild.steps.managers.came import Came
from dynbuild.steps.managers.left_out import strict
from dynbuild.steps.managers.pip import key
from dynbuild.steps.managers.pip_pinned import CAME, PINNING, is_older
from dynbuild.steps.model import Action, Group, Install, Remove, Upgrade
from dynbuild.steps.pinned import Pinned
from dynbuild.steps.pins import is_resolvable, unresolved
from dynbuild.steps.recipe import run_of

SUM, OTHER = "1" * 64, "2" * 64
HEAD = "# What came, as dynbuild lock --resolve writes it down.\n"


def group(*specs: str, gone: str = "", **actions: str) -> Group:
    """What is declared, and what happens to some of it: + installs, ^ upgrades."""
    declared = {key(spec): spec for spec in specs}
    acts: dict[str, Action] = {}
    for name, sign in actions.items():
        match sign:
            case "+":
                acts[name] = Install(declared[name])
            case "^":
                acts[name] = Upgrade()
            case _:
                acts[name] = Remove()
    return Group("pip", acts, declared, gone=frozenset(gone.split()))


def pinned(of: Group, versions: dict[str, str], **sums: str) -> Group:
    known = {what.replace("_", " "): frozenset({one}) for what, one in sums.items()}
    return replace(of, pinned=Pinned(versions, known))


def script(of: Group) -> str:
    run = run_of(of, {}, None)
    assert run is not None
    return run.script


def test_scripts() -> None:
    plain = group("App<2", app="+")
    assert CAME not in script(plain)
    assert "report" not in script(plain)
    noting = script(pinned(plain, {}))
    assert CAME in noting
    assert "\"$python\" -m pip install $report 'App<2'" in noting
    assert "--upgrade $report" in script(pinned(group("app", app="^"), {}))
    text = script(pinned(plain, {"app": "1", "dep": "2"}, app_1=SUM))
    assert f"\napp 1 --hash=sha256:{SUM}\ndep 2\nLOCK\n" in text
    assert "--no-deps --require-hashes $report" in text
    assert "bring --no-cache-dir" in text
    assert "pip install $report" not in text
    assert "  fits 'App<2' || {\n" in text
    alone = script(pinned(group("app", "x @ https://h/x.whl", dep="-"), {"*": "-"}))
    assert "LOCK" not in alone
    assert "  fits app || {\n" in alone
    only = group("x @ https://h/x.whl", x="+")
    assert "fits" not in script(pinned(only, {"x": "1"}))
    # What was taken back is tried while it is noted, and wanted no more afterwards.
    taken = group("app", "dep==7", gone="dep", app="+")
    assert 'try() { "$python" -m pip install $report --dry-run' in script(
        pinned(taken, {})
    )
    assert "dep==7" not in script(pinned(taken, {"app": "1"}))
    none = replace(group(), actions={"app": Remove()}, pinned=Pinned({}))
    assert "pip install" in script(none)


def test_the_digest_holds_the_versions_and_no_digest() -> None:
    one = pinned(group("app", app="+"), {"app": "1"}, app_1=SUM)
    other = pinned(group("app", app="+"), {"app": "1"}, app_1=OTHER)
    assert script(one) != script(other)
    assert script(strict(one)) == script(strict(other))  # type: ignore[arg-type]
    newer = pinned(group("app", app="+"), {"app": "2"})
    assert script(strict(one)) != script(strict(newer))  # type: ignore[arg-type]


def test_what_came_is_read() -> None:
    text = f"{HEAD}app 1.0+cu1 {SUM} manual\ndep 1!2 - auto\nlone 1 - there\n"
    assert PINNING.came(text) == (
        Came("app", "1.0+cu1", SUM, chosen=True),
        Came("dep", "1!2", "", chosen=False),
        Came("lone", "1", "", chosen=False, brought=False),
    )
    odd = (f"{HEAD}App 1 - auto\n", f"{HEAD}app 1:2 - auto\n", f"{HEAD}app\n", "")
    for bad in odd:
        with pytest.raises(ValueError, match=r"^.*$"):
            PINNING.came(bad)
    assert TELLING.match(CAME)
    reader = reader_of(CAME)
    assert reader is not None
    assert reading(reader, text.encode()) == Reading(noted=tuple(text.splitlines()))


def test_what_is_written_down() -> None:
    brought = (
        Came("app", "2", SUM, chosen=True),
        Came("dep", "1", SUM, chosen=False),
        Came("lone", "7", "", chosen=False, brought=False),
    )
    wanted = group("app", "lone", "other; x == '1'", app="+", lone="^", other="+")
    assert PINNING.written(wanted, brought, {}) == {
        "app": "2",
        "dep": "1",
        "lone": "7",
        "other": "-",
    }
    back = group("app", dep="-")
    assert PINNING.written(back, brought[1:2], {}) == {"dep": "1", "*": "-"}


def differences(of: Group, text: str) -> tuple[str, ...]:
    return PINNING.differs(of, lambda path: text if path == CAME else "")


def test_what_came_is_compared() -> None:
    plain = group("app", app="+")
    assert differences(plain, "") == ()
    assert differences(pinned(plain, {}), "") == ()
    one = pinned(plain, {"app": "1", "lone": "2"}, app_1=SUM)
    assert differences(one, "") == ("it does not say what came",)
    there = "lone 2 - there\n"
    assert differences(one, f"{HEAD}app 1 {SUM} manual\n{there}") == ()
    assert differences(one, f"{HEAD}app 1 {OTHER} manual\ndep 3 {SUM} auto\n") == (
        "lone: the lock has 2, and it is not there",
        "dep: 3 came, and the lock has none",
        f"app 1: its digest is {OTHER}, and not {SUM}",
        "dep 3: dynbuild.sum has no digest of it",
    )
    (message,) = differences(one, f"{HEAD}app 1 - manual\n{there}")
    assert message == f"app 1: its digest is none that pip has, and not {SUM}"


def test_what_can_be_written_down() -> None:
    assert is_resolvable(group("app", app="+"))
    assert is_resolvable(group("app", app="^"))
    assert is_resolvable(group("app", dep="-"))
    assert not is_resolvable(group(dep="-"))
    for direct in ("app @ https://h/a.whl", "app[x]@git+https://h/a"):
        assert not is_resolvable(group(direct, app="+"))
        assert is_resolvable(group(direct, "dep", dep="+"))
    assert is_resolvable(group("app; platform_version == 'a@b'", app="+"))
    removes = [(1, group("app", dep="-"))]
    assert [*unresolved("pip", removes, {1: {"dep": "1"}}, "")]
    assert not [*unresolved("pip", removes, {1: {"*": "-"}}, "")]


@pytest.mark.parametrize(
    ("spec", "older"),
    [
        ("app", False),
        ("app>=1", False),
        ("app>1; python_version < '3'", False),
        ("app<2", True),
        ("app~=1.0", True),
        ("app==1", True),
        ("app!=2", True),
    ],
)
def test_who_may_make_a_package_older(spec: str, *, older: bool) -> None:
    both = [(1, group("app", app="+")), (2, group(spec, app="+"))]
    events = {1: {"app": "2"}, 2: {"app": "1"}}
    found = [(one.seq, one.undoes) for one in unresolved("pip", both, events, "")]
    assert found == ([] if older else [(2, (("app", "1", "2"),))])
    # What is only upgraded, or removed, bounds nothing.
    back = [both[0], (2, group(spec, app="^"))]
    assert [*unresolved("pip", back, events, "")]


def test_older() -> None:
    assert is_older("1.9", "1.10")
    assert is_older("1.0rc1", "1.0")
    assert not is_older("1!0.1", "9")
    assert is_older("no version", "1")
    assert not is_older("no version", "no version")
