from typing import Any

from pipeline.report import costs


def test_costs_are_the_summary_s(results: dict[str, Any]) -> None:
    assert [row[0] for row in costs.cost_table(results).rows] == list(results["variants"])
    assert costs.cost_table(results).rows[0] == ("lenet5", "326,520", "60,000", "32,376")


def variants(**known: tuple[int, float]) -> dict[str, Any]:
    reported = {
        name: {"parameters": cost, "test_error": {"mean": mean}}
        for name, (cost, mean) in known.items()
    }
    return {"variants": reported}


def test_pareto_optimal_is_what_no_other_beats() -> None:
    results = variants(a=(10, 0.3), b=(20, 0.1), c=(15, 0.4), d=(20, 0.2), e=(30, 0.1))
    assert costs.pareto_optimal(results, "parameters") == ["a", "b"]


def test_one_variant_is_pareto_optimal() -> None:
    assert costs.pareto_optimal(variants(a=(10, 0.3)), "parameters") == ["a"]


def test_a_point_a_variant_and_cost_is_drawn_with_its_interval(results: dict[str, Any]) -> None:
    [drawn] = costs.pareto(results).spec["datasets"].values()
    assert len(drawn) == 2 * len(results["variants"])
    assert {row["kind"] for row in drawn} == set(costs.COSTS.values())
    assert drawn[0]["amount"] == "60,000"
    assert drawn[0]["value"] == 100 * results["variants"]["lenet5"]["test_error"]["mean"]
