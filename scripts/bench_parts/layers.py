"""A process that pushes and pulls layers of 1 GB, and tells how much memory it took.

    python layers.py s3|registry ADDRESS PLACE FOLDER COUNT

The layers are sparse, each with its number in it, and are made in the folder.

Prints seconds to push, seconds to pull, and MiB before and at most: Linux's VmHWM,
since the peak of getrusage may be that of whoever started this process.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dynbuild.digest import Digest
from dynbuild.ports import Tier
from dynbuild.tiers.local.tier import digest_of_file

GIGABYTE = 10**9


def tier(kind: str, address: str, place: str) -> Tier:
    if kind == "registry":
        from dynbuild.tiers.oci.address import Repository  # noqa: PLC0415
        from dynbuild.tiers.registry.tier import Registry  # noqa: PLC0415

        nobody = {"DOCKER_CONFIG": "/nowhere"}
        return Registry(Repository(address, place), nobody, print)
    from dynbuild.tiers.s3.client import Settings  # noqa: PLC0415
    from dynbuild.tiers.s3.tier import S3  # noqa: PLC0415

    return S3(Settings(address, place, secure=False, region="us-east-1"), print)


def peak() -> float:
    (line,) = (
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    )
    return int(line.split()[1]) / 1024


def layer(folder: Path, number: int) -> tuple[Digest, Path]:
    path = folder / str(number)
    with path.open("wb") as file:
        file.write(b"%d" % number)
        file.truncate(GIGABYTE)
    return digest_of_file(path), path


def main() -> None:
    kind, address, place, folder, count = sys.argv[1:]
    layers = [layer(Path(folder), number) for number in range(int(count))]
    opened = tier(kind, address, place)
    before, start = peak(), time.perf_counter()
    for blob, path in layers:
        opened.keep(blob, str(path))
    pushed = time.perf_counter()
    for blob, path in layers:
        path.unlink()
        assert opened.fetch(blob, str(path))
        # What came is no longer sparse.
        path.unlink()
    pulled = time.perf_counter()
    print(pushed - start, pulled - pushed, before, peak())


if __name__ == "__main__":
    main()
