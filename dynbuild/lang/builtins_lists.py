"""Built-ins that build lists or take them apart.

Plain loops throughout: a generator expression would nest Python's own stack.
"""
# ruff: noqa: SIM110, PERF401

from dynbuild.lang.builtins import as_function, builtin
from dynbuild.lang.compile_basic import boolean
from dynbuild.lang.failure import Failure
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.operators import equal_slots, less
from dynbuild.lang.showing import told
from dynbuild.lang.values import (
    Attrs,
    Elements,
    PathValue,
    Primitive,
    Slot,
    Value,
    force,
)

SlotList = list[Slot]

KEPT = 20
"""Charged per closure element: it stays in memory, and they may be endlessly many."""


def is_true(value: Value, name: str) -> bool:
    """Return the Boolean that a predicate given to a built-in returned."""
    return boolean(value, f"the function given to 'builtins.{name}'", None)


def as_list(value: Value, name: str) -> SlotList:
    """Return the list that a function given to a built-in returned."""
    if not isinstance(value, list):
        raise Failure(
            "DB0210", f"'builtins.{name}' needs lists, but this is {told(value)}"
        )
    return value


@builtin("all predicate:function list:list", "Whether all elements satisfy it.")
def _all(machine: EvalMachine, predicate: Value, items: SlotList) -> bool:
    for item in items:
        if not is_true(machine.call(predicate, item), "all"):
            return False
    return True


@builtin("any predicate:function list:list", "Whether some element satisfies it.")
def _any(machine: EvalMachine, predicate: Value, items: SlotList) -> bool:
    for item in items:
        if is_true(machine.call(predicate, item), "any"):
            return True
    return False


@builtin("concatLists lists:list", "The lists of a list, joined.")
def _concat_lists(machine: EvalMachine, lists: SlotList) -> SlotList:
    result: SlotList = []
    for item in lists:
        part = as_list(force(item), "concatLists")
        machine.charge(len(part))
        result += part
    return result


@builtin(
    "concatMap function:function list:list",
    "The lists that the function makes of the elements, joined.",
)
def _concat_map(machine: EvalMachine, function: Value, items: SlotList) -> SlotList:
    result: SlotList = []
    for item in items:
        part = as_list(machine.call(function, item), "concatMap")
        machine.charge(len(part))
        result += part
    return result


@builtin("elem value:any list:list", "Whether the list has an element equal to it.")
def _elem(machine: EvalMachine, value: Slot, items: SlotList) -> bool:
    machine.charge(len(items) >> 2)
    for item in items:
        if equal_slots(machine, value, item):
            return True
    return False


@builtin("elemAt list:list index:int", "The element at an index, counted from 0.")
def _elem_at(_: EvalMachine, items: SlotList, index: int) -> Slot:
    if 0 <= index < len(items):
        return items[index]
    raise Failure(
        "DB0219",
        f"'builtins.elemAt': there is no element {index} in a list of {len(items)}",
    )


@builtin("filter predicate:any list:list", "The elements that satisfy it.")
def _filter(machine: EvalMachine, predicate: Slot, items: SlotList) -> SlotList:
    result: SlotList = []
    for item in items:
        function = as_function(machine, ("filter", 0), predicate)
        if is_true(machine.call(function, item), "filter"):
            result.append(item)
    return result


@builtin(
    "foldl' operator:function start:any list:list",
    "The elements combined from the left: op (op start a) b; each step is evaluated.",
)
def _foldl(machine: EvalMachine, operator: Value, start: Slot, items: SlotList) -> Slot:
    for item in items:
        start = machine.call2(operator, start, item)
    return start


@builtin("genList generator:function length:int", "The results for 0, 1, … length - 1.")
def _gen_list(machine: EvalMachine, generator: Value, length: int) -> SlotList:
    if length < 0:
        raise Failure("DB0219", f"'builtins.genList' cannot make {length} elements")
    machine.charge(length * 4)
    return [machine.promise(generator, index) for index in range(length)]


@builtin("groupBy function:function list:list", "Lists of elements by what it says.")
def _group_by(machine: EvalMachine, function: Value, items: SlotList) -> Attrs:
    groups: dict[str, Slot] = {}
    lists: dict[str, SlotList] = {}
    for item in items:
        name = machine.call(function, item)
        if not isinstance(name, str):
            raise Failure(
                "DB0210",
                "the function given to 'builtins.groupBy' must make strings, "
                f"not {told(name)}",
            )
        if name not in lists:
            groups[name] = lists[name] = []
        lists[name].append(item)
    return Attrs(groups, {})


@builtin("head list:list", "The first element.")
def _head(_: EvalMachine, items: SlotList) -> Slot:
    if items:
        return items[0]
    raise Failure("DB0219", "'builtins.head': the list is empty")


