"""Which class a network answers, and what counts as wrong."""

import numpy as np

from pipeline.outputs.misclassified import NO_ANSWER, answers, is_wrong

NAN, INF = np.nan, np.inf


def judge(*scores: list[float], label: int) -> list[bool]:
    """Each of the scores as one network's on one image."""
    stacked = np.array(scores, dtype=np.float32)[:, None, :]
    return is_wrong(stacked, np.array([label]))[:, 0].tolist()


def test_the_highest_score_is_the_prediction() -> None:
    assert judge([0.1, 0.7, 0.2], [0.7, 0.1, 0.2], label=1) == [False, True]


def test_negative_distances_are_scores() -> None:
    assert judge([-9.0, -2.0, -3.0], [-9.0, -3.0, -2.0], label=1) == [False, True]


def test_a_tie_is_wrong_whichever_class_comes_first() -> None:
    assert judge([1.0, 1.0, 0.0], label=0) == [True]
    assert judge([1.0, 1.0, 0.0], label=1) == [True]


def test_a_tie_below_the_label_does_no_harm() -> None:
    assert judge([2.0, 1.0, 1.0], label=0) == [False]


def test_a_score_that_is_not_a_number_is_wrong_wherever_it_stands() -> None:
    scores = [[NAN, 0.0, 1.0], [0.0, NAN, 1.0], [0.0, 1.0, NAN], [NAN, NAN, NAN]]
    assert judge(*scores, label=2) == [True, True, True, True]
    assert judge([5.0, NAN, *[1.0] * 8], label=0) == [True]


def test_infinite_scores_are_compared_like_others() -> None:
    assert judge([-INF, 0.0, INF], [-INF, -INF, -INF], label=2) == [False, True]


def test_one_network_is_judged_as_in_a_stack_of_them() -> None:
    scores = np.array([[0.0, 1.0], [1.0, 0.0], [NAN, 0.0], [1.0, 1.0]], dtype=np.float32)
    labels = np.array([1, 1, 1, 1], dtype=np.uint8)
    assert is_wrong(scores, labels).tolist() == [False, True, True, True]
    assert is_wrong(np.stack([scores] * 2), labels).tolist() == [[False, True, True, True]] * 2
    assert answers(scores).tolist() == [1, 0, NO_ANSWER, NO_ANSWER]


def test_errors_are_laid_out_by_network_and_image() -> None:
    scores = np.zeros((2, 3, 10), dtype=np.float32)
    labels = np.array([3, 7, 7])
    scores[0, [0, 1, 2], [3, 7, 7]] = 1
    scores[1, [0, 1, 2], [3, 1, 1]] = 1
    assert is_wrong(scores, labels).tolist() == [[False, False, False], [False, True, True]]
