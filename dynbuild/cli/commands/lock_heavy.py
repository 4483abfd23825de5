"""Advice of ``lock`` to repack logs of which old versions weigh much, and its price."""

from typing import TYPE_CHECKING

from dynbuild.cli.consent import agreed
from dynbuild.cli.progress_text import size
from dynbuild.commands.lock_weights import HeavyLog, heavy_logs
from dynbuild.environment.project import Project
from dynbuild.errors import DeclarationError, Diagnostic
from dynbuild.explain.past import LOCAL
from dynbuild.lockfile.images import LockedImages
from dynbuild.ports import Tier
from dynbuild.tiers.declared import declared_in

if TYPE_CHECKING:
    from dynbuild.declaration.loaded import Loaded


def heavy(
    project: Project, loaded: "Loaded", several: LockedImages
) -> list[Diagnostic]:
    """Return warnings about logs of a lock; only the store of this machine is asked."""

    def near() -> Tier:
        # What opens tiers takes longer to import than most locks take to update.
        from dynbuild.environment.wiring import near_of, store_of  # noqa: PLC0415

        cache = agreed(project, declared_in(loaded.declaration))
        store = store_of(project.place.root, cache.local)
        return near_of(store, cache, lambda _: None)

    try:
        found = [*heavy_logs(several, near)]
        told = [_told(one, several=len(several.images) > 1) for one in found]
        price = _price(project, loaded, near()) if told else ""
    except DeclarationError:
        return []  # of the store, of which whoever builds is told
    return [_warning(one, price) for one in told]


def _price(project: Project, loaded: "Loaded", near: Tier) -> str:
    # Imported only when needed.
    from dynbuild.cli.commands.lock_price import prices_of_repack  # noqa: PLC0415

    prices = prices_of_repack(project, loaded, {LOCAL: near})
    return "".join(f"\n({one})" for one in prices)


def _told(log: HeavyLog, *, several: bool) -> str:
    of = f" of {log.image}" if several else ""
    cold, whole = size(log.weight.cold), size(log.weight.size)
    return (
        f"of {whole} that packages of {log.manager}{of} weigh, about {cold} lie below "
        "what upgraded or removed them"
    )


def _warning(message: str, price: str) -> Diagnostic:
    hint = (
        "they are moved with the image, and scanners of layers find what was fixed;\n"
        "`dynbuild lock --repack` makes a lock without them, and runs every step"
        f"{price}"
    )
    return Diagnostic("DB0451", message, hint=hint, severity="warning")
