"""What a study took: the wall time of its stages, in a file beside the report."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.errors import UserError


def total(timings: Sequence[Mapping[str, Any]], report_s: float) -> dict[str, Any]:
    """The sum and its parts in seconds, out of the stages' own records and the report's time.

    `device` and `workers` are those of the stages that train; a study whose stages ran on several
    devices names them all, and `workers` is the largest number: 0 where the cache had everything.

    Raises:
        UserError: If a record says no wall time.
    """
    stages = {_name(timing): _wall(timing) for timing in timings} | {"report": report_s}
    trained = [timing for timing in timings if timing["stage"] in ("sweep", "train", "samples")]
    return {
        "total_s": sum(stages.values()),
        "stages": stages,
        "device": " and ".join(sorted({str(timing["device"]) for timing in trained})),
        "workers": max((timing["workers"] for timing in trained), default=0),
    }


def _name(timing: Mapping[str, Any]) -> str:
    variant = timing.get("variant")
    return f"{timing['stage']}@{variant}" if variant else timing["stage"]


def _wall(timing: Mapping[str, Any]) -> float:
    wall_s = timing.get("wall_s")
    if not isinstance(wall_s, int | float):
        raise UserError(
            f"`wall_s` of the stage {_name(timing)} must be a number, but got {wall_s}."
        )
    return float(wall_s)
