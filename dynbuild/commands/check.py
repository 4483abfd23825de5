"""``check``: the errors of a declaration that the project alone reveals."""

from dynbuild.commands.lock_warnings import surveyed
from dynbuild.commands.target import targets_of
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.variables import tables
from dynbuild.errors import Diagnostic
from dynbuild.ports import Files
from dynbuild.steps.expansion import references
from dynbuild.steps.model import Pin


def check(loaded: Loaded, files: Files) -> list[Diagnostic]:
    """Check every copied file, and look for variables that are set twice.

    No image is looked up. Returns warnings about files that will differ in the image.
    Raises DeclarationError.
    """
    # The variables of the base are not known here: it may set any of these names.
    whole = [pair for image in loaded.each.values() for pair in tables(image)]
    values = (text for _, table in whole for text in table.values())
    env = dict.fromkeys(frozenset[str]().union(*map(references, values)), "")
    targets_of(loaded, files, lambda image: Pin(image, None, env=env))
    return surveyed(loaded, files, modes=True)
