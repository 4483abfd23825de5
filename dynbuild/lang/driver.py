"""The parser's driver: Lark's own loop, reduced to what this grammar needs.

The grammar, its tables and the token matchers of each state are Lark's. Left out are
lines and columns, which messages compute themselves, and every Lark feature besides
the tree. The tables are asked what would fit only where the parser stops.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from lark import Lark, Token
from lark.parsers.lalr_analysis import Shift

from dynbuild.lang.build import TreeBuilder
from dynbuild.lang.grammar import parser

END = "$END"

Children: TypeAlias = list[Any]


class Stopped(Exception):  # noqa: N818  # the cause is determined later
    """A violation of the grammar: its offset, and the terminals accepted there."""

    def __init__(self, position: int, accepts: frozenset[str]) -> None:
        super().__init__(position)
        self.position = position
        self.accepts = accepts


class _Reduce(NamedTuple):
    """The reduction of a rule: children consumed, node builder, resulting symbol."""

    size: int
    make: Callable[[Children], Any] | None
    """None where the result is the only child."""
    origin: str
    is_kept: bool = False
    """Whether another parse may take over the node: a row of ``KEPT``."""


KEPT = frozenset(
    {"attrs", "binding", "indented", "inherit", "inherit_from", "recursive", "sequence"}
)
"""The rules whose nodes are kept, all of which start where their first token does."""


class Piece(NamedTuple):
    """A node that was parsed, and all that its parser knew of what is around it.

    In the state below, with the same text from its first token to the end of the token
    after it, any parser makes the same node: it asks for nothing else. That token was
    matched in the state ``matching``, before the node was made of what it ends.
    """

    below: int
    origin: str
    node: Any
    matching: int
    next_start: int
    next_end: int


KnownPieces: TypeAlias = Callable[[int], Piece | None]
"""Returns what starts at an offset, moved there, if it can be taken over."""


class _Actions(dict[int, dict[str, Any]]):
    """The actions of each state: the next state to shift to, or the reduction."""

    def __init__(self, states: dict[int, dict[Any, Any]], builder: object) -> None:
        self._states = states
        self._builder = builder
        self._reductions: dict[Any, _Reduce] = {}

    def __missing__(self, state: int) -> dict[str, Any]:
        # Lark's symbol names are tokens, which compare slowly.
        self[state] = actions = {
            str(symbol): what if action is Shift else self._reduction(what)
            for symbol, (action, what) in self._states[state].items()
        }
        return actions

    def _reduction(self, rule: Any) -> _Reduce:  # noqa: ANN401  # Lark's
        if rule not in self._reductions:
            self._reductions[rule] = _reduction(rule, self._builder)
        return self._reductions[rule]


class _Matchers(dict[int, Callable[[str, int], Any]]):
    """The token matcher of each state, compiled on first use."""

    def __init__(self, lexers: dict[int, Any]) -> None:
        self._lexers = lexers

    def __missing__(self, state: int) -> Callable[[str, int], Any]:
        scanner = self._lexers[state].scanner
        (pattern,) = scanner._mres  # noqa: SLF001  # it has no other name
        self[state] = match = pattern.match
        return match  # type: ignore[no-any-return]  # a pattern's


class Driver:
    """The tables of a parser, arranged for the loop that runs over them.

    The builder has a method for each rule, which makes the node of its children.
    """

    def __init__(self, lark: Lark, builder: object) -> None:
        frontend: Any = lark.parser
        table = frontend.parser.parser.parse_table
        (self._start,) = table.start_states.values()
        (self._end,) = table.end_states.values()
        self._ignored = frozenset(lark.lexer_conf.ignore)
        self._actions = _Actions(table.states, builder)
        self._matchers = _Matchers(frontend.lexer.lexers)

    # One loop: a function call per token would double the cost.
    def parse(  # noqa: C901, PLR0912, PLR0915
        self,
        text: str,
        known: KnownPieces | None = None,
        pieces: dict[int, Piece] | None = None,
    ) -> Any:  # noqa: ANN401
        """Return the tree of a text, or raise ``Stopped``.

        Of pieces that are known, those that fit are taken over; ``pieces`` receives all
        that another parse may take over, by where they start.
        """
        all_actions, matchers, ignored = self._actions, self._matchers, self._ignored
        make_token = str.__new__
        state = matching = self._start
        states, values = [state], []
        position, end = 0, len(text)
        while True:
            kind, token = END, None
            while position < end:
                match = matchers[matching](text, position)
                if match is None:
                    raise Stopped(position, self._accepted(states))
                kind = match.lastgroup
                start, position = position, match.end()
                if kind not in ignored:
                    token = make_token(Token, match[0])
                    token.type = kind
                    token.start_pos = start
                    break
                kind = END
            while True:
                action = all_actions[state].get(kind)
                if action.__class__ is int:
                    piece = known(start) if known is not None else None
                    if piece is not None and piece.below == state:
                        state = all_actions[state][piece.origin]
                        values.append(piece.node)
                        matching, position = piece.matching, piece.next_start
                        if pieces is not None:
                            pieces[start] = piece
                    else:
                        state = matching = action
                        values.append(token)
                    states.append(state)
                    break
                if action is None:
                    stop = position if token is None else start
                    raise Stopped(stop, self._accepted(states))
                size, make, origin, is_kept = action
                if make is None:
                    states[-1] = state = all_actions[states[-2]][origin]
                    continue
                if size == 1:
                    values[-1] = make([values[-1]])
                    states[-1] = state = all_actions[states[-2]][origin]
                else:  # no rule of the grammar is empty
                    children = values[-size:]
                    del values[-size:], states[-size:]
                    values.append(make(children))
                    if is_kept and pieces is not None:
                        ahead = position if token is None else start
                        pieces[values[-1].start] = Piece(
                            states[-1], origin, values[-1], matching, ahead, position
                        )
                    state = all_actions[states[-1]][origin]
                    states.append(state)
                if token is None and state == self._end:
                    return values[-1]

    def _accepted(self, states: list[int]) -> frozenset[str]:
        """Return the terminals that can follow in these states."""
        kinds = [kind for kind in self._actions[states[-1]] if kind.isupper()]
        return frozenset(kind for kind in kinds if self._takes(states, kind))

    def _takes(self, states: list[int], kind: str) -> bool:
        states = list(states)
        while True:
            action = self._actions[states[-1]].get(kind)
            if not isinstance(action, _Reduce):
                return action is not None
            del states[len(states) - action.size :]
            states.append(self._actions[states[-1]][action.origin])
            if kind == END and states[-1] == self._end:
                return True


@cache
def driver() -> Driver:
    """Return the driver that makes the syntax tree."""
    return Driver(parser(), TreeBuilder())


def _reduction(rule: Any, builder: object) -> _Reduce:  # noqa: ANN401  # Lark's
    """Return the reduction of a rule; a rule with ``_`` yields a list."""
    origin = str(rule.origin.name)
    expands = [
        not symbol.is_term and symbol.name.startswith("_") for symbol in rule.expansion
    ]
    size = len(expands)
    is_kept = (rule.alias or origin) in KEPT
    is_list = origin.startswith("_")
    if size == 1 and is_list == expands[0] and (is_list or _is_plain(rule)):
        return _Reduce(1, None, origin)
    if is_list:
        return _Reduce(size, _flat(expands) if any(expands) else _same, origin)
    node: Callable[[Children], Any] = getattr(builder, rule.alias or origin)
    if rule.options.expand1 and not rule.alias:
        node = _unless_single(node)
    if not any(expands):
        return _Reduce(size, node, origin, is_kept)
    flat = _flat(expands)
    return _Reduce(size, lambda children: node(flat(children)), origin, is_kept)


def _is_plain(rule: Any) -> bool:  # noqa: ANN401  # Lark's
    return bool(rule.options.expand1 and not rule.alias)


def _same(children: Children) -> Children:
    return children


def _flat(expands: list[bool]) -> Callable[[Children], Children]:
    """Return a function that flattens the lists among children."""
    first, *rest = expands

    def flat(children: Children) -> Children:
        # The first list is reused, so that a long one is not copied again and again.
        result = children[0] if first else [children[0]]
        for place, is_list in enumerate(rest, 1):
            if is_list:
                result += children[place]
            else:
                result.append(children[place])
        return result

    return flat


def _unless_single(node: Callable[[Children], Any]) -> Callable[[Children], Any]:
    def make(children: Children) -> Any:  # noqa: ANN401  # as above
        return children[0] if len(children) == 1 else node(children)

    return make
