"""One snapshot for each message that people may get to read."""

from pathlib import Path

import pytest

from dynbuild.lang.failure import CODES
from dynbuild.lang.hints import HINTS
from dynbuild.lang.refusals import REFUSALS
from tests.language.corpus import memory_files
from tests.language.messages import FOLDER, messages, read

FILES = memory_files()
SNAPSHOTS = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", SNAPSHOTS, ids=[path.stem for path in SNAPSHOTS])
def test_message(path: Path) -> None:
    source, expected = read(path)
    assert messages(source, FILES) == expected


def test_each_hint_refusal_and_code_has_a_snapshot() -> None:
    shown = "\n".join(read(path)[1] for path in SNAPSHOTS)
    for hint in HINTS:
        parts = hint.message.replace("{", "\0{").replace("}", "}\0").split("\0")
        assert all(part in shown for part in parts if not part.startswith("{")), hint
    for refusal in REFUSALS.values():
        assert refusal.message.partition("{")[0] in shown, refusal
    for code in CODES:
        assert code in shown, code
