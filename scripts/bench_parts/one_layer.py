"""A process that pushes and pulls one layer, and tells how much memory it took.

    python one_layer.py s3|registry ADDRESS PLACE FILE BLOB BACK

Prints seconds to push, seconds to pull, and MiB before and at most: Linux's VmHWM,
since the peak of getrusage may be that of whoever started this process.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dynbuild.digest import Digest
from dynbuild.ports import Tier


def tier(kind: str, address: str, place: str) -> Tier:
    if kind == "registry":
        from dynbuild.tiers.oci.address import Repository  # noqa: PLC0415
        from dynbuild.tiers.registry import Registry  # noqa: PLC0415

        nobody = {"DOCKER_CONFIG": "/nowhere"}
        return Registry(Repository(address, place), nobody, print)
    from dynbuild.tiers.s3 import S3  # noqa: PLC0415
    from dynbuild.tiers.s3_client import Settings  # noqa: PLC0415

    return S3(Settings(address, place, secure=False, region="us-east-1"), print)


def peak() -> float:
    (line,) = (
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    )
    return int(line.split()[1]) / 1024


def main() -> None:
    kind, address, place, file, blob, back = sys.argv[1:]
    opened = tier(kind, address, place)
    before, start = peak(), time.perf_counter()
    opened.keep(Digest(blob), file)
    pushed = time.perf_counter()
    assert opened.fetch(Digest(blob), back)
    pulled = time.perf_counter()
    print(pushed - start, pulled - pushed, before, peak())


if __name__ == "__main__":
    main()