@builtin("length list:list", "The number of elements.")
def _length(_: EvalMachine, items: SlotList) -> int:
    return len(items)


@builtin("map function:any list:list", "The results for all elements.")
def _map(machine: EvalMachine, function: Slot, items: SlotList) -> SlotList:
    if not items:
        return []
    machine.charge(len(items) * 4)
    value = as_function(machine, ("map", 0), function)
    if type(items) is Elements:
        return [
            machine.promise(value, item, span)
            for item, span in zip(items, items.spans, strict=True)
        ]
    return [machine.promise(value, item) for item in items]


@builtin(
    "partition predicate:function list:list",
    "The elements that satisfy it, as `right`, and the others, as `wrong`.",
)
def _partition(machine: EvalMachine, predicate: Value, items: SlotList) -> Attrs:
    right: SlotList = []
    wrong: SlotList = []
    for item in items:
        force(item)
        satisfied = is_true(machine.call(predicate, item), "partition")
        (right if satisfied else wrong).append(item)
    return Attrs({"right": right, "wrong": wrong}, {})


@builtin("sort comparator:any list:list", "Sorted, stable; the function is `<`.")
def _sort(machine: EvalMachine, comparator: Slot, items: SlotList) -> SlotList:
    if not items:
        return items
    machine.charge(len(items))
    function = as_function(machine, ("sort", 0), comparator)
    for item in items:
        force(item)
    natural = type(function) is Primitive and function.name == "lessThan"
    used = None if natural else function
    runs = [[item] for item in items]
    while len(runs) > 1:
        merged = []
        for index in range(0, len(runs) - 1, 2):
            merged.append(_merge(machine, used, runs[index], runs[index + 1]))
        runs = merged + runs[len(runs) & ~1 :]
    return runs[0]


def _merge(
    machine: EvalMachine, comparator: Value, left: SlotList, right: SlotList
) -> SlotList:
    """Merge two sorted lists: Python's sort would call back through C, nesting it."""
    result: SlotList = []
    i = j = 0
    while i < len(left) and j < len(right):
        if comparator is None:
            machine.charge(1)
            first = less(machine, force(right[j]), force(left[i]))
        else:
            value = machine.call2(comparator, right[j], left[i])
            first = is_true(value, "sort")
        if first:
            result.append(right[j])
            j += 1
        else:
            result.append(left[i])
            i += 1
    return result + left[i:] + right[j:]


@builtin("tail list:list", "The list without its first element.")
def _tail(machine: EvalMachine, items: SlotList) -> SlotList:
    if not items:
        raise Failure("DB0219", "'builtins.tail': the list is empty")
    machine.charge(len(items) >> 3)
    return items[1:]


@builtin(
    "genericClosure set:set",
    "All that `operator` reaches from `startSet`, once for each `key`.",
)
def _generic_closure(machine: EvalMachine, arguments: Attrs) -> SlotList:
    start = force(_needed(arguments, "startSet", "genericClosure"))
    queue = list(as_list(start, "genericClosure"))
    result: SlotList = []
    keys: set[object] = set()
    first: Value = None
    kinds: set[str] = set()
    for number, slot in enumerate(queue):
        item = force(slot)
        if type(item) is not Attrs:
            raise Failure(
                "DB0210",
                f"'builtins.genericClosure' needs sets, but this is {told(item)}",
            )
        value = force(_needed(item, "key", "genericClosure"))
        if number == 0:
            # As in Nix, one key alone is compared with none: it may be of any kind.
            first = value
        else:
            if number == 1:
                keys.add(_key(machine, first))
                kinds.add(_key(machine, first)[0])
            key = _key(machine, value)
            kinds.add(key[0])
            if len(kinds) > 1:
                raise Failure(
                    "DB0210",
                    "the keys given to 'builtins.genericClosure' must be of one kind",
                )
            if key in keys:
                continue
            keys.add(key)
        machine.charge(KEPT)
        result.append(item)
        operator = force(_needed(arguments, "operator", "genericClosure"))
        more = machine.call(operator, item)
        queue += as_list(more, "genericClosure")
    return result


def _key(machine: EvalMachine, value: Value) -> tuple[str, object]:
    if type(value) is int or type(value) is float:
        return "number", value
    if isinstance(value, str):
        return "string", value
    if type(value) is PathValue:
        return "path", value.text
    if isinstance(value, list):
        machine.enter()
        machine.charge(len(value))
        keys = [_key(machine, force(item)) for item in value]
        machine.depth -= 1
        return "list", tuple(keys)
    raise Failure(
        "DB0210",
        f"a key given to 'builtins.genericClosure' cannot be {told(value)}",
    )


def _needed(value: Attrs, name: str, function: str) -> Slot:
    if name not in value.items:
        raise Failure(
            "DB0211", f"'builtins.{function}' needs a set with an attribute '{name}'"
        )
    return value.items[name]
