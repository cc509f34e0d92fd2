from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from pipeline.analysis.attribution import CONTRIBUTIONS, attribution
from pipeline.analysis.intervals import estimate
from pipeline.analysis.robustness import Rows
from pipeline.analysis.roles import LATTICE

IDEAS = {"L": "locality", "S": "weight sharing, given locality", "P": "subsampling"}


MEASURES = {"error": {"images": Fraction(1)}, "mean": dict.fromkeys("ab", Fraction(1, 2))}


def study(*nodes: str, seeds: int = 4, images: int = 50) -> dict[str, Rows]:
    draws = np.random.default_rng(0)
    return {
        node: {name: draws.random((seeds, images)) < 0.3 for name in ("images", "a", "b")}
        for node in nodes
    }


def test_each_idea_gets_its_mean_over_the_orders_that_can_be() -> None:
    expected = {idea: dict.fromkeys(LATTICE, Fraction(0)) for idea in IDEAS}
    orders = [o for o in permutations("LSP") if o.index("L") < o.index("S")]
    assert len(orders) == 3
    for order in orders:
        for place, idea in enumerate(order):
            before, after = (
                "".join(sorted(order[:end], key="LSP".index)) or "none"
                for end in (place, place + 1)
            )
            expected[idea][after] += Fraction(1, 3)
            expected[idea][before] -= Fraction(1, 3)
    for idea, name in IDEAS.items():
        weights = {node: weight for node, weight in expected[idea].items() if weight}
        assert weights == CONTRIBUTIONS[name]


def test_the_ideas_share_out_the_whole_difference() -> None:
    wrong = study(*LATTICE)
    ideas = attribution(wrong, MEASURES)["ideas"]
    for measure, sets in (("error", ["images"]), ("mean", ["a", "b"])):
        shared = sum(ideas[name][measure]["mean"] for name in IDEAS.values())
        whole, nothing = (np.mean([wrong[c][each] for each in sets]) for c in ("LSP", "none"))
        assert shared == pytest.approx(whole - nothing)


def test_the_interval_is_that_of_the_combined_errors() -> None:
    wrong = study(*LATTICE)
    ideas = attribution(wrong, MEASURES)["ideas"]
    found = ideas["interaction of sharing and subsampling"]["error"]
    whole = {node: rows["images"].astype(int) for node, rows in wrong.items()}
    expected = estimate(whole["LSP"] - whole["LS"] - whole["LP"] + whole["L"])
    assert found == expected.to_dict()


def test_what_is_missing_is_named_and_what_can_be_told_is_told() -> None:
    found = attribution(study("LSP", "LS", "LP", "L"), MEASURES)
    assert found["missing"] == [LATTICE["none"], LATTICE["P"]]
    assert list(found["ideas"]) == [IDEAS["S"], "interaction of sharing and subsampling"]


def test_cell_without_all_its_seeds_is_missing() -> None:
    assert attribution(study(*LATTICE) | {"L": None}, MEASURES)["missing"] == [LATTICE["L"]]
