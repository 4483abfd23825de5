"""The language: a pure, lazy subset of Nix.

A source goes through ``parse`` (grammar, tree), is compiled to closures (names
resolved, duplicates found) and evaluated on demand:

    result = evaluate(Source("dynbuild.nix", text), directory="/", files=files)
    to_json(result)          # or to_nix(result), or force_deep(result)

For an invalid source every function raises ``DeclarationError`` with diagnostics
``DB02xx``, and nothing else. Files are reached only through the ``FileAccess``
port; there is no clock, no environment and no randomness, and calls, elements and
nesting are bounded.

**Values** (``values.py``) are Python values, except for ``Path``, ``Attrs`` (a set),
functions and, before ``force_deep``, thunks. They carry their source locations:
``Attrs.spans`` maps attribute names to spans, and a list literal is an ``Elements``
with ``spans`` for its elements. A schema error at ``stages.0.user`` is thus reported
at ``where(value, ("stages", 0, "user"))``.

Submodules are imported lazily, on first use of a name: a cached plan needs no parser.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dynbuild.lang.evaluator import Result as Result
    from dynbuild.lang.evaluator import attribute as attribute
    from dynbuild.lang.evaluator import call as call
    from dynbuild.lang.evaluator import check as check
    from dynbuild.lang.evaluator import evaluate as evaluate
    from dynbuild.lang.evaluator import force_deep as force_deep
    from dynbuild.lang.evaluator import list_builtins as list_builtins
    from dynbuild.lang.evaluator import signature as signature
    from dynbuild.lang.evaluator import to_json as to_json
    from dynbuild.lang.evaluator import to_nix as to_nix
    from dynbuild.lang.failure import CODES as CODES
    from dynbuild.lang.files import FileAccess as FileAccess
    from dynbuild.lang.files import FileRefused as FileRefused
    from dynbuild.lang.files import MemoryFiles as MemoryFiles
    from dynbuild.lang.formatting import format_source as format_source
    from dynbuild.lang.limits import Limits as Limits
    from dynbuild.lang.parser import parse as parse
    from dynbuild.lang.places import where as where

_HOMES = {
    "CODES": "failure",
    "FileRefused": "files",
    "FileAccess": "files",
    "Limits": "limits",
    "MemoryFiles": "files",
    "Result": "evaluator",
    "attribute": "evaluator",
    "call": "evaluator",
    "check": "evaluator",
    "evaluate": "evaluator",
    "force_deep": "evaluator",
    "format_source": "formatting",
    "list_builtins": "evaluator",
    "parse": "parser",
    "signature": "evaluator",
    "to_json": "evaluator",
    "to_nix": "evaluator",
    "where": "places",
}

__all__ = tuple(_HOMES)  # all of them names


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"dynbuild.lang.{_HOMES[name]}"), name)
