"""Constructs that the grammar accepts only to refuse: one message and hint each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RefusedConstruct:
    """A code, a message, and what to write instead; ``{text}`` is the source text."""

    code: str
    message: str
    hint: str | None


REFUSALS = {
    "url": RefusedConstruct(
        "DB0202",
        "a URL must be a string",
        'quote it: "{text}"; in a function, put a space after the colon',
    ),
    "path": RefusedConstruct(
        "DB0202",
        "a path must start with ./, ../ or /",
        "write ./{text}, or put spaces around `/` to divide",
    ),
    "search path": RefusedConstruct(
        "DB0202",
        "there is no search path: {text} would depend on the machine",
        "import a file of the project by its relative path",
    ),
    "home path": RefusedConstruct(
        "DB0202",
        "a path in the home directory would depend on the user",
        "use a path relative to this file",
    ),
    "slash": RefusedConstruct("DB0201", "a path cannot end with a slash", None),
    "gap": RefusedConstruct(
        "DB0201", "no space is allowed within a path", "write ./a/${{b}} without spaces"
    ),
    "chain": RefusedConstruct(
        "DB0201",
        "`{text}` cannot be chained",
        "put one of the comparisons in parentheses",
    ),
    "pipes": RefusedConstruct("DB0201", "|> and <| cannot be mixed", "use parentheses"),
    "integer": RefusedConstruct(
        "DB0218", "{text} does not fit into 64 bits", "use a float or a string"
    ),
    "float": RefusedConstruct("DB0218", "{text} is out of the range of a float", None),
}

_NO_STORE = "dynbuild builds images, not store paths: declare stages"
_NO_FETCH = "nothing is fetched while a declaration is evaluated: fetch in a stage"
_NO_SYSTEM = "a declaration does not depend on the machine: pass it as an argument"

ABSENT = {
    "derivation": _NO_STORE,
    "derivationStrict": _NO_STORE,
    "placeholder": _NO_STORE,
    "storePath": _NO_STORE,
    "toFile": _NO_STORE,
    "path": "use the path itself",
    "filterSource": "list what is copied in the stage's `copy`",
    "fetchGit": _NO_FETCH,
    "fetchMercurial": _NO_FETCH,
    "fetchTarball": _NO_FETCH,
    "fetchTree": _NO_FETCH,
    "fetchurl": _NO_FETCH,
    "getFlake": _NO_FETCH,
    "getEnv": "the environment is no input: pass the value as an argument",
    "currentTime": "the time is no input: pass the value as an argument",
    "currentSystem": _NO_SYSTEM,
    "nixPath": _NO_SYSTEM,
    "findFile": "import a file of the project by its relative path",
    "scopedImport": "import a function, and call it with what it needs",
    "toXML": "write JSON with builtins.toJSON",
}
"""Nix built-ins that are left out, and what to do instead."""
