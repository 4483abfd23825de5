"""POSIX extended regular expressions over bytes, in time linear in the text.

The pattern becomes a small program, run as a Pike VM: all threads advance in lockstep,
byte by byte, so no pattern can cause backtracking. The match is chosen as by C++'s
``std::regex`` (which Nix uses): the leftmost, of these the longest, of these the first
of a search that prefers left alternatives and more repetitions.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias

from dynbuild.lang.regex_syntax import (
    ANY,
    Alternatives,
    Anchor,
    CaptureGroup,
    RegexNode,
    Repeat,
    Sequence,
    Set,
    has_groups,
    is_nullable,
    parse_regex,
    too_complex,
)
from dynbuild.values import dataclass

MAX_SIZE = 20_000

Groups: TypeAlias = list[tuple[int, int]]
Instruction: TypeAlias = tuple[str, int, int]
"""``byte mask``, ``split first second``, ``save slot``, ``start``, ``end``, ``match``;
unused places are 0."""
Ways: TypeAlias = dict[int, tuple[int, ...]]
"""The threads' program positions, preferred first, with the offsets each has saved."""


@dataclass(frozen=True, slots=True)
class Regex:
    """A compiled pattern."""

    program: tuple[Instruction, ...]
    groups: int
    literal: bytes | None

    @property
    def size(self) -> int:
        """The worst-case cost per byte of text."""
        return 1 if self.literal is not None else len(self.program)

    def match(self, data: bytes) -> Groups | None:
        """Return the groups if all of the data matches."""
        if self.literal is not None:
            return [] if data == self.literal else None
        ways = self._start(data, 0)
        for position, byte in enumerate(data):
            ways = self._step(ways, byte, data, position + 1)
            if not ways:
                return None
        for index, saved in ways.items():
            if self.program[index][0] == "match":
                return _pairs(saved)[1:]
        return None

    def search(
        self, data: bytes, charge: Callable[[int], None]
    ) -> Iterator[tuple[int, int, Groups]]:
        """Yield all matches from left to right, with their groups."""
        start = 0
        empty_at = -1
        while start <= len(data):
            charge(1)
            groups = (
                self._find_literal(data, start)
                if self.literal
                else self._find(data, start, empty_at, charge)
            )
            if groups is None:
                return
            first, last = groups[0]
            yield first, last, groups[1:]
            empty_at = last if first == last else -1
            start = last

    def _find_literal(self, data: bytes, start: int) -> Groups | None:
        assert self.literal
        index = data.find(self.literal, start)
        return None if index < 0 else [(index, index + len(self.literal))]

    def _find(
        self, data: bytes, start: int, empty_at: int, charge: Callable[[int], None]
    ) -> Groups | None:
        """Return the next match, but not an empty one at ``empty_at`` again."""
        best: tuple[int, ...] | None = None
        ways: Ways = {}
        position = start
        while True:
            if best is None:
                self._follow(ways, 0, (-1,) * (2 * self.groups + 2), data, position)
            for index, saved in ways.items():
                if self.program[index][0] != "match":
                    continue
                if (saved[0] == saved[1] == empty_at) or (
                    best is not None and saved[0] > best[0]
                ):
                    continue
                if best is None or saved[0] < best[0] or saved[1] > best[1]:
                    best = saved
            if best is not None:
                ways = {
                    index: saved for index, saved in ways.items() if saved[0] <= best[0]
                }
                if not ways:
                    break
            if position >= len(data):
                break
            charge(len(ways) + 1)
            ways = self._step(ways, data[position], data, position + 1)
            position += 1
        return None if best is None else _pairs(best)

    def _start(self, data: bytes, position: int) -> Ways:
        ways: Ways = {}
        self._follow(ways, 0, (-1,) * (2 * self.groups + 2), data, position)
        return ways

    def _step(self, ways: Ways, byte: int, data: bytes, position: int) -> Ways:
        program = self.program
        result: Ways = {}
        for index, saved in ways.items():
            kind, mask, _ = program[index]
            if kind == "byte" and mask >> byte & 1:
                self._follow(result, index + 1, saved, data, position)
        return result

    def _follow(
        self, ways: Ways, index: int, saved: tuple[int, ...], data: bytes, position: int
    ) -> None:
        """Add all positions reachable without consuming a byte, preferred first."""
        program = self.program
        stack = [(index, saved)]
        while stack:
            index, saved = stack.pop()
            if index in ways:
                continue
            ways[index] = saved
            kind, first, second = program[index]
            if kind == "split":
                stack.append((second, saved))
                stack.append((first, saved))
            elif kind == "save":
                saved = (*saved[:first], position, *saved[first + 1 :])
                stack.append((index + 1, saved))
            elif (kind == "start" and position == 0) or (
                kind == "end" and position == len(data)
            ):
                stack.append((index + 1, saved))


