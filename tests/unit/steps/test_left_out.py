"""What later events take away is no part of a digest, and the script knows it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dynbuild.digest import digest_of, sha256
from dynbuild.link.model import Written
from dynbuild.steps.describe import Surroundings, describe
from dynbuild.steps.log import Event, groups
from dynbuild.steps.managers import MANAGERS
from dynbuild.steps.managers.left_out import lacks, may_lack, strict
from dynbuild.steps.model import Action, Group, Install, Remove, Stage, Upgrade

ACTIONS: tuple[Action, ...] = (Install("a=1"), Install("a"), Remove(), Upgrade())


def digest(group: Group) -> str:
    around = Surroundings("p", "p", sha256(b""), ("sh",), {}, None, (), ())
    return digest_of(describe(group, around))


def test_what_is_gone() -> None:
    log = {
        "a": (Event(1, Install("a=1")), Event(3, Install("a=2"))),
        "b": (Event(1, Install("b")), Event(2, Remove()), Event(4, Install("b"))),
        "c": (Event(2, Install("c")), Event(4, Remove())),
    }
    found = {seq: group.gone for seq, group in groups("apt", log)}
    assert found == {1: {"a"}, 2: {"a", "c"}, 3: {"c"}, 4: frozenset()}


@settings(deadline=None)
@given(st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=6), st.data())
def test_a_later_event_changes_no_digest(
    actions: list[Action], data: st.DataObject
) -> None:
    events = tuple(Event(seq, action) for seq, action in enumerate(actions, 1))
    length = data.draw(st.integers(1, len(events)))
    name = data.draw(st.sampled_from(sorted(MANAGERS)))
    whole = dict(groups(name, {"a": events, "b": (Event(1, Install("b")),)}))
    part = dict(groups(name, {"a": events[:length], "b": (Event(1, Install("b")),)}))
    for seq, group in part.items():
        assert digest(whole[seq]) == digest(group)
        run = MANAGERS[name].run
        assert run(whole[seq]).mounts == run(group).mounts
        if not whole[seq].gone:
            assert run(whole[seq]) == run(strict(whole[seq])) == run(strict(group))


def test_what_a_group_may_lack() -> None:
    group = Group("apt", {}, {"a": "a=1", "b": "b"}, gone=frozenset({"a"}))
    ((mark, spec),) = may_lack(group).items()
    assert (spec, mark[:4]) == ("a=1", "apt-")
    assert may_lack(strict(group)) == may_lack(Stage("s")) == {}
    directory = "var/lib/dynbuild/left-out"
    one = Written("file")
    assert lacks({"usr": one, directory: one, f"{directory}/{mark}": one}) == {mark}
    gone = Written("whiteout")
    assert lacks({directory: one, f"{directory}/{mark}": gone}) == frozenset()
    assert lacks({"usr": one}) == frozenset()
