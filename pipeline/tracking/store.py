"""The runs of one experiment in MLflow: begun, followed, finished, found again."""

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pipeline.tracking.entities import Known, dataset_input, ms, remembered, row_points
from pipeline.tracking.process import is_elsewhere, this_process
from pipeline.tracking.record import Outcome, Row, Training

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

RUN_KEY, PARENT, REPORT = "ablation.run_key", "ablation.parent", "ablation.report"
FAILURE = "ablation.failure"
PAGE = 1000  # runs a request


class Runs:
    """A run for each training, below one for each variant.

    A training has one run, however often it is written: trained again, it leaves one row a point,
    since points carry the times of its worker, and one that begins again takes the place of what
    was broken off.
    """

    def __init__(self, client: "MlflowClient", experiment: str) -> None:
        self.client, self.experiment = client, experiment
        self.by_key: dict[str, Known] = {}
        self.parents: dict[str, Known] = {}
        self.reports: dict[str, Known] = {}
        self._live: set[str] = set()
        self._ended: dict[str, float] = {}  # the last training of a variant
        for run in every_run(client, [experiment]):
            for tag, runs in (
                (RUN_KEY, self.by_key),
                (PARENT, self.parents),
                (REPORT, self.reports),
            ):
                if name := run.data.tags.get(tag):
                    self._keep_the_better(runs, name, remembered(run))

    def begin(self, training: Training, at: float) -> None:
        """A run under way, unless the training's is whole already."""
        if (known := self.by_key.get(training.run_key)) and known.status == "FINISHED":
            return
        self._create(training, at)
        self._live.add(training.run_key)
        parent = self.parents[training.variant]
        self.label(parent, this_process())
        if parent.status != "RUNNING":
            self.client.update_run(parent.id, "RUNNING")
            parent.status = "RUNNING"

    def extend(self, run_key: str, row: Row, at: float) -> None:
        """A further point of each curve, of a run that was begun here."""
        if run_key in self._live:
            self.client.log_batch(self.by_key[run_key].id, row_points(row, at), synchronous=True)

    def write(self, training: Training, outcome: Outcome) -> None:
        """A run that is over; one that is whole is left as it is."""
        followed = training.run_key in self._live
        self._live.discard(training.run_key)
        variant = training.variant
        self._ended[variant] = max(self._ended.get(variant, 0.0), outcome.ended)
        known, started = self.by_key.get(training.run_key), ms(outcome.started)
        if known is None or not _is_whole(known, outcome):
            same = known and known.described and (followed or known.started_ms == started)
            if known is None or not same:
                known = self._create(training, outcome.started)
            self._complete(known, outcome)
        if (parent := self.parents[variant]).status == "KILLED":
            self._end(parent, "FINISHED", self._ended[variant])

    def measure(self, known: Known, metrics: Mapping[str, float], at: float) -> None:
        """Later findings; those that are there already stay as they are."""
        from mlflow.entities import Metric

        new = {name: value for name, value in metrics.items() if known.metrics.get(name) != value}
        if new:
            points = [Metric(name, value, ms(at), 0) for name, value in new.items()]
            self.client.log_batch(known.id, points, synchronous=True)
            known.metrics |= new

    def label(self, known: Known, tags: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        new = {name: value for name, value in tags.items() if known.tags.get(name) != value}
        if new:
            wanted = [RunTag(name, value) for name, value in new.items()]
            self.client.log_batch(known.id, tags=wanted, synchronous=True)
            known.tags |= new

    def close(self, *, broken_off: bool) -> None:
        """What is still under way ends here."""
        for run_key in sorted(self._live):
            self._end(self.by_key[run_key], "KILLED", time.time())
        self._live.clear()
        for variant, parent in self.parents.items():
            if parent.status == "RUNNING" and not is_elsewhere(parent.tags):
                status = "KILLED" if broken_off else "FINISHED"
                self._end(parent, status, self._ended.get(variant, time.time()))

    def report(self, study: str, at: float) -> Known:
        """The run that has the report of the study."""
        if study not in self.reports:
            made = self._begin("report", {REPORT: study, **this_process()}, at)
            self.reports[study] = made
        if (report := self.reports[study]).status != "FINISHED":
            self._end(report, "FINISHED", at)
        return report

    def _keep_the_better(self, runs: dict[str, Known], name: str, found: Known) -> None:
        """A request that was sent twice can have made two runs: the one that is whole stays."""
        if (other := runs.get(name)) is None:
            runs[name] = found
            return
        worse, better = sorted(
            (other, found), key=lambda run: (run.status == "FINISHED", run.described)
        )
        runs[name] = better
        self.client.delete_run(worse.id)

    def _create(self, training: Training, at: float) -> Known:
        if known := self.by_key.get(training.run_key):
            self.client.delete_run(known.id)
        tags = {
            **training.tags,
            **this_process(),
            RUN_KEY: training.run_key,
            "ablation.variant": training.variant,
            "ablation.seed": str(training.seed),
            "ablation.stage": training.stage,
            "mlflow.parentRunId": self._parent(training, at).id,
        }
        known = self.by_key[training.run_key] = self._begin(training.name, tags, at)
        self.client.log_inputs(known.id, [dataset_input(training.dataset)])
        self._describe(known, {**training.network, **training.settings})
        return known

    def _parent(self, training: Training, at: float) -> Known:
        """The run above those of a variant's trainings."""
        variant = training.variant
        if variant not in self.parents:
            tags = {PARENT: variant, "ablation.variant": variant, **this_process()}
            self.parents[variant] = self._begin(variant, tags, at)
        if not (parent := self.parents[variant]).described:
            self._describe(parent, training.network)
        return parent

    def _describe(self, known: Known, parameters: Mapping[str, object]) -> None:
        from mlflow.entities import Param

        reported = {name: value for name, value in parameters.items() if value is not None}
        params = [Param(name, str(value)) for name, value in reported.items()]
        self.client.log_batch(known.id, params=params, synchronous=True)
        known.described = True

    def _begin(self, name: str, tags: dict[str, str], at: float) -> Known:
        return remembered(self.client.create_run(self.experiment, ms(at), tags, name))

    def _complete(self, known: Known, outcome: Outcome) -> None:
        from mlflow.entities import RunTag

        points = [
            point
            for row, end in zip(outcome.history, outcome.epoch_ends, strict=True)
            for point in row_points(row, end)
        ]
        reason = [] if outcome.failure is None else [RunTag(FAILURE, outcome.failure)]
        self.client.log_batch(known.id, points, tags=reason, synchronous=True)
        known.tags |= {tag.key: tag.value for tag in reason}
        if not reason and known.tags.pop(FAILURE, None):
            self.client.delete_tag(known.id, FAILURE)
        self._end(known, outcome.status, outcome.ended)

    def _end(self, known: Known, status: str, at: float) -> None:
        self.client.set_terminated(known.id, status, ms(at))
        known.status = status


def _is_whole(known: Known, outcome: Outcome) -> bool:
    """Whether there is nothing to add: a finished run is never written again.

    Nor one that failed for this reason: of a training that lost its workers nobody knows more.
    """
    if known.status == "FAILED" and known.tags.get(FAILURE) == outcome.failure:
        return not outcome.history or known.started_ms == ms(outcome.started)
    return known.status == "FINISHED"


def every_run(client: "MlflowClient", experiments: list[str], wanted: str = "") -> "Iterator[Run]":
    """All that match a filter of MLflow's, page by page."""
    token = None
    while experiments:
        page = client.search_runs(experiments, wanted, max_results=PAGE, page_token=token)
        yield from page
        if not (token := page.token):
            return
