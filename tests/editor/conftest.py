"""One language server for the tests of a module, as an editor has many folders open."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.editor.client import Editor, apart


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    home = tmp_path_factory.mktemp("editor")
    errors = home / "stderr"
    started = await Editor.start(errors, home, None, **apart(home))
    yield started
    await started.stop()
    assert "Traceback" not in errors.read_text()
    # An error of its own would be shown as one.
    assert [one.message for one in started.messages] == []
