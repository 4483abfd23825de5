"""What an image lacks, learned of its layers where these are small."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from dynbuild.emit.workdir import missing_directories
from dynbuild.engine.tarball import written
from dynbuild.link.entries import MalformedLayerError
from dynbuild.steps.model import Pin
from dynbuild.tiers.oci.download import DamagedError
from dynbuild.tiers.oci.errors import RegistryError
from dynbuild.tiers.oci.images import small_layers


def lacks(pin: Pin, program: str, environment: Mapping[str, str]) -> bool:
    """Implements ``commands.programs.Lacks``; False where nobody can tell."""
    with TemporaryDirectory(prefix="dynbuild-") as folder:
        try:
            layers = small_layers(pin, environment, Path(folder))
            tree = None if layers is None else written(layers, {})
        except (RegistryError, DamagedError, MalformedLayerError, OSError):
            return False
    return tree is not None and bool(missing_directories(program, (tree,)))
