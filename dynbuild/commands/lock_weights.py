"""What package logs of a lock weigh, as far as a tier knows it."""

from collections.abc import Callable, Iterator
from itertools import takewhile

from dynbuild.errors import DeclarationError
from dynbuild.explain.cold import Laid, Weight, has_superseded, weight
from dynbuild.explain.view import common_platform, stand_ins
from dynbuild.lockfile.images import LockedImages
from dynbuild.lockfile.model import Lock
from dynbuild.lockfile.order import install_order
from dynbuild.lockfile.platform import of_platform
from dynbuild.lockfile.resolved import resolve
from dynbuild.ports import Tier
from dynbuild.steps.model import Group
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class HeavyLog:
    """A package log much of which is hidden: of an image, of a manager."""

    image: str
    manager: str
    weight: Weight


def heavy_logs(several: LockedImages, near: Callable[[], Tier]) -> Iterator[HeavyLog]:
    """Yield the logs of images of which old versions weigh too much.

    The tier is opened only where a log may be one. Groups of an image from the first
    that it does not hold are left out: nobody knows what they hide. What an image
    inherits is told of it where it adds to that.
    """
    for name in several.parents_first:
        own = several.images[name].own.packages
        for manager, of in _weights(several.whole(name), near).items():
            if manager in own and of.is_much:
                yield HeavyLog(name, manager, of)


def _weights(whole: Lock, near: Callable[[], Tier]) -> dict[str, Weight]:
    platform = common_platform(whole)
    try:
        lock = of_platform(whole, platform)
        order = install_order(lock)
        logs: dict[str, list[tuple[str, Group]]] = {}
        for placed in order:
            if isinstance(placed.step, Group) and placed.own_base is None:
                log = logs.setdefault(placed.step.manager, [])
                log.append((placed.id, placed.step))
        logs = {
            manager: log
            for manager, log in logs.items()
            if has_superseded([group for _, group in log])
        }
        if not logs:
            return {}
        digests = resolve(lock, platform, *stand_ins(lock, order)).digests
    except DeclarationError:
        return {}  # it cannot be built for the platform: whoever realizes it is told
    steps = {m: [digests[id_] for id_, _ in log] for m, log in logs.items()}
    records = {
        record.step: Laid(sum(layer.size for layer in record.layers), record.writes)
        for record in near().find([one for log in steps.values() for one in log])
    }
    return {
        manager: weight([records[one] for one in takewhile(records.__contains__, log)])
        for manager, log in steps.items()
    }
