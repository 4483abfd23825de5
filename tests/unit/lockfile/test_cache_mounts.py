"""Cache mounts in a lock: what is no mount."""

import pytest

from dynbuild.errors import LockError
from dynbuild.lockfile.codec import loads

LOCK = """\
version = 2
[base]
image = "x"
[stages.a]
seq = 1
commands = ["x"]
cache_mounts = [{mount}]
"""


@pytest.mark.parametrize(
    ("mount", "words"),
    [
        ("3", "should hold text or tables"),
        ('{ target = "/a", sharing = "odd" }', "shared, private or locked"),
    ],
)
def test_what_is_no_mount(mount: str, words: str) -> None:
    with pytest.raises(LockError, match=words):
        loads(LOCK.replace("{mount}", mount))
