"""Every tier against the one list of scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dynbuild.tiers.local import Local
from dynbuild.tiers.memory import Memory
from tests.contracts.tiers import SCENARIOS, Bench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dynbuild.digest import Digest


def memory(folder: Path) -> Bench:
    tier = Memory()

    def damage(blob: Digest, data: bytes | None) -> None:
        del tier.blobs[blob]
        if data is not None:
            tier.blobs[blob] = data

    return Bench(tier, folder, damage)


def local(folder: Path) -> Bench:
    root = folder / "store"

    def damage(blob: Digest, data: bytes | None) -> None:
        path = root / "blobs" / "sha256" / blob.removeprefix("sha256:")
        path.unlink()
        if data is not None:
            path.write_bytes(data)

    return Bench(Local(root, lambda _: None), folder, damage)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda case: case.__name__)
@pytest.mark.parametrize("make", [memory, local], ids=["memory", "local"])
def test_tier(
    make: Callable[[Path], Bench], scenario: Callable[[Bench], None], tmp_path: Path
) -> None:
    scenario(make(tmp_path))
