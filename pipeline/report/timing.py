"""What a study took: the wall time of its stages, in a file and a section of its own."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from pipeline.outputs.timings import StageTiming
from pipeline.report import numbers
from pipeline.report.tables import Table


def total(timings: Sequence[StageTiming], report_s: float) -> dict[str, Any]:
    """The sum and its parts in seconds, out of the stages' own records and the report's time.

    `device` and `workers` are those of the stages that train; a study whose stages ran on several
    devices names them all, and `workers` is the largest number: 0 where the cache had everything.
    `training_s` is what one final training of each variant took, whenever that was: the median.
    """
    stages = {_name(timing): timing.wall_s for timing in timings} | {"report": report_s}
    trained = [timing for timing in timings if timing.stage in ("sweep", "train", "samples")]
    finals = {each.variant: _training_s(each) for each in timings if each.stage == "train"}
    return {
        "total_s": sum(stages.values()),
        "stages": stages,
        "training_s": finals,
        "device": " and ".join(sorted({str(timing.device) for timing in trained})),
        "workers": max((timing.workers for timing in trained), default=0),
    }


def reported(took: Mapping[str, Any]) -> str:
    """Where the time went, but for the report's own: it is not known before its end."""
    parts: dict[str, float] = {}
    for name, seconds in took["stages"].items():
        stage = name.partition("@")[0]
        parts[stage] = parts.get(stage, 0) + seconds
    parts.pop("report", None)
    whole = sum(parts.values())
    shares = [
        f"{100 * seconds / whole:.0f} % for `{stage}`"
        for stage, seconds in parts.items()
        if seconds >= 0.005 * whole
    ]
    return (
        f"Of the time that the stages took, {numbers.listed(shares)}; work that was found in the "
        "cache took none. Seconds are in `timing.json` beside this report. They differ from run "
        "to run, and nothing outside of this section depends on them."
    )


def time_table(took: Mapping[str, Any], results: Mapping[str, Any]) -> Table:
    """A row a variant: what one training takes, beside the baseline's, and its error."""
    baseline = took["training_s"].get(results["study"]["baseline"])
    return Table(
        caption="The median time of one final training, as a multiple of the baseline's, on "
        f"{took['device']}.",
        columns=("Variant", "Time of a training", "Test error, %"),
        numeric=(False, True, True),
        rows=tuple(
            (
                name,
                f"{took['training_s'][name] / baseline:.2f}",
                numbers.share(variant["test_error"]),
            )
            for name, variant in results["variants"].items()
            if baseline and took["training_s"].get(name)
        ),
    )


def _training_s(timing: StageTiming) -> float | None:
    """None where none ended."""
    times = [each.ended - each.started for each in timing.runs]
    return median(times) if times else None


def _name(timing: StageTiming) -> str:
    return f"{timing.stage}@{timing.variant}" if timing.variant else timing.stage
