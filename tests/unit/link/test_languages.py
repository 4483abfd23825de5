"""Which files are for a language that is no more."""

from dynbuild.link.languages import other_language
from dynbuild.link.model import Written

FILE = Written("file", 0o644, content="file")
OTHER = Written("file", 0o644, content="other")
NOWHERE = Written("symlink", content="/opt/gone")


def test_a_link_to_nowhere_is_no_program() -> None:
    """What loads a module is then any program of the language, as where none is."""
    dangling = {"usr/bin/python3.11": NOWHERE, "usr/bin/python": FILE}
    module = ["usr/lib/python3.11/x.py"]
    assert other_language(module, (), dangling, dangling) is None
    told = other_language(module, (), dangling, {"usr/bin/python": OTHER})
    assert told == "its file /usr/lib/python3.11/x.py is for /usr/bin/python"
