"""Three machines, and what the small study comes to on one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.hosts import NEEDED, Host, hosts, possible
from tests.faults import Undisturbed, undisturbed_run


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed_run(tmp_path_factory.mktemp("study"))


@pytest.fixture
def cluster(undisturbed: Undisturbed, tmp_path: Path) -> Iterator[tuple[Host, Host, Host]]:
    """Where the scheduler and the coordinator are, and two machines that may work for them."""
    if not possible():
        pytest.skip(NEEDED)
    with hosts(undisturbed.plain, tmp_path, count=3) as (first, second, third):
        yield first, second, third
