"""Whether a builder can take and give OCI layouts: found by a small build that does."""

import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from dynbuild.building import (
    BuildFailed,
    BuildRequest,
    Nowhere,
    OciLayout,
    PlatformImage,
)
from dynbuild.digest import BlobDigest
from dynbuild.engine.buildx import Buildx
from dynbuild.engine.layout import TAG, assemble
from dynbuild.engine.tarball import directories

_PLATFORM = "linux/amd64"
"""Nothing runs, so any will do."""


def lacking(buildx: Buildx, builder: str | None) -> str | None:
    """Return why a builder cannot take or give OCI layouts; None if it can.

    One that fails without layouts as well is not the wrong one: None. Raises
    UnreachableError.
    """
    with TemporaryDirectory(prefix="dynbuild-") as name:
        folder = Path(name)
        context = folder / "context"
        context.mkdir()
        (context / "file").touch()
        layer, blob = directories(("/given",), folder, "gzip")

        def fetch(_: BlobDigest, path: str) -> bool:
            shutil.copyfile(blob, path)
            return True

        config = {"os": "linux", "architecture": "amd64"}
        image = PlatformImage((layer,), config)
        assemble(folder / "in", {_PLATFORM: image}, fetch)
        plain = BuildRequest(
            dockerfile="FROM scratch\nCOPY file /\n",
            context=str(context),
            outputs=(),
            platforms=(_PLATFORM,),
            builders=(builder,) if builder else (),
        )
        layouts = replace(
            plain,
            dockerfile="FROM given\nCOPY --from=given /given /taken/\n",
            build_contexts={"given": f"oci-layout://{folder / 'in'}:{TAG}"},
        )
        try:
            buildx.attempt(layouts, OciLayout(str(folder / "out")), lambda _: None)
        except BuildFailed as error:
            why = error.message
        else:
            return None
        try:
            buildx.attempt(plain, Nowhere(), lambda _: None)
        except BuildFailed:
            return None
        return why
