from dataclasses import replace
from typing import Any

import pytest

from pipeline.outputs.timings import RunTiming, StageTiming
from pipeline.report.timing import reported, time_table, total

TRAIN = StageTiming(stage="train", variant="lenet5", wall_s=10.0, workers=2, device="cpu")
DOWNLOAD = StageTiming(stage="download", wall_s=1.5)


def test_the_total_is_the_sum_of_the_stages_and_the_report() -> None:
    assert total([DOWNLOAD, TRAIN], 0.5) == {
        "total_s": 12.0,
        "stages": {"download": 1.5, "train@lenet5": 10.0, "report": 0.5},
        "training_s": {"lenet5": None},
        "device": "cpu",
        "workers": 2,
    }


def test_several_devices_are_all_named() -> None:
    other = replace(TRAIN, variant="mlp", workers=8, device="gpu")
    found = total([TRAIN, other], 0)
    assert (found["device"], found["workers"]) == ("cpu and gpu", 8)


@pytest.mark.parametrize("stage", ["sweep", "samples"])
def test_other_stages_train_too(stage: str) -> None:
    other = replace(TRAIN, stage=stage, wall_s=5.0, workers=4)
    found = total([other, TRAIN], 0)
    assert found["stages"][f"{stage}@lenet5"] == 5.0
    assert found["workers"] == 4


def test_a_study_that_the_cache_had_whole_needed_no_worker() -> None:
    assert total([replace(TRAIN, workers=0)], 0)["workers"] == 0


def test_a_training_takes_the_median_of_its_runs() -> None:
    runs = tuple(
        RunTiming(run_key="k", device="cpu", started=0.0, ended=end, epochs=[])
        for end in (1.0, 5.0, 3.0)
    )
    assert total([replace(TRAIN, runs=runs)], 0)["training_s"] == {"lenet5": 3.0}
    assert total([TRAIN], 0)["training_s"] == {"lenet5": None}


def test_the_report_s_own_time_is_not_told() -> None:
    took = {"stages": {"sweep@a": 6.0, "sweep@b": 3.0, "train@a": 1.0, "report": 90.0}}
    assert reported(took).startswith(
        "Of the time that the stages took, 90 % for `sweep` and 10 % for"
    )


def test_trainings_are_told_as_multiples_of_the_baseline_s(results: dict[str, Any]) -> None:
    took = {"training_s": {"lenet5": 2.0, "mlp": 0.5, "no_pooling": None}, "device": "a CPU"}
    table = time_table(took, results)
    assert [row[:2] for row in table.rows] == [("lenet5", "1.00"), ("mlp", "0.25")]
    assert "a CPU" in table.caption
