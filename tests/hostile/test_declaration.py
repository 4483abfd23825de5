"""A declaration that a stranger wrote: what it may not use up, read or decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dynbuild.errors import DeclarationError
from tests.e2e.locks import lock
from tests.hostile.growing import growing

if TYPE_CHECKING:
    from tests.space import Space


def test_variables_that_grow_without_bound(space: Space) -> None:
    """Sixteen stages that each take a variable four times are refused, not 4 GB."""
    with pytest.raises(DeclarationError, match="B cannot be set: it would have more"):
        lock(space, growing("$B$B$B$B"))
