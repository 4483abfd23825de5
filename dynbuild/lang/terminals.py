"""The grammar's terminals, as messages name them."""

EXPRESSION_STARTERS = frozenset(
    {
        "ID",
        "INT",
        "FLOAT",
        "PATH",
        "QUOTE",
        "INDENTED_OPEN",
        "LBRACE",
        "LBRACKET",
        "LPAREN",
        "REC",
        "LET",
        "WITH",
        "ASSERT",
        "IF",
        "NOT",
        "MINUS",
        "URL",
        "SEARCH_PATH",
        "HOME_PATH",
    }
)


HUMAN = {
    "ID": "a name",
    "INT": "a number",
    "QUOTE": "a string",
    "SEMI": "`;`",
    "ASSIGN": "`=`",
    "COLON": "`:`",
    "COMMA": "`,`",
    "AT": "`@`",
    "DOT": "`.`",
    "ELLIPSIS": "`...`",
    "QUESTION": "`?`",
    "RBRACE": "`}`",
    "RBRACKET": "`]`",
    "RPAREN": "`)`",
    "LBRACE": "`{`",
    "IN": "`in`",
    "THEN": "`then`",
    "ELSE": "`else`",
    "INHERIT": "`inherit`",
    "OR": "`or`",
    "$END": "the end of the source",
}
"""Human-readable names of the terminals that are worth naming."""

OPERATORS = frozenset(
    {
        "PLUS",
        "MINUS",
        "STAR",
        "SLASH",
        "CONCAT",
        "UPDATE",
        "LESS",
        "LESS_EQUAL",
        "MORE",
        "MORE_EQUAL",
        "EQUAL_EQUAL",
        "NOT_EQUAL",
        "AND",
        "OR_ELSE",
        "IMPLIES",
        "PIPE_INTO",
        "PIPE_FROM",
        "QUESTION",
        "DOT",
        "OR",
    }
)
