"""Pins that are the same on every machine, whatever a registry has today.

For what is compared with snapshots; that pinning itself works is tested with a real
registry.
"""

from dynbuild.digest import sha256
from dynbuild.steps.model import Pin


def pinned(image: str) -> Pin:
    digest = sha256(image.encode())
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return Pin(image, digest, {"linux/amd64": digest}, {"PATH": path})