def _pairs(saved: tuple[int, ...]) -> Groups:
    return list(zip(saved[::2], saved[1::2], strict=True))


@lru_cache(maxsize=256)
def compile_regex(pattern: bytes) -> Regex:
    """Return the program of a pattern."""
    node, groups = parse_regex(pattern)
    program: list[Instruction] = [("save", 0, 0)]
    _emit(program, node)
    program += [("save", 1, 0), ("match", 0, 0)]
    return Regex(tuple(program), groups, _literal(node))


def _literal(node: RegexNode) -> bytes | None:
    """Return the sole match of a pattern without groups, if there is only one."""
    if not isinstance(node, Sequence):
        return None
    data = bytearray()
    for item in node.items:
        if not isinstance(item, Set) or item.mask & (item.mask - 1) or item.mask == ANY:
            return None
        data.append(item.mask.bit_length() - 1)
    return bytes(data)


def _emit(program: list[Instruction], node: RegexNode) -> None:
    if len(program) > MAX_SIZE:
        raise too_complex()
    match node:
        case Set(mask):
            program.append(("byte", mask, 0))
        case Anchor(kind):
            program.append((kind, 0, 0))
        case Sequence(items):
            for item in items:
                _emit(program, item)
        case CaptureGroup(index, body):
            program.append(("save", 2 * index, 0))
            _emit(program, body)
            program.append(("save", 2 * index + 1, 0))
        case Alternatives(items):
            _emit_alternatives(program, items)
        case Repeat():
            _emit_repeat(program, node)


def _emit_alternatives(
    program: list[Instruction], items: tuple[RegexNode, ...]
) -> None:
    exits: list[int] = []
    for item in items[:-1]:
        fork = len(program)
        program.append(("split", 0, 0))
        _emit(program, item)
        exits.append(len(program))
        program.append(("split", 0, 0))
        program[fork] = ("split", fork + 1, len(program))
    _emit(program, items[-1])
    for leave in exits:
        program[leave] = ("split", len(program), len(program))


def _emit_repeat(program: list[Instruction], node: Repeat) -> None:
    start = len(program)
    for _ in range(node.least):
        start = len(program)
        _emit(program, node.body)
    if node.most is not None:
        _emit_optional(program, [node.body] * (node.most - node.least))
    elif is_nullable(node.body) and has_groups(node.body):
        _emit_empty_loop(program, node.body)
    elif node.least:
        program.append(("split", start, len(program) + 1))
    else:
        fork = len(program)
        program.append(("split", 0, 0))
        _emit(program, node.body)
        program.append(("split", fork + 1, len(program) + 1))
        program[fork] = ("split", fork + 1, len(program))


def _emit_optional(program: list[Instruction], bodies: list[RegexNode]) -> None:
    forks: list[int] = []
    for body in bodies:
        forks.append(len(program))
        program.append(("split", 0, 0))
        _emit(program, body)
    for fork in forks:
        program[fork] = ("split", fork + 1, len(program))


def _emit_empty_loop(program: list[Instruction], body: RegexNode) -> None:
    """Emit ``x*`` where x may be empty and has groups: its last iteration is empty.

    Two copies alternate, so that the empty iteration does not revisit its own
    positions and get lost.
    """
    forks: list[int] = []
    for _ in range(2):
        forks.append(len(program))
        program.append(("split", 0, 0))
        _emit(program, body)
    program.append(("split", forks[0] + 1, len(program) + 1))
    for fork in forks:
        program[fork] = ("split", fork + 1, len(program))
