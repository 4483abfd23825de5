"""The messages of syntax errors: one row per common mistake.

A row matches on the piece found, the one before it, the construct around it and what
the parser would accept instead; the first match wins. Its text may use {found},
{before} and {opener}.
"""

from dynbuild.values import dataclass

END = "the end"


@dataclass(frozen=True, slots=True)
class Hint:
    """A mistake: how it is recognised, and its message; empty sets match anything."""

    name: str
    message: str
    hint: str | None = None
    found: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    opener: frozenset[str] = frozenset()
    accepts: frozenset[str] = frozenset()
    after_previous: bool = False
    """Whether the location to show is the end of the previous piece."""
    shows_opener: bool = False
    """Whether a second label points at the opener."""


def _one_of(*kinds: str) -> frozenset[str]:
    return frozenset(kinds)


_CLOSERS = _one_of("}", "]", ")")
_OPENERS = _one_of("{", "(", "[", "${")
_BLOCKS = _one_of("{", "let")
_WORDS = _one_of("if", "let", "with", "assert")
_KEYWORDS = _one_of(
    "if", "then", "else", "assert", "with", "let", "in", "rec", "inherit"
)
_VALUE_ENDS = _one_of("name", "number", "literal", "close", "path", "]", ")", "}")

HINTS = (
    Hint(
        "byte order mark",
        "the source has a byte order mark",
        "save it as UTF-8 without one",
        found=_one_of("\ufeff"),
    ),
    Hint(
        "comment not closed",
        "this comment is not closed",
        "end it with */",
        found=_one_of("unclosed"),
    ),
    Hint(
        "quote not closed",
        "this string is not closed",
        'end it with "',
        found=_one_of(END),
        opener=_one_of('"'),
        shows_opener=True,
    ),
    Hint(
        "indented not closed",
        "this string is not closed",
        "end it with ''",
        found=_one_of(END),
        opener=_one_of("''"),
        shows_opener=True,
    ),
    Hint(
        "single quotes",
        "a string cannot be written in single quotes",
        'use double quotes: "…"',
        found=_one_of("'"),
    ),
    Hint(
        "backquote",
        "a string cannot be written in backquotes",
        'use double quotes: "…"',
        found=_one_of("`"),
    ),
    Hint(
        "shell expansion",
        "`{found}` has no meaning here",
        "what is meant for the shell is written ''${…}, in \"…\" \\${…}",
        found=_one_of("%", "^", ":", "$", ","),
        opener=_one_of("${"),
    ),
    Hint(
        "modulo",
        "there is no operator `%`",
        "write a - b * (a / b)",
        _one_of("%"),
    ),
    Hint("power", "there is no operator `^`", found=_one_of("^")),
    Hint("one and", "the operator is `&&`", found=_one_of("&")),
    Hint("one or", "the operator is `||`", found=_one_of("|")),
    Hint(
        "dollar",
        "`$` has no meaning outside of strings",
        "a variable is written without it",
        found=_one_of("$"),
    ),
    Hint(
        "interpolation",
        "`${` belongs in a string, a path or the name of an attribute",
        'write the value as it is, or "${…}"',
        found=_one_of("${"),
    ),
    Hint(
        "comma in list",
        "the elements of a list are separated by spaces alone",
        "remove the comma; put calls in parentheses",
        found=_one_of(","),
        opener=_one_of("["),
    ),
    Hint(
        "comma in set",
        "attributes end with `;`, not with a comma",
        found=_one_of(","),
        opener=_one_of("{"),
        accepts=_one_of("SEMI"),
    ),
    Hint(
        "comma in arguments",
        "the arguments of a call are separated by spaces alone",
        "write f a b",
        found=_one_of(","),
        opener=_one_of("("),
    ),
    Hint(
        "comment with slashes",
        "`//` joins two sets, and needs one before it",
        "a comment starts with #",
        found=_one_of("//"),
        before=_one_of("", "{", "[", "(", ";", "=", "let", "in"),
    ),
    Hint(
        "no name after dot",
        "the name of an attribute must follow the dot",
        before=_one_of("."),
    ),
    Hint(
        "empty",
        "the source is empty",
        "an empty set is written { }",
        found=_one_of(END),
        before=_one_of(""),
    ),
    Hint(
        "keyword bound",
        "`{before}` is a keyword and cannot be a name",
        'rename it; an attribute can be quoted: "{before}"',
        found=_one_of("="),
        before=_KEYWORDS,
    ),
    Hint(
        "let as operand",
        "`let … in …` needs parentheses here",
        "write (let … in …)",
        before=_one_of("let"),
        accepts=_one_of("LBRACE"),
    ),
    Hint(
        "colon after key",
        "an attribute is bound with `=`, not with `:`",
        "write name = value;",
        found=_one_of(":", "url"),
        opener=_BLOCKS,
        accepts=_one_of("ASSIGN"),
    ),
    Hint(
        "double equals",
        "an attribute is bound with one `=`",
        "write name = value;",
        found=_one_of("==", "="),
        before=_one_of("=", "=="),
        opener=_BLOCKS,
    ),
    Hint(
        "double equals",
        "an attribute is bound with one `=`",
        "write name = value;",
        found=_one_of("=="),
        before=_one_of("name", "close", "or"),
        opener=_BLOCKS,
    ),
    Hint(
        "function in list",
        "a function in a list or as an argument needs parentheses",
        "write (x: …)",
        found=_one_of(":"),
    ),
    Hint(
        "value without in",
        "`let` needs an `in` before its value",
        "write let … in …",
        found=_one_of("[", "(", "{", "rec", "number", "path", "-", "!") | _WORDS,
        opener=_one_of("let"),
        before=_one_of(";"),
        shows_opener=True,
    ),
    Hint(
        "operator without in",
        "`let` needs an `in` before its value",
        "write let … in …",
        found=_one_of("+", "-", "*", "++", "==", "!=", "<", ">", "&&", "||", "?"),
        opener=_one_of("let"),
        before=_one_of("name"),
        accepts=_one_of("ASSIGN"),
        shows_opener=True,
    ),
    Hint(
        "argument before equals",
        "`=` must follow the name that is bound",
        "a function is written name = argument: …; the value of a `let` follows `in`",
        found=_one_of("name"),
        opener=_BLOCKS,
        before=_one_of("name"),
        accepts=_one_of("ASSIGN"),
    ),
    Hint(
        "missing semicolon",
        "`;` is missing",
        "each attribute ends with one",
        found=_one_of("=", "}", "in", "inherit", "rec", END) | _WORDS,
        opener=_BLOCKS,
        accepts=_one_of("SEMI"),
        after_previous=True,
    ),
    Hint(
        "missing semicolon",
        "`;` is missing after the expression of `{opener}`",
        accepts=_one_of("SEMI"),
        opener=_one_of("with", "assert"),
        after_previous=True,
    ),
    Hint(
        "bindings without braces",
        "`=` only binds names in { } and after `let`",
        "put the bindings in { }; to compare, write ==",
        found=_one_of("="),
        opener=_one_of(""),
    ),
    Hint(
        "comparison",
        "`=` only binds names",
        "to compare, write ==",
        found=_one_of("="),
    ),
    Hint(
        "trailing semicolon",
        "a source is one expression, and has no `;` at its end",
        "remove it",
        found=_one_of(";"),
        accepts=_one_of("$END"),
    ),
    Hint(
        "semicolon in list",
        "the elements of a list are separated by spaces alone",
        "remove the semicolon",
        found=_one_of(";"),
        opener=_one_of("["),
    ),
    Hint(
        "let without in",
        "`let` needs an `in`",
        "write let … in …",
        found=_one_of(END, "}", ")", "]"),
        opener=_one_of("let"),
        shows_opener=True,
    ),
    Hint(
        "if without then",
        "`if` needs a `then`",
        "write if … then … else …",
        accepts=_one_of("THEN"),
        opener=_one_of("if"),
        shows_opener=True,
    ),
    Hint(
        "if without else",
        "`if` needs an `else`",
        "write if … then … else …",
        accepts=_one_of("ELSE"),
        opener=_one_of("then"),
        shows_opener=True,
    ),
    Hint(
        "pattern without body",
        "this is the pattern of a function, but no `:` and no body follow",
        "a set is written { name = value; } or { inherit name; }",
        before=_one_of("}"),
        accepts=_one_of("AT"),
        after_previous=True,
    ),
    Hint(
        "interpolation not closed",
        "`{opener}` is not closed",
        "end it with }; in a string, ''${…} or \\${…} leaves it to the shell",
        found=_one_of(END),
        opener=_one_of("${"),
        shows_opener=True,
    ),
    Hint(
        "not closed",
        "`{opener}` is not closed",
        found=_one_of(END),
        opener=_OPENERS,
        shows_opener=True,
    ),
    Hint(
        "parenthesis not closed",
        "`{opener}` is not closed",
        found=_one_of(";"),
        opener=_one_of("(", "${"),
        shows_opener=True,
    ),
    Hint(
        "wrong closer",
        "`{found}` does not close `{opener}`",
        found=_CLOSERS,
        opener=_OPENERS,
        before=_VALUE_ENDS | _one_of(";", "{", "[", "("),
        shows_opener=True,
    ),
    Hint(
        "closes nothing",
        "`{found}` closes nothing",
        found=_CLOSERS,
        opener=_one_of(""),
    ),
    Hint(
        "ellipsis first",
        "`...` comes last in a pattern",
        "write { a, b, ... }; a set takes over another by //",
        before=_one_of("..."),
    ),
    Hint(
        "keyword as argument",
        "`{found}` needs parentheses here",
        "write ({found} …)",
        found=_WORDS,
        accepts=_one_of("LPAREN"),
    ),
    Hint(
        "keyword as name",
        "`{found}` is a keyword and cannot be a name",
        'rename it; an attribute can be quoted: "{found}"',
        found=_KEYWORDS,
        accepts=_one_of("ID"),
        before=_one_of("let", "inherit", "{", ";", "?", ",", "name"),
    ),
    Hint(
        "or as value",
        "`or` cannot stand alone as a value",
        "rename the variable; to give a default, write: set.name or default",
        found=_one_of("or"),
        accepts=_one_of("ID"),
    ),
    Hint(
        "nothing there",
        "a value is missing after `{before}`",
        found=_one_of(END, "}", ")", "]", ";", "in", "then", "else"),
        before=frozenset(
            [
                "?",
                "=",
                "+",
                "-",
                "*",
                "/",
                "++",
                "//",
                "==",
                "!=",
                "<",
                ">",
                "<=",
                ">=",
                "&&",
                "||",
                "->",
                "!",
                ":",
                "in",
                "then",
                "else",
                "|>",
                "<|",
            ]
        ),
    ),
    Hint("end", "the source ends too early", None, found=_one_of(END)),
)
