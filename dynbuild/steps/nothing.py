"""What starts from nothing, as an image or a stage from scratch does."""

from dynbuild.reference import SCRATCH
from dynbuild.steps.model import Pin

NOTHING = Pin(
    SCRATCH,
    None,
    env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
)
"""What BuildKit makes of FROM scratch: no files, and the usual path."""
