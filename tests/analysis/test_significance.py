import numpy as np
import pytest
from scipy import stats

from pipeline.analysis.significance import can_reject, holm, sign_flip, smallest_p


def test_seeds_that_all_agree_give_the_smallest_p() -> None:
    assert sign_flip([3, 1, 4, 1, 5, 9, 2, 6, 5, 3]) == smallest_p(10) == 2 / 1024


def test_signs_are_flipped_in_all_ways() -> None:
    # Sums of +-1 +-2 +-3: 6, 4, 2, 0, 0, -2, -4, -6; four lie at least as far out as 1 + 3 - 2 = 2
    # and two more do at exactly 2.
    assert sign_flip([1, -2, 3]) == 6 / 8


def test_no_difference_at_all_is_no_evidence() -> None:
    assert sign_flip([0, 0, 0]) == 1
    assert sign_flip([4, -4]) == 1


def test_a_seed_without_a_difference_changes_nothing() -> None:
    assert sign_flip([5, 3, 0, 4]) == sign_flip([5, 3, 4])


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_exact_permutation_test(seed: int) -> None:
    differences = np.random.default_rng(seed).integers(-10, 20, size=8)
    reference = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=2**8
    )
    assert sign_flip(differences.tolist()) == pytest.approx(reference.pvalue)


def test_thirty_seeds_take_no_longer_than_their_sums() -> None:
    assert sign_flip([7] * 30) == 2 / 2**30


def test_nine_seeds_can_decide_seven_comparisons_and_eight_cannot() -> None:
    assert can_reject(9, family_size=7)  # 7 * 2/512 = 0.027
    assert not can_reject(8, family_size=7)  # 7 * 2/256 = 0.055


def test_a_single_comparison_needs_six_seeds() -> None:
    assert [seeds for seeds in range(1, 9) if can_reject(seeds, family_size=1)] == [6, 7, 8]


def test_holm_steps_down_and_keeps_the_order_given() -> None:
    # Sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, then 0.04 x 1 raised to the one before.
    corrected = holm([0.01, 0.04, 0.03, 0.005], family_size=4)
    assert corrected == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_does_not_exceed_one() -> None:
    assert holm([0.5, 0.9], family_size=2) == [1.0, 1.0]


def test_members_without_a_p_value_still_count_in_the_family() -> None:
    assert holm([None, 0.01], family_size=3) == [None, pytest.approx(0.03)]
