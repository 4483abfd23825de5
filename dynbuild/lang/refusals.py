"""Constructs that the grammar accepts only to refuse: one message and hint each."""

from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class RefusedConstruct:
    """A code, a message, and what to write instead; ``{text}`` is the source text."""

    code: str
    message: str
    hint: str | None


REFUSALS = {
    "url": RefusedConstruct(
        "DB0202",
        "text like {text} needs quotes",
        'write "{text}"; in a function, put a space after the colon',
    ),
    "path": RefusedConstruct(
        "DB0202",
        "a path must start with ./, ../ or /",
        'write ./{text} for a file of the project, "{text}" for a text; to divide, '
        "put spaces around `/`",
    ),
    "search path": RefusedConstruct(
        "DB0202",
        "there is no search path: {text} would depend on the machine",
        "import a file of the project by its relative path",
    ),
    "home path": RefusedConstruct(
        "DB0202",
        "{text} is in the home directory, which would depend on the user",
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

LIBRARY = "/<dynbuild>"
"""The path that ``<dynbuild>`` is: what is imported from it comes with dynbuild."""

AT_USE = frozenset({"search path", "home path"})
"""Those that are refused when they are evaluated: a library may have them unused."""

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
    "addDrvOutputDependencies": _NO_STORE,
    "outputOf": _NO_STORE,
    "fetchClosure": _NO_FETCH,
    "flakeRefToString": _NO_FETCH,
    "parseFlakeRef": _NO_FETCH,
}
"""Nix built-ins that are left out, and what to do instead."""

ABSENT_NAMES = frozenset(
    {
        "derivation",
        "derivationStrict",
        "fetchGit",
        "fetchMercurial",
        "fetchTarball",
        "fetchTree",
        "placeholder",
        "scopedImport",
    }
) | {f"__{name}" for name in ABSENT}
"""The names of these that Nix knows without ``builtins.``."""
