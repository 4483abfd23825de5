"""What the Tab key offers in a conversation."""

from dynbuild.lang import MemoryFiles
from dynbuild.lang.session import Session, is_open
from dynbuild.spans import Source


def session() -> Session:
    made = Session("/", MemoryFiles({}), lambda _: None)
    made.bind("config", Source("-", "{ port = 80; path = { a = throw ''never''; }; }"))
    return made


def test_names_are_completed() -> None:
    made = session()
    assert made.completions("con") == ["config"]
    assert made.completions("1 + builtins.toJ") == ["builtins.toJSON"]
    assert "__add" not in made.completions("")
    assert made.completions("__ad") == ["__add", "__addErrorContext"]


def test_only_what_was_evaluated_is_completed() -> None:
    made = session()
    assert made.completions("config.p") == []
    assert made.value("config.port") == "80"
    assert made.completions("config.p") == ["config.path", "config.port"]
    assert made.completions("config.port.x") == []
    assert made.completions("config.path.") == []
    assert made.completions("nothing.") == []


def test_open() -> None:
    assert is_open("[ 1")
    assert is_open("''a")
    assert is_open('"${x')
    assert not is_open("[ 1 ]")
    assert not is_open("# [")
