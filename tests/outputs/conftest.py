"""One thread and a cache for each test."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _alone(one_thread: None, cache: Path) -> None:
    """For every test of this room."""
