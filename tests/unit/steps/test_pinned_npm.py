"""Groups of npm whose versions are written down: scripts, what they leave, readers."""

from dataclasses import replace

import pytest

from dynbuild.inside import codec
from dynbuild.inside.model import Reading
from dynbuild.inside.readers import reader_of, reading
from dynbuild.link.reads import TELLING
from dynbuild.lockfile import sums
from dynbuild.lockfile.carrying import none_older
from dynbuild.lockfile.codec import dumps, loads
from dynbuild.lockfile.model import Target
from dynbuild.lockfile.update import update
from dynbuild.steps.managers.came import Came
from dynbuild.steps.managers.left_out import mark_of, strict
from dynbuild.steps.managers.npm import key
from dynbuild.steps.managers.npm_pinned import PINNING, is_older
from dynbuild.steps.managers.npm_registry import CAME
from dynbuild.steps.model import Action, Group, Install, Pin, Remove, Upgrade
from dynbuild.steps.pinned import Pinned
from dynbuild.steps.pins import is_resolvable, unresolved
from dynbuild.steps.recipe import is_too_big, run_of

SUM, OTHER = "1" * 64, "2" * 64
HEAD = "# What came, as dynbuild lock --resolve writes it down.\n"
AMD = "linux/amd64"


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
    return Group("npm", acts, declared, gone=frozenset(gone.split()))


def pinned(of: Group, versions: dict[str, str], **known: str) -> Group:
    digests = {f"{name} 1.0.0": frozenset({one}) for name, one in known.items()}
    return replace(of, pinned=Pinned(versions, digests))


def script(of: Group) -> str:
    run = run_of(of, {}, None)
    assert run is not None
    return run.script


def test_scripts() -> None:
    plain = group("tool@1", tool="+")
    assert "node -" not in script(plain)
    noting = script(pinned(plain, {}))
    assert CAME in noting
    assert "noted tool@1" in noting
    assert "LOCK" not in noting
    lines = {"tool": "1.0.0", "tool/node_modules/a": "@s/b@2.0.0"}
    text = script(pinned(plain, lines, tool=SUM))
    assert f"\ntool 1.0.0 {SUM}\ntool/node_modules/a @s/b@2.0.0\nLOCK\n" in text
    assert "npm install -g tool@1" not in text
    assert "node - tool <<'NODE'\n" in text
    taken = group("tool", "gone@7", gone="gone", tool="+", gone_="-")
    assert "gone@7" not in script(pinned(taken, {"tool": "1.0.0"}))
    lost = group("tool", "lost@7", gone="lost", tool="+", lost="+")
    again = script(pinned(lost, {"tool": "1.0.0", "lost": "-"}))
    assert f"\nleft_out lost@7 {mark_of('npm', 'lost@7')}\n" in again
    had = script(pinned(lost, {"tool": "1.0.0", "lost": "7.0.0"}))
    assert "left_out lost" not in had
    nothing = script(pinned(plain, {"tool": "-"}))
    assert "LOCK" not in nothing


def test_the_digest_holds_the_versions_and_no_digest() -> None:
    one = pinned(group("tool@1", tool="+"), {"tool": "1.0.0"}, tool=SUM)
    other = pinned(group("tool", tool="+"), {"tool": "1.0.0"}, tool=OTHER)
    assert script(one) != script(other)
    assert script(strict(one)) == script(strict(other))  # type: ignore[arg-type]
    newer = pinned(group("tool", tool="+"), {"tool": "1.0.1"})
    assert script(strict(one)) != script(strict(newer))  # type: ignore[arg-type]


def test_what_came_is_read() -> None:
    text = (
        f"{HEAD}@s/t 1.0.0-rc.1 {SUM} manual\n@s/t/node_modules/JSON.s x@2.0.0 - auto\n"
    )
    assert PINNING.came(text) == (
        Came("@s/t", "1.0.0-rc.1", SUM, chosen=True),
        Came("@s/t/node_modules/JSON.s", "x@2.0.0", "", chosen=False),
    )
    (open_,) = PINNING.came(f"{HEAD}tool 1.0.0 -changed manual\n")
    assert (open_.digest, open_.lacks) == ("", "changed")
    odd = (
        *("a/node_modules/.. 1.0.0 - auto", "@./a 1.0.0 - auto", "-g 1.0.0 - auto"),
        *("a -x@1.0.0 - auto", "a ..@1.0.0 - auto"),
        *("a/b 1.0.0 - auto", "a ../b@1.0.0 - auto", "$(a) 1.0.0 - auto", "a b - auto"),
    )
    for bad in odd:
        with pytest.raises(ValueError, match=r"^.*$"):
            PINNING.came(f"{HEAD}{bad}\n")
    assert TELLING.match(CAME)
    reader = reader_of(CAME)
    assert reader is not None
    assert reading(reader, text.encode()) == Reading(noted=tuple(text.splitlines()))
    deep = f"{HEAD}{'/node_modules/'.join(['package'] * 40)} 1.0.0 {SUM} auto\n"
    noted = reading(reader, deep.encode())
    assert noted.noted == tuple(deep.splitlines())
    assert codec.loads(codec.dumps({CAME: noted})) == {CAME: noted}


