"""From a source in the language to a tree for the schema to validate."""

from collections.abc import Mapping

from dynbuild.declaration.inputs import ROOT, Data, Inputs
from dynbuild.declaration.syntax.arguments import choose, data_of, recordable, slot_of
from dynbuild.declaration.syntax.located import Conversion
from dynbuild.declaration.syntax.places import Places
from dynbuild.declaration.syntax.tree import Node, plain
from dynbuild.declaration.syntax.tree_codec import ReadFact
from dynbuild.errors import DeclarationError
from dynbuild.lang.evaluator import Result, call, evaluate, force_deep, signature
from dynbuild.lang.parser import parse
from dynbuild.spans import Source


def read(source: Source, inputs: Inputs) -> ReadFact:
    """Evaluate a declaration. Raises DeclarationError with its mistakes."""
    places = Places({}, inputs.shown)
    try:
        result = evaluate(
            source,
            directory=ROOT,
            files=inputs.files,
            say=inputs.say,
            limits=inputs.limits,
            parse=inputs.parse or parse,
        )
        places = Places(result.machine.values, inputs.shown)
        return _read(result, source, inputs, places)
    except DeclarationError as error:
        raise places.told(error) from None


def _read(result: Result, source: Source, inputs: Inputs, places: Places) -> ReadFact:
    function = signature(result)
    given = {name: data_of(name, value, inputs) for name, value in inputs.given.items()}
    arguments, warnings = choose(function, inputs.recorded, given, source)
    tree = _tree(result, arguments, source, places)

    def is_same(fewer: Mapping[str, Data]) -> bool:
        try:
            return plain(_tree(result, fewer, source, places)) == plain(tree)
        except DeclarationError:
            return False

    return ReadFact(tree, recordable(arguments, is_same), warnings)


def _tree(
    result: Result, arguments: Mapping[str, Data], source: Source, places: Places
) -> Node:
    if signature(result) is not None:
        slots = {name: slot_of(value) for name, value in arguments.items()}
        result = call(result, slots)
    return Conversion(places, source).tree(force_deep(result))
