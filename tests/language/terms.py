"""Random terms of the language, as Hypothesis strategies of source text.

A term is a template whose holes are filled with terms: E any term, L a list, S a set,
T a text, I an integer, N a number, X a name, R a regex, O an operator. They are mostly
well-typed, so that most of them have a value to compare.
"""

import re

from hypothesis import strategies as st

LEAVES = {
    "X": ("a", "b", "c"),
    "I": ("0", "1", "2", "7", "(-1)", "(-3)", "9223372036854775807"),
    "N": ("1", "(-2)", "0.5", "1.0", "2.5e3", "(-1.25)", "1.0e20", "3.0e-7"),
    "O": (
        "+",
        "-",
        "*",
        "/",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "&&",
        "||",
        "->",
        "++",
        "//",
    ),
    "R": ('"a"', '"(a)(b)?"', '"[a-c]+"', '"(.*)-(.*)"', '"^a|b$"', '"(x?)*"', '"()"'),
    "T": (
        '""',
        '"a"',
        '"b c"',
        '"é"',
        r'"x\ny"',
        '"$"',
        '"1.2-3"',
        '"a.b"',
        r'"\${a}"',
        r'"\\"',
        "'' a\n   b''",
        "''\n  a\n   b\n''",
        "''a ''${b} '''c''",
        "''\n\n  x\n ''",
        "''\n\ta\n b''",
        "''\n  $${a} ''\\t\n    z''",
    ),
    "E": ("true", "false", "null", "[ ]", "{ }", "a", "b", "c", "1", "0.5", '"a"'),
    "L": ("[ ]", "[ 1 2 ]", '[ "b" "a" ]', "b", "[ c a ]"),
    "S": ("{ }", "{ a = 1; }", "c", "rec { b = 1; a = b; }", "{ a.b = 1; a.c = 2; }"),
}

TEMPLATES = {
    "T": ('"<${toString E}>"', "''\n  x ${toString E}\n    y\n''", '"${T}${T}"'),
    "L": (
        "[ E E ]",
        "[ E E E E ]",
        "(L ++ L)",
        "(map (a: E) L)",
        "(builtins.filter (a: E == E) L)",
        "(builtins.genList (a: E) 3)",
        "(builtins.sort builtins.lessThan L)",
        "(builtins.sort (a: b: a < b) L)",
        "(builtins.concatMap (a: L) L)",
        "(builtins.concatLists [ L L ])",
        "(builtins.tail L)",
        "(builtins.attrNames S)",
        "(builtins.attrValues S)",
        "(builtins.split R T)",
        "(builtins.splitVersion T)",
        '(builtins.catAttrs "a" [ S S ])',
        """(builtins.genericClosure {
            startSet = [ { key = E; } { key = I; } ];
            operator = x: if x.key < 3 then [ { key = x.key + 1; } ] else [ ];
        })""",
    ),
    "S": (
        "{ X = E; }",
        "{ a = E; b = E; }",
        "{ a.X = E; a.d = E; }",
        "{ a = S; a.z = E; }",
        "{ a = { X = E; }; a.d = E; }",
        "rec { a = E; b = E; c = E; }",
        "{ inherit a b; X = E; }",
        "{ inherit (S) a b; }",
        '{ ${T} = E; "x${T}" = E; }',
        "{ ${null} = E; X.X = E; }",
        "(S // S)",
        "(builtins.mapAttrs (a: b: E) S)",
        '(builtins.removeAttrs S [ "a" "z" ])',
        "(builtins.intersectAttrs S S)",
        "(builtins.zipAttrsWith (n: v: v) [ S S ])",
        "(builtins.listToAttrs [ { name = T; value = E; } { name = T; value = E; } ])",
        "(builtins.groupBy (a: toString a) L)",
        "(builtins.partition (a: E == E) L)",
        "(builtins.functionArgs ({ a ? E, b, ... }: E))",
        "(builtins.tryEval E)",
        "(builtins.parseDrvName T)",
    ),
    "E": (
        "T",
        "L",
        "S",
        "N",
        "I",
        "(E O E)",
        "(N O N)",
        "(I O N O I)",
        "(T O T)",
        "(L O L)",
        "(let X = E; in E)",
        "(let a = E; b = E; in E)",
        "(let a = b; b = E; in [ a b ])",
        "(with S; E)",
        "(with S; [ a b z ])",
        "(if E == E then E else E)",
        "(if E then E else E)",
        "(assert E == E; E)",
        "S.X",
        "(S.X or E)",
        "(S.a.X or E)",
        "(S ? X)",
        "(S ? a.X)",
        "((a: E) E)",
        "((a: b: E) E E)",
        "(({ a, b ? E, ... }@c: E) S)",
        "(({ a ? E, b ? a }: [ a b ]) S)",
        "({ __functor = a: b: E; } E)",
        "(E |> (a: E))",
        "((a: E) <| E)",
        "(!(E == E))",
        "(-N)",
        "(throw T)",
        "(toString E)",
        "(builtins.toJSON E)",
        "(builtins.fromJSON (builtins.toJSON E))",
        "(builtins.typeOf E)",
        "(builtins.length L)",
        "(builtins.head L)",
        "(builtins.elemAt L I)",
        "(builtins.elem E L)",
        "(builtins.all (a: E == E) L)",
        "(builtins.any (a: E == E) L)",
        "(builtins.foldl' (a: b: E) E L)",
        '(builtins.hasAttr "a" S)',
        "(builtins.seq E E)",
        "(builtins.deepSeq E E)",
        "(builtins.stringLength T)",
        "(builtins.substring I I T)",
        '(builtins.replaceStrings [ T T ] [ "x" "" ] T)',
        "(builtins.concatStringsSep T [ T T ])",
        "(builtins.match R T)",
        "(builtins.compareVersions T T)",
        '(builtins.hashString "md5" T)',
        "(builtins.floor N)",
        "(builtins.bitXor I I)",
        "(baseNameOf T)",
        "(dirOf T)",
        "(builtins.isFunction E)",
    ),
}

_HOLE = re.compile(r"(?<![A-Za-z.$\\{\"])[ELSTINXRO](?![A-Za-z])|(?<=\$\{)[EST](?=\})")
DEPTH = 4


@st.composite
def terms(draw: st.DrawFn, kind: str = "E", depth: int = DEPTH) -> str:
    """Terms with the free names a, b and c."""
    if depth == 0 or kind not in TEMPLATES or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(LEAVES[kind]))
    template = draw(st.sampled_from(TEMPLATES[kind]))
    return _HOLE.sub(lambda hole: draw(terms(hole[0], depth - 1)), template)


closed = terms().map(
    lambda body: f"let a = 1; b = [ 1 2 ]; c = {{ a = 3; }}; in {body}"
)
"""Terms whose names are all bound."""
