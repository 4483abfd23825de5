"""The texts of layers that tell what a step read."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from dynbuild.digest import sha256
from dynbuild.engine.texts import LayerTexts
from dynbuild.link.model import Written
from dynbuild.tiers.local.machine import LocalMachine
from dynbuild.tiers.local.tier import Local

if TYPE_CHECKING:
    from pathlib import Path

CONF = b"/opt/lib\n"
CACHE = {"etc/ld.so.cache": Written("file", 0o644, 0, 0, "sha256:1", (), new=True)}


def conf(content: str) -> dict[str, Written]:
    return {"etc/ld.so.conf": Written("file", 0o644, 0, 0, content, (), new=True)}


def layer(folder: Path) -> Path:
    path = folder / "layer.tar"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("etc/ld.so.conf")
        info.size = len(CONF)
        archive.addfile(info, io.BytesIO(CONF))
    return path


def test_a_text_that_is_not_found_is_looked_for_again(tmp_path: Path) -> None:
    """A tree that promises a text which no layer has does not empty it for ever."""
    machine = LocalMachine(Local(tmp_path / "store", print), print)
    tree = conf(str(sha256(CONF)))
    assert "opt/lib/*.so*" not in LayerTexts(machine, list).reads(CACHE, {}, tree)
    ground = layer(tmp_path)
    assert "opt/lib/*.so*" in LayerTexts(machine, lambda: [ground]).reads(
        CACHE, {}, tree
    )
    ground.unlink()
    assert "opt/lib/*.so*" in LayerTexts(machine, lambda: [ground]).reads(
        CACHE, {}, tree
    )
