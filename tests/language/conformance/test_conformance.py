"""Real Nix agrees: on the whole corpus, and on random terms."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from dynbuild.errors import DeclarationError
from dynbuild.lang import MemoryFiles, evaluate, to_nix
from dynbuild.spans import Source
from tests.language.conformance.nix import nix_instantiate, nix_value
from tests.language.corpus import FILES, Case, fail_cases, okay_cases
from tests.language.terms import closed

pytestmark = pytest.mark.slow

OKAY = okay_cases()
FAIL = fail_cases()
TERMS = int(os.environ.get("DYNBUILD_TERMS", "3000"))


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if nix_instantiate() is None:
        # A skip in CI would let a submission land that was never compared.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(
            "Nix cannot be had here"
        )
    path = tmp_path_factory.mktemp("nix")
    shutil.copytree(FILES, path, symlinks=True, dirs_exist_ok=True)
    return path


def ours(text: str) -> str | None:
    try:
        return to_nix(evaluate(Source("/case.nix", text), files=MemoryFiles({})))
    except DeclarationError:
        return None


@pytest.mark.parametrize("case", OKAY, ids=[case.name for case in OKAY])
def test_the_values_are_those_of_nix(case: Case, directory: Path) -> None:
    assert nix_value(case.text, directory) == case.expected


@pytest.mark.parametrize("case", FAIL, ids=[case.name for case in FAIL])
def test_what_fails_here_fails_in_nix(case: Case, directory: Path) -> None:
    if case.name.startswith("dropped-"):
        pytest.skip("dynbuild leaves it out on purpose")
    assert nix_value(case.text, directory) is None


@settings(
    max_examples=TERMS,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(closed)
def test_random_terms(directory: Path, text: str) -> None:
    assert ours(text) == nix_value(text, directory), text
