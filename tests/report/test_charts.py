import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.analysis.curves import Curves
from pipeline.corruptions.corruption import Group
from pipeline.corruptions.registry import by_family, set_names
from pipeline.networks.sizes import ModelSummary
from pipeline.report import points, rows, theme
from tests.report.conftest import draw

Summaries = dict[str, ModelSummary]


def texts(svg: str) -> list[str]:
    return ["".join(each.itertext()) for each in ET.fromstring(svg).iter() if "text" in each.tag]


def test_figures_are_the_same_bytes_each_time(study: Any, summaries: Summaries) -> None:
    first, second = (draw(study, summaries) for _ in range(2))
    assert first == second
    assert [figure.svg() for figure in first] == [figure.svg() for figure in second]


def test_a_figure_names_its_variants_and_states_its_title(
    study: Any, summaries: Summaries
) -> None:
    for figure in draw(study, summaries):
        shown = texts(figure.svg())
        assert figure.title in shown
        if figure.name != "mistakes":  # they are every variant's
            assert any("no_weight_sharing" in text for text in shown)


def test_titles_state_what_the_record_holds(study: Any, summaries: Summaries) -> None:
    titles = {figure.name: figure.title for figure in draw(study, summaries)}
    assert titles["differences"].startswith("Change in test error, 3 comparisons: 2 worse and 1 ")
    assert re.fullmatch(r"Mean test error: .* \(lenet5\) to .* \(mlp\)", titles["errors"])
    assert titles["learning_curves"] == (
        "Training error after 3 epochs: 0.97 % (lenet5) to 3.87 % (mlp)"
    )
    assert titles["architectures"].startswith("4 variants, drawn to scale")
    assert re.fullmatch(
        r"Mean error on \d+ corrupted test sets: [\d.]+ % \(lenet5\) to [\d.]+ % \(mlp\)",
        titles["robustness"],
    )
    assert titles["tuning"] == (
        "Best validation error after 3 trials: 4.00 % (lenet5) to 16.00 % (mlp)"
    )
    assert titles["kernels"] == (
        "Kernels at two places: the same in lenet5, others in no_weight_sharing and no_pooling"
    )
    assert titles["costs"].startswith(
        "Beaten by none in both error and cost: lenet5 by parameters"
    )
    digits = len(study[0]["mistakes"]["shared"])
    assert titles["mistakes"] == f"{digits} digits that every variant misreads"


def test_the_differences_are_drawn_in_points_with_their_interval(results: dict[str, Any]) -> None:
    row, comparison = rows.differences(results)[0], results["comparisons"][0]
    assert row["value"] == 100 * comparison["difference"]
    assert [row["low"], row["high"]] == [100 * end for end in comparison["ci95"]]
    assert row["n"] == "10 paired seeds × 2,000 images"


def test_every_strength_of_every_corruption_is_drawn(results: dict[str, Any]) -> None:
    drawn = [row for row in points.corrupted(results) if row["variant"] == "mlp"]
    found = results["robustness"]["variants"]["mlp"]["sets"]
    shifts = [row for row in drawn if row["curve"] == "shift (pixels)"]
    registered = by_family(Group.MEAN)["shift"]
    assert [row["strength"] for row in shifts] == [0, *(each.strength for each in registered)]
    assert shifts[0]["mean"] == 100 * found["images"]["mean"]
    last, largest = shifts[-1], found[registered[-1].name]
    assert last["mean"] == 100 * largest["mean"]
    assert [last["low"], last["high"]] == [100 * end for end in largest["ci95"]]
    assert last["n"] == "10 seeds × 2,000 images"
    assert {row["set"] for row in drawn} == {
        "images",
        *set_names(Group.MEAN),
        *set_names(Group.HALF_HEIGHT),
    }


def test_every_network_is_a_point_of_the_errors(results: dict[str, Any]) -> None:
    drawn = [row["value"] for row in rows.seeds(results) if row["variant"] == "mlp"]
    assert drawn == [100 * e for e in results["variants"]["mlp"]["test_error"]["per_seed"]]


def test_no_error_at_all_is_drawn_at_the_floor_and_told_as_zero() -> None:
    point = {"epoch": 1, "mean": 0.0, "low": 0.0, "high": 0.01, "n": 2}
    study = {"study": {"training_images": 500, "validation_images": 100}}
    curves = Curves(training={"lenet5": [point]}, validation={"lenet5": [point]})
    trained, validated = points.curves(study, curves)
    assert (trained["mean"], trained["low"], trained["high"]) == (0.1, 0.1, 1.0)
    assert (validated["mean"], validated["low"], validated["high"]) == (0.5, 0.5, 1.0)
    assert trained["estimate"] == validated["estimate"] == "0.000 %"
    assert trained["kind"] != validated["kind"]


def test_the_best_error_so_far_is_drawn_by_trial(results: dict[str, Any]) -> None:
    drawn = [row for row in points.trials(results, floor=0.0) if row["variant"] == "lenet5"]
    assert [row["trial"] for row in drawn] == [0, 1, 2]
    assert [row["value"] for row in drawn] == pytest.approx([5, 4, 4])
    assert [row["improved"] for row in drawn] == [True, True, False]
    assert drawn[1]["settings"] == "learning_rate 0.002, init fan_in, j 1"


def test_trials_that_failed_at_first_are_not_drawn(make_study: Callable[..., Any]) -> None:
    results, _ = make_study(variants=("lenet5",))
    first, second, _ = results["variants"]["lenet5"]["tuning"]["trials"]
    first["best"], second["best"] = None, 0.0
    drawn = points.trials(results, floor=0.0001)
    assert [(row["trial"], row["improved"]) for row in drawn] == [(1, True), (2, False)]
    assert drawn[0]["value"] == pytest.approx(0.01)  # no error at all, at the floor


def test_thirty_variants_have_a_look_each() -> None:
    names = [str(place) for place in range(30)]
    colours, dashes = (
        theme.scale(names, looks).to_dict()["range"] for looks in (theme.COLOURS, theme.DASHES)
    )
    looks = {(colour, str(dash)) for colour, dash in zip(colours, dashes, strict=True)}
    assert len(looks) == 30


@pytest.mark.parametrize(
    "changes",
    [{"seeds": 1}, {"variants": ("lenet5",)}, {"seeds": 1, "variants": ("lenet5",)}],
    ids=["one seed", "one variant", "one of each"],
)
def test_figures_of_a_meagre_study_are_drawn(
    make_study: Callable[..., Any], summaries: Summaries, changes: dict[str, Any]
) -> None:
    for figure in draw(make_study(**changes), summaries):
        assert figure.title in texts(figure.svg())
