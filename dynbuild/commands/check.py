"""``check``: what is wrong with a declaration, as far as the project alone tells."""

from dynbuild.commands.lock_warnings import surveyed
from dynbuild.commands.target import target_of
from dynbuild.declaration.expansion import references
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.variables import tables
from dynbuild.errors import Diagnostic
from dynbuild.ports import Files
from dynbuild.steps.model import Pin


def check(loaded: Loaded, files: Files) -> list[Diagnostic]:
    """Look at every file that is copied, and for variables that are set twice.

    No image is looked up. What the image will have in another way than the project is
    told; raises DeclarationError.
    """
    # What the base sets is not known here: any name may be of it.
    values = (text for _, table in tables(loaded) for text in table.values())
    env = dict.fromkeys(frozenset[str]().union(*map(references, values)), "")
    target_of(loaded, files, lambda image: Pin(image, None, env=env))
    return surveyed(loaded, files, modes=True)