def test_what_is_written_down_and_compared() -> None:
    plain = group("tool", "lost", gone="lost", tool="+", lost="+")
    brought = (
        Came("tool", "1.0.0", SUM, chosen=True),
        Came("tool/node_modules/a", "1.0.0", SUM, chosen=False),
    )
    lines = {"tool": "1.0.0", "tool/node_modules/a": "1.0.0", "lost": "-"}
    assert PINNING.written(plain, brought, {}) == lines
    said = f"{HEAD}tool 1.0.0 {SUM} manual\n"

    def told(of: Group, text: str) -> tuple[str, ...]:
        return PINNING.differs(of, lambda path: text if path == CAME else "")

    assert told(plain, "") == ()
    assert told(pinned(plain, {}), "") == ()
    one = pinned(plain, {"tool": "1.0.0"}, tool=SUM)
    assert told(one, "") == ("it does not say what came",)
    assert told(one, said) == ()
    (message,) = told(one, said.replace(SUM, "-"))
    has = "none that the registry has"
    assert message == f"tool 1.0.0: its digest is {has}, and not {SUM}"
    assert told(one, f"{said}tool/node_modules/b 2.0.0 {SUM} auto\n") == (
        "tool/node_modules/b: 2.0.0 came, and the lock has none",
        "tool/node_modules/b 2.0.0: dynbuild.sum has no digest of it",
    )


def test_what_can_be_written_down_and_what_would_be_older() -> None:
    assert is_resolvable(group("tool", tool="+"))
    assert not is_resolvable(group(tool="-"))
    dep = "tool/node_modules/dep"
    first = {"tool": "1.0.0", dep: "2.0.0"}
    for spec, now, undone in (
        ("tool", {"tool": "1.1.0", dep: "1.0.0"}, ()),
        ("tool", {"tool": "1.0.0", dep: "1.0.0"}, ((dep, "1.0.0", "2.0.0"),)),
        ("tool", {"tool": "0.9.0", dep: "2.0.0"}, (("tool", "0.9.0", "1.0.0"),)),
        ("tool@<1", {"tool": "0.9.0", dep: "1.0.0"}, ()),
    ):
        both = [(1, group("tool", tool="+")), (2, group(spec, tool="+"))]
        found = [*unresolved("npm", both, {1: first, 2: now}, "")]
        assert [one.undoes for one in found] == ([undone] if undone else [])


def test_what_no_step_could_install() -> None:
    plain = group("tool", tool="+")
    lines = {f"tool/node_modules/package-{one}": "1.0.0" for one in range(1500)}
    digests = [(name, version, SUM) for name, version in lines.items()]
    assert is_too_big(plain, lines, digests)
    few = dict([*lines.items()][:300])
    assert not is_too_big(plain, few, digests[:300])


def test_older() -> None:
    assert is_older("1.9.0", "1.10.0")
    assert is_older("1.0.0-rc.1", "1.0.0")
    assert is_older("@s/x@1.0.0", "x@1.0.1")
    assert not is_older("2.0.0", "1.10.0")
    assert is_older("latest", "1.0.0")
    assert not is_older("latest", "latest")


def test_the_text_of_versions_and_digests() -> None:
    wanted = Target(Pin("debian:12", None), {"npm": {"@s/t": "@s/t"}})
    at = "@s/t/node_modules/JSON_s"
    lines = {"@s/t": "1.0.0", at: "x@2.0.0-rc.1"}
    lock = replace(update(None, wanted), resolved={"npm": {AMD: {1: lines}}})
    text = dumps(lock)
    assert "version = 10\n" in text
    assert f'"{at}" = ["1 x@2.0.0-rc.1"]\n' in text
    assert loads(text) == lock
    every = [("@s/t", "1.0.0", SUM), (at, "x@2.0.0-rc.1", OTHER)]
    known = sums.keys("npm", AMD, every)
    assert sums.loads(sums.dumps(known)) == known
    newer = {**lines, "@s/t": "1.0.1"}
    side = replace(lock, resolved={"npm": {AMD: {1: newer}}})
    assert none_older(lock, [side]).resolved == {}
    assert none_older(side, [lock]) == side
