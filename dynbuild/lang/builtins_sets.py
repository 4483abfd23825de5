"""Built-ins that build sets or take them apart."""

from dynbuild.lang.builtins import builtin
from dynbuild.lang.builtins_lists import SlotList
from dynbuild.lang.compile_select import no_attribute, position
from dynbuild.lang.failure import Failure
from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.showing import told
from dynbuild.lang.values import (
    EMPTY,
    Attrs,
    Lambda,
    Primitive,
    Slot,
    Value,
    force,
)


def _a_set(slot: Slot, name: str) -> Attrs:
    value = force(slot)
    if type(value) is not Attrs:
        raise Failure(
            "DB0210", f"'builtins.{name}' needs sets, but this is {told(value)}"
        )
    return value


def _a_string(slot: Slot, name: str) -> str:
    value = force(slot)
    if not isinstance(value, str):
        raise Failure(
            "DB0210", f"'builtins.{name}' needs strings, but this is {told(value)}"
        )
    return value


@builtin("attrNames set:set", "The names of the attributes, sorted.")
def _attr_names(machine: EvalMachine, value: Attrs) -> SlotList:
    machine.charge(len(value.items) >> 2)
    return [*sorted(value.items)]


@builtin("attrValues set:set", "The values of the attributes, sorted by name.")
def _attr_values(machine: EvalMachine, value: Attrs) -> SlotList:
    machine.charge(len(value.items) >> 2)
    return [value.items[name] for name in sorted(value.items)]


@builtin("catAttrs name:string list:list", "An attribute of all sets that have it.")
def _cat_attrs(machine: EvalMachine, name: str, sets: SlotList) -> SlotList:
    machine.charge(len(sets) >> 2)
    attr_sets = [_a_set(item, "catAttrs") for item in sets]
    return [each.items[name] for each in attr_sets if name in each.items]


@builtin(
    "functionArgs function:value",
    "The arguments a function's pattern names, and whether each has a default.",
)
def _function_args(_: EvalMachine, function: Value) -> Attrs:
    if type(function) is Primitive:
        return EMPTY
    if type(function) is not Lambda:
        raise Failure(
            "DB0210",
            f"'builtins.functionArgs' needs a function, not {told(function)}",
        )
    parameters = function.signature.parameters or ()
    return Attrs(
        {each.name: each.default is not None for each in parameters},
        {each.name: each.span for each in parameters},
    )


@builtin("getAttr name:string set:set", "The attribute of that name.")
def _get_attr(_: EvalMachine, name: str, value: Attrs) -> Slot:
    if name not in value.items:
        no_attribute(value, name, None)
    return value.items[name]


@builtin("hasAttr name:string set:set", "Whether the set has such an attribute.")
def _has_attr(_: EvalMachine, name: str, value: Attrs) -> bool:
    return name in value.items


@builtin("intersectAttrs a:set b:set", "The attributes of b that a has too.")
def _intersect_attrs(machine: EvalMachine, a: Attrs, b: Attrs) -> Attrs:
    machine.charge(min(len(a.items), len(b.items)))
    smaller = a if len(a.items) < len(b.items) else b
    names = [name for name in smaller.items if name in a.items and name in b.items]
    return Attrs({name: b.items[name] for name in names}, b.spans)


@builtin(
    "listToAttrs list:list",
    "A set of the sets { name, value } of a list; the first of a name counts.",
)
def _list_to_attrs(machine: EvalMachine, items: SlotList) -> Attrs:
    machine.charge(len(items))
    result = Attrs({}, {})
    for item in items:
        pair = _a_set(item, "listToAttrs")
        for needed in ("name", "value"):
            if needed not in pair.items:
                no_attribute(pair, needed, None)
        name = _a_string(pair.items["name"], "listToAttrs")
        if name not in result.items:
            result.items[name] = pair.items["value"]
            if "value" in pair.spans:
                result.spans[name] = pair.spans["value"]
    return result


@builtin("mapAttrs function:any set:set", "The set with f name value for each value.")
def _map_attrs(machine: EvalMachine, function: Slot, value: Attrs) -> Attrs:
    machine.charge(len(value.items) * 4)
    return Attrs(
        {
            name: machine.promise2(function, name, slot)
            for name, slot in value.items.items()
        },
        {},
    )


@builtin("removeAttrs set:set names:list", "The set without these attributes.")
def _remove_attrs(machine: EvalMachine, value: Attrs, names: SlotList) -> Attrs:
    machine.charge(len(value.items) >> 3)
    items = dict(value.items)
    for name in names:
        items.pop(_a_string(name, "removeAttrs"), None)
    return Attrs(items, value.spans)


@builtin(
    "unsafeGetAttrPos name:string set:set",
    "Where an attribute was written, { file, line, column }; null where unknown.",
)
def _unsafe_get_attr_pos(machine: EvalMachine, name: str, value: Attrs) -> Value:
    if name not in value.items or name not in value.spans:
        return None
    return position(machine, value.spans[name])


@builtin(
    "zipAttrsWith function:function list:list",
    "One set of all sets of a list, with f name values for each name.",
)
def _zip_attrs_with(machine: EvalMachine, function: Value, sets: SlotList) -> Attrs:
    values: dict[str, SlotList] = {}
    for item in sets:
        each = _a_set(item, "zipAttrsWith")
        machine.charge(len(each.items))
        for name, slot in each.items.items():
            values.setdefault(name, []).append(slot)
    return Attrs(
        {
            name: machine.promise2(function, name, slots)
            for name, slots in values.items()
        },
        {},
    )
