"""The files of a project as the language sees them: links, and what is noted."""

import shutil
from pathlib import Path

import pytest

from dynbuild.declaration.inputs import ROOT
from dynbuild.errors import DeclarationError
from dynbuild.lang import evaluate, to_nix
from dynbuild.project.cache.facts import FileObservations, hold
from dynbuild.project.sources import Sources
from dynbuild.spans import Source
from tests.language.corpus import FILES, Case, okay_cases

READING = [case for case in okay_cases() if case.name.startswith("files-")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return shutil.copytree(FILES, tmp_path / "files", symlinks=True).resolve()


def value(text: str, files: Sources) -> str:
    return to_nix(evaluate(Source("case.nix", text), files=files, directory=ROOT))


@pytest.mark.parametrize("case", READING, ids=[case.name for case in READING])
def test_the_disk_is_read_as_the_memory_is(case: Case, root: Path) -> None:
    found = value(case.text, Sources(root))
    assert found.replace(f"{ROOT}/", "/") == case.expected


def test_an_absolute_link_into_the_project_is_followed(root: Path) -> None:
    (root / "absolute.nix").symlink_to(root / "links" / "real" / "use.nix")
    found = value("import ./absolute.nix", Sources(root))
    assert found == f'[ "the lib of links" {ROOT}/links/real/x ]'


@pytest.mark.parametrize(
    ("link", "target", "of"),
    [
        ("round", "round", "round"),
        ("round", "round", "round/x.nix"),
        ("above", ".", "x.nix"),
        ("links/real/up", "../back", "links/far/over/up"),
        ("out", "/usr", "out/x.nix"),
    ],
)
def test_a_link_that_leads_nowhere_good(
    link: str, target: str, of: str, root: Path
) -> None:
    (root / "x.nix").write_text("import ./above/x.nix")
    # Read as a text, as Nix does, the link `up` leads to `links/far/back` and back.
    (root / "links/back").write_text("1")
    (root / "links/far/back").symlink_to("over/up")
    (root / link).symlink_to(target)
    with pytest.raises(DeclarationError) as caught:
        value(f"import ./{of}", Sources(root))
    assert caught.value.diagnostics[0].code == "DB0220"


def test_where_a_link_leads_is_noted(root: Path) -> None:
    facts = FileObservations()
    value("import ./links/one.nix", Sources(root, facts=facts))
    assert hold(facts.listed())
    one = root / "links" / "one.nix"
    one.unlink()
    one.symlink_to("far/over/use.nix")
    assert not hold(facts.listed())


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("import ./sett.nix", "did you mean 'set.nix'?"),
        ("builtins.readDir ./dirs", "did you mean 'dir'?"),
        ("import ./other.nix", None),
        ("import ./nowhere/set.nix", None),
        ("import ./empty", "of a directory, its default.nix is imported"),
    ],
)
def test_what_is_not_there_has_a_neighbour(
    text: str, hint: str | None, root: Path
) -> None:
    (root / "empty").mkdir()
    with pytest.raises(DeclarationError) as caught:
        value(text, Sources(root))
    assert caught.value.diagnostics[0].hint == hint
