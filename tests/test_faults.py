"""The short form of `make faults`."""

from pathlib import Path

import pytest

from tests.faults import Kill, Undisturbed, disturb, kills, undisturbed_run

pytestmark = pytest.mark.slow
SEED = 5


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed_run(tmp_path_factory.mktemp("study"))


@pytest.mark.parametrize(
    "kill", kills(3, SEED), ids=lambda kill: f"{kill.victim} {kill.number.name}"
)
def test_a_killed_run_comes_to_the_same_outputs_and_computes_nothing_finished_again(
    kill: Kill, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    assert disturb(kill, undisturbed, tmp_path / "study").faults == []
