"""The identity of cache mounts: project, distribution, stage and target.

What lies in a cache mount comes into images unchecked, so nothing is shared between
projects, the mounts of package managers neither: whoever declares a package's source or
a script decides what runs beside them. Where a stage stands on others or copies from
them, the mount is of these as they are: what compares times takes output of another
source for newer where the layers of that source are older, since a tier had them.
"""

import json
from collections.abc import Mapping
from dataclasses import field

from dynbuild.digest import Digest, sha256, short
from dynbuild.steps.model import Stage, Step
from dynbuild.steps.run import CacheMount
from dynbuild.values import dataclass

_OWN = "dynbuild"


@dataclass(frozen=True, slots=True)
class Mounts:
    """The owner of the cache mounts that a Dockerfile names.

    ``project`` is the user's name for it, not the declaration's; empty in a
    Dockerfile that is only printed. ``digests`` are those of the steps.
    """

    project: str = ""
    digests: Mapping[str, Digest] = field(default_factory=dict)

    def id(self, mount: CacheMount, step: Step, base: str) -> str:
        """Return the id of a mount, without the architecture."""
        if not isinstance(step, Stage):
            return "-".join(filter(None, (_OWN, self.project, mount.id)))
        parts = [_OWN, self.project or "printed", _short(base)]
        if mount.id is not None:
            # No stage is called so.
            return "/".join([*parts, "=", mount.id])
        below = sorted(
            self.digests[name] for name in step.needs if name in self.digests
        )
        name = f"{step.name}@{_short(*below)}" if below else step.name
        target = mount.target.strip("/")
        return "/".join([*parts, name, f"{mount.uid}", target])


PRINTED = Mounts()


def _short(*texts: str) -> str:
    return short(sha256(json.dumps(texts).encode()))
