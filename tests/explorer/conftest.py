"""One browser for the session, one page with the arithmetic."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.explorer.browser import arithmetic_page, browser_or_skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; tests skip without it."""
    yield from browser_or_skip()


@pytest.fixture(scope="session")
def arithmetic(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A page with the explorer's arithmetic alone."""
    return arithmetic_page(browser, tmp_path_factory.mktemp("arithmetic"))
