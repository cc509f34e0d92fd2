"""`timings/<stage>-<variant>.json`: how long a stage took, apart from what must repeat."""

from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.outputs.files import read_record, write_json

TIMINGS = Path("timings")


@dataclass(frozen=True, kw_only=True)
class RunTiming:
    """When a worker ran one task; all times are Unix seconds of the worker."""

    run_key: str
    device: str | None
    """None where its workers died."""
    started: float
    ended: float
    epochs: list[tuple[float, float]]
    """Start and end of each."""


@dataclass(frozen=True, kw_only=True)
class StageTiming:
    """Of one stage and one variant; of `download` without a variant."""

    stage: str
    wall_s: float
    variant: str | None = None
    workers: int = 0
    """The most there were at once, for what did not come from the cache."""
    device: str | None = None
    cached: int = 0
    """How many tasks did."""
    runs: tuple[RunTiming, ...] = ()


def write_timing(folder: Path, timing: StageTiming) -> None:
    """Into the folder of all timings."""
    write_json(timing_file(folder, timing.stage, timing.variant), asdict(timing), indent=1)


def read_timing(folder: Path, stage: str, variant: str | None = None) -> StageTiming:
    """What the stage left.

    Raises:
        UserError: Naming the file, if it is missing or not as it was written.
    """
    return read_record(timing_file(folder, stage, variant), StageTiming)


def timing_file(folder: Path, stage: str, variant: str | None = None) -> Path:
    return folder / f"{'-'.join(filter(None, (stage, variant)))}.json"
