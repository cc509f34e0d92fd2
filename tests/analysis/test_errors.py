import numpy as np

from pipeline.analysis.errors import diverged, error_counts


def test_errors_are_counted_by_network() -> None:
    assert error_counts(np.array([[False, False, False], [False, True, True]])) == [0, 2]


def test_only_networks_with_a_score_that_is_not_a_number_diverged() -> None:
    scores = np.zeros((3, 2, 10), dtype=np.float32)
    scores[1, 1, 4] = np.nan
    scores[2, 0, 0] = np.inf
    assert diverged(scores).tolist() == [False, True, False]
