"""What engines and buildx of several versions said (`scripts/record-streams`)."""

from collections.abc import Sequence
from pathlib import Path

STREAMS = Path(__file__).parent / "streams"
VERSIONS = sorted(path.name for path in STREAMS.iterdir())


def recorded(version: str, name: str) -> Sequence[str]:
    """Return the lines of a recording."""
    return (STREAMS / version / name).read_text().splitlines()
