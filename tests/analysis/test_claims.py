from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from pipeline.analysis.claims import CLAIMS, judged
from pipeline.analysis.roles import ROLES
from pipeline.analysis.significance import holm
from pipeline.corruptions.corruption import Group
from pipeline.corruptions.registry import REGISTRY, by_family, set_names

SETS = ("images", *REGISTRY)
STAGES = ("trained s2", "untrained s2", "trained c5", "untrained c5")
SHARES = {"LSP": 0.05, "MLP": 0.15, "small MLP": 0.2, "LP": 0.1, "LS": 0.1}


def study(shares: Mapping[str, float] | None = None, *, seeds: int = 10) -> dict[str, Any]:
    """Errors of each role; images that are hard are hard for all."""
    hard, draws = np.random.default_rng(0).random(400), np.random.default_rng(1)

    def missed(share: float) -> np.ndarray:
        return hard + 0.02 * draws.normal(size=(seeds, 400)) < share

    networks: dict[str, Any] = {}
    for role, share in {**dict.fromkeys(ROLES, 0.3), **SHARES, **(shares or {})}.items():
        networks[role] = {name: missed(share) for name in SETS}
        networks[role] |= {name: missed(0.3 - 0.05 * i) for i, name in enumerate(STAGES)}
    networks["LSP"]["untrained c5"] = missed(0.6)
    return networks


def verdicts(networks: Mapping[str, Any], *improving: str) -> list[str]:
    return [each["verdict"] for each in judged(networks, improving)]


def test_there_are_the_essay_s_seven_claims() -> None:
    assert len(CLAIMS) == 7
    assert len({claim.text for claim in CLAIMS}) == 7


def test_measures_are_those_of_the_protocol_word_for_word() -> None:
    def more(role: str, sets: Sequence[str]) -> dict[tuple[str, str], Fraction]:
        share = Fraction(1, len(sets))
        return {
            **{(role, name): share for name in sets},
            **{("LSP", name): -share for name in sets},
        }

    shifts = [each.name for each in by_family(Group.MEAN)["shift"]]
    third = Fraction(1, 3)
    assert [claim.weights for claim in CLAIMS] == [
        more("MLP", ["images"]),
        more("small MLP", ["images"]),
        more("LP", shifts),
        more("LS", set_names(Group.SMALL)),
        {
            ("LSP", "untrained c5"): 1,
            ("LSP", "trained c5"): -1,
            ("LSP", "untrained s2"): -1,
            ("LSP", "trained s2"): 1,
        },
        more("MLP", set_names(Group.MEAN)),
        {
            ("none", "images"): 2 * third,
            ("L", "images"): -2 * third,
            ("P", "images"): third,
            ("LP", "images"): -third,
        },
    ]


@pytest.mark.parametrize(
    ("place", "expected"),
    [(0, 0.1), (1, 0.15), (2, 0.05), (3, 0.05), (5, 0.1)],
)
def test_measure_of_a_difference_is_the_declared_one(place: int, expected: float) -> None:
    assert judged(study())[place]["mean"] == pytest.approx(expected, abs=0.03)


def test_measure_of_the_stages_is_the_gain_at_c5_minus_that_at_s2() -> None:
    networks = study()
    errors = {name: rows.mean() for name, rows in networks["LSP"].items()}
    expected = (errors["untrained c5"] - errors["trained c5"]) - (
        errors["untrained s2"] - errors["trained s2"]
    )
    assert judged(networks)[4]["mean"] == pytest.approx(expected)


def test_measure_of_locality_is_what_it_takes_off() -> None:
    networks = study({"none": 0.5, "P": 0.4, "L": 0.2, "LP": 0.15})
    errors = {role: rows["images"].mean() for role, rows in networks.items()}
    expected = 2 / 3 * (errors["none"] - errors["L"]) + 1 / 3 * (errors["P"] - errors["LP"])
    assert judged(networks)[6]["mean"] == pytest.approx(expected)


def test_both_tests_are_corrected_over_all_seven() -> None:
    found = judged(study())
    for p, corrected in (("p_value", "p_holm"), ("p_population", "p_population_holm")):
        assert [each[corrected] for each in found] == holm([e[p] for e in found], family_size=7)


def test_verdict_has_the_sign_of_the_measure() -> None:
    assert verdicts(study())[0] == "supported"
    assert verdicts(study({"MLP": 0.01}))[0] == "contradicted"
    equal = study()
    assert verdicts(equal | {"MLP": {**equal["LSP"]}})[0] == "not testable"  # nothing varies
    draws = np.random.default_rng(9)
    noise = {name: draws.random((10, 400)) < 0.06 for name in SETS}
    assert verdicts(equal | {"MLP": noise})[0] == "not distinguished"


def test_one_that_had_not_learned_enough_cannot_lose() -> None:
    assert verdicts(study(), "MLP")[0] == "still improving"
    assert verdicts(study(), "LSP")[0] == "supported"
    assert verdicts(study({"MLP": 0.01}), "LSP")[0] == "still improving"
    assert verdicts(study(), "LSP")[4] == "supported"  # nothing is compared


def test_what_a_study_lacks_is_named_and_counts_in_the_family() -> None:
    networks = study()
    few = {role: networks[role] for role in ("LSP", "MLP")} | {"LP": None}
    found = judged(few)
    assert found[2]["missing"] == ["LP"]
    assert found[2]["verdict"] == "not testable"
    assert found[2]["mean"] is None
    assert found[6]["missing"] == ["L", "none", "LP", "P"]
    assert (
        found[0]["p_holm"] == 7 * found[0]["p_value"] or found[0]["p_holm"] == found[5]["p_holm"]
    )


@pytest.mark.parametrize("seeds", [1, 2, 8])
def test_with_few_seeds_nothing_is_testable(seeds: int) -> None:
    assert set(verdicts(study(seeds=seeds))) == {"not testable"}
    assert set(verdicts(study(seeds=9))) != {"not testable"}


def test_networks_that_are_all_right_or_all_wrong_break_nothing() -> None:
    for share in (-1.0, 2.0):
        networks = study(dict.fromkeys(ROLES, share))
        assert verdicts(networks)[0] == "not testable"
