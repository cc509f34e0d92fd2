from fractions import Fraction
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.attribution import CELLS, THIRDS, attribution
from pipeline.analysis.errors import BoolArray
from pipeline.analysis.intervals import estimate
from pipeline.study import merged, read_yaml

IDEAS = {"L": "locality", "S": "weight sharing, given locality", "P": "subsampling"}


def study(*cells: str, seeds: int = 4, images: int = 50) -> dict[str, BoolArray]:
    draws = np.random.default_rng(0)
    return {cell: draws.random((seeds, images)) < 0.3 for cell in cells}


def test_each_idea_gets_its_mean_over_the_orders_that_can_be() -> None:
    expected = {idea: dict.fromkeys(CELLS, Fraction(0)) for idea in IDEAS}
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
        weights = {cell: weight for cell, weight in expected[idea].items() if weight}
        assert weights == {cell: Fraction(w, 3) for cell, w in THIRDS[name].items()}


def test_the_ideas_share_out_the_whole_difference() -> None:
    wrong = study(*CELLS)
    ideas = attribution(wrong, CELLS)["ideas"]
    shared = sum(ideas[name]["effect"] for name in IDEAS.values())
    assert shared == pytest.approx(wrong["LSP"].mean() - wrong["none"].mean())


def test_the_interval_is_that_of_the_combined_errors() -> None:
    wrong = study(*CELLS)
    found = attribution(wrong, CELLS)["ideas"]["interaction of sharing and subsampling"]
    whole = {cell: rows.astype(int) for cell, rows in wrong.items()}
    combined = estimate(whole["LSP"] - whole["LS"] - whole["LP"] + whole["L"])
    assert found["effect"] == pytest.approx(combined.mean)
    assert found["ci95"] == pytest.approx(combined.interval(0.95))
    assert (found["n_seeds"], found["n_images"]) == (4, 50)


def test_what_is_missing_is_named_and_what_can_be_told_is_told() -> None:
    cells = ("LSP", "LS", "LP", "L")
    found = attribution(study(*cells), {cell: CELLS[cell] for cell in cells})
    assert found["missing"] == [CELLS["none"], CELLS["P"]]
    assert list(found["ideas"]) == [IDEAS["S"], "interaction of sharing and subsampling"]


def test_cell_without_all_its_seeds_is_missing() -> None:
    wrong = study(*CELLS) | {"L": None}
    assert attribution(wrong, CELLS)["missing"] == [CELLS["L"]]


@pytest.mark.parametrize(("name", "missing"), [("standard", 3), ("lattice", 0)])
def test_lattice_study_has_what_the_standard_study_lacks(name: str, missing: int) -> None:
    words = read_yaml(Path("params.yaml"))
    if name == "lattice":
        words = merged(words, read_yaml(Path("studies/lattice.yaml")))
    wrong = study(*words["variants"])
    assert len(attribution(wrong, words["variants"])["missing"]) == missing
