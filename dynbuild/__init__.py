"""dynbuild: declarative container images with a lock."""

from dynbuild.version import __version__

# As in ``typing``, which every start would wait for.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from dynbuild.api import (
        WantedImage,
        load,
        lock,
        open_environment,
        realize,
        realize_images,
        trust,
        why,
    )
    from dynbuild.building import BuildFailed, Load, OciLayout, Push
    from dynbuild.commands.lock_requests import LockOptions
    from dynbuild.environment.model import Environment
    from dynbuild.errors import Diagnostic, DynbuildError
    from dynbuild.realization.request import RealizeOptions

__all__ = [
    "BuildFailed",
    "Diagnostic",
    "DynbuildError",
    "Environment",
    "Load",
    "LockOptions",
    "OciLayout",
    "Push",
    "RealizeOptions",
    "WantedImage",
    "__version__",
    "load",
    "lock",
    "open_environment",
    "realize",
    "realize_images",
    "trust",
    "why",
]

_MODULES = {
    "BuildFailed": "building",
    "Diagnostic": "errors",
    "DynbuildError": "errors",
    "Environment": "environment.model",
    "Load": "building",
    "LockOptions": "commands.lock_requests",
    "OciLayout": "building",
    "Push": "building",
    "RealizeOptions": "realization.request",
}


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for: the command line starts sooner."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415

    module = importlib.import_module(f"dynbuild.{_MODULES.get(name, 'api')}")
    return getattr(module, name)
