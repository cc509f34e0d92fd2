"""Logs a stage to MLflow, in the background."""

from collections.abc import Mapping
from functools import cached_property
from typing import Self

from pipeline.tracking.background import Background
from pipeline.tracking.entities import Known
from pipeline.tracking.opening import open_runs
from pipeline.tracking.record import Outcome, Row, Training
from pipeline.tracking.store import Runs


class Tracker:
    """Writes to one experiment of a study; a failure is reported once, never raised.

    Whatever a resumed or repeated stage records again leaves a run a training and a row a point.
    """

    def __init__(self, *, uri: str, study: str, experiment: str) -> None:
        self._experiment = (uri, study, experiment)
        advice = "The study goes on without it: its outputs hold everything."
        self._work = Background(name=f"MLflow at {uri}", advice=advice)

    def begin(self, training: Training, at: float) -> None:
        """A run for the training below its variant's, from the unix time `at` on."""
        self._work.put(lambda: self._runs.begin(training, at))

    def extend(self, run_key: str, row: Row, at: float) -> None:
        """A further point of each of its curves."""
        self._work.put(lambda: self._runs.extend(run_key, row, at))

    def record(self, training: Training, outcome: Outcome) -> None:
        """All of it, unless it is there already."""
        self._work.put(lambda: self._runs.write(training, outcome))

    def measure(self, run_key: str, metrics: Mapping[str, float], at: float) -> None:
        """What a worker found about a recorded run, at the unix time `at`."""
        self._work.put(lambda: self._measure(self._runs.by_key, run_key, metrics, at))

    def summarise(self, variant: str, metrics: Mapping[str, float], at: float) -> None:
        """Aggregates over the runs of a recorded variant, known since the unix time `at`."""
        self._work.put(lambda: self._measure(self._runs.parents, variant, metrics, at))

    def _measure(
        self, runs: Mapping[str, Known], name: str, metrics: Mapping[str, float], at: float
    ) -> None:
        if name not in runs:
            raise LookupError(f"there is no run of {name}")
        self._runs.measure(runs[name], metrics, at)

    def __enter__(self) -> Self:
        self._work.start()
        self._work.put(lambda: self._runs)  # opened while the workers start: it takes a second
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or issubclass(kind, Exception):  # after Ctrl-C a replay records the rest
            self._work.put(lambda: self._runs.close(broken_off=kind is not None))
            self._work.finish(patience_s=60)

    @cached_property
    def _runs(self) -> Runs:
        return open_runs(*self._experiment)
