"""``check``: what is wrong with a declaration, as far as the project alone tells."""

from dynbuild.commands.target import target_of
from dynbuild.declaration.loaded import Loaded
from dynbuild.ports import Files
from dynbuild.steps.model import Pin


def check(loaded: Loaded, files: Files) -> None:
    """Look for every file that is copied, and for variables that are set twice.

    No image is looked up. Raises DeclarationError.
    """
    target_of(loaded, files, lambda image: Pin(image, None))
