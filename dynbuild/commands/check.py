"""``check``: what is wrong with a declaration, as far as the project alone tells."""

from dynbuild.commands.concerns import surveyed
from dynbuild.commands.target import target_of
from dynbuild.declaration.loaded import Loaded
from dynbuild.errors import Diagnostic
from dynbuild.ports import Files
from dynbuild.steps.model import Pin


def check(loaded: Loaded, files: Files) -> list[Diagnostic]:
    """Look at every file that is copied, and for variables that are set twice.

    No image is looked up. What the image will have in another way than the project is
    told; raises DeclarationError.
    """
    target_of(loaded, files, lambda image: Pin(image, None))
    return surveyed(loaded, files, modes=True)
