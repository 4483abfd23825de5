"""Deep evaluation of a value."""

from dynbuild.lang.machine import EvalMachine
from dynbuild.lang.values import Attrs, Slot, Value, force


def force_deep(machine: EvalMachine, slot: Slot) -> Value:
    """Evaluate a slot and all slots in its value, depth first; cycles are fine.

    The stack is our own, not Python's: lists can be nested arbitrarily deep.
    """
    top = force(slot)
    visited: set[int] = set()
    stack: list[Slot] = [top]
    while stack:
        value = force(stack.pop())
        if id(value) in visited:
            continue
        if isinstance(value, list):
            machine.charge(len(value) >> 2)
            visited.add(id(value))
            stack += [slot for slot in reversed(value) if type(slot) is not str]
        elif type(value) is Attrs:
            machine.charge(len(value.items) >> 2)
            visited.add(id(value))
            items = value.items
            stack += [
                slot
                for name in sorted(items, reverse=True)
                if type(slot := items[name]) is not str
            ]
    return top
