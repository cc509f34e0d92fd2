"""Compare the variants by their predictions, and write the report."""

import time
from collections.abc import Mapping
from pathlib import Path

from pipeline.analysis.curves import Curves, frame, summarise
from pipeline.analysis.outcomes import Outcome
from pipeline.analysis.plan import Plan
from pipeline.analysis.power import Planning
from pipeline.analysis.results import assemble, headline, to_json
from pipeline.evaluation.test_set_log import record_evaluations
from pipeline.execution.files import write_atomic
from pipeline.networks.describe import SIZES, describe_difference
from pipeline.networks.summary import summarize
from pipeline.outputs.best import BEST
from pipeline.outputs.corrupted import read_corrupted
from pipeline.outputs.filters import read_filters
from pipeline.outputs.models import SPEC, read_history, read_spec
from pipeline.outputs.order import require_outputs
from pipeline.outputs.predictions import (
    CORRUPTED,
    FILTERS,
    PROBES,
    SAMPLES,
    Predictions,
    predictions_file,
    read_predictions,
    require_mnist,
)
from pipeline.outputs.probes import read_probes
from pipeline.outputs.samples import SamplePredictions, read_samples
from pipeline.outputs.sweeps import read_finalists, read_tuning
from pipeline.outputs.timings import TIMINGS, read_timing, timing_file
from pipeline.report.charts import figures
from pipeline.report.page import to_html, to_markdown
from pipeline.report.plots import learned, tuned
from pipeline.report.sections import sections
from pipeline.report.timing import total
from pipeline.study import Study, load_study
from pipeline.tracking.backfill import backfill_in_background

REPORTS = Path("reports")
PREDICTIONS = Path("predictions")


def main() -> None:
    """Write the report from the outputs of the other stages, for the variants of this study."""
    started = time.perf_counter()
    study = load_study(Path("params.yaml"))
    require_outputs(*inputs(study))
    record_evaluations([])  # DVC wants the log also of a study that keeps none
    outcomes = {name: outcome(study, name) for name in study.variants}
    results = assemble(plan(study), outcomes)
    curves = learning(outcomes)
    summaries = {name: summarize(study.networks[name]) for name in outcomes}
    filters = {name: read_filters(PREDICTIONS, name) for name in outcomes}
    drawn = figures(results, curves, summaries, filters)
    for figure in drawn:
        write_atomic(REPORTS / "figures" / f"{figure.name}.svg", figure.svg().encode("utf8"))
    write_atomic(REPORTS / "results.json", to_json(results))
    write_atomic(REPORTS / "metrics.json", to_json(headline(results)))
    write_atomic(REPORTS / "curves.csv", learned(curves.training))
    write_atomic(REPORTS / "sweeps.csv", tuned(results))
    timings = [read_timing(TIMINGS, *which) for which in stages(study)]
    took = total(timings, time.perf_counter() - started)
    write_atomic(REPORTS / "timing.json", to_json(took))
    outline = sections(results, drawn, took)
    write_atomic(REPORTS / "ablation.html", to_html(results, outline).encode("utf8"))
    write_atomic(REPORTS / "ablation.md", to_markdown(results, outline).encode("utf8"))
    backfill_in_background(study, Path())


def plan(study: Study) -> Plan:
    """The parts of the study that the report needs."""
    return Plan(
        name=study.name,
        digest=study.digest,
        source=study.data.source,
        validation_images=study.data.validation_images,
        baseline=study.baseline,
        seeds=study.seeds,
        epochs=study.training.epochs,
        batch_size=study.training.batch_size,
        margin=study.evaluation.margin,
        planned=study.evaluation.planned,
        planning=Planning(**study.evaluation.planning.model_dump()),
    )


def outcome(study: Study, name: str) -> Outcome:
    """The outputs of the other stages for one variant."""
    sizes = summarize(study.networks[name])
    models = Path("models", name)
    spec = read_spec(models)
    predictions = read_predictions(PREDICTIONS, name, seeds=study.seeds, failed=spec.failures)
    if study.data.source == "mnist":
        require_mnist(PREDICTIONS, name, predictions)
    return Outcome(
        difference=study.variants[name],
        differs_in=describe_difference(study.variants[name], sizes),
        note=study.notes.get(name),
        sizes={size: getattr(sizes, size) for size in SIZES},
        tuning=read_tuning(Path("sweeps", name)),
        spec=spec,
        history=frame(read_history(models, seeds=study.seeds)),
        predictions=predictions,
        corrupted=read_corrupted(PREDICTIONS, name, predictions),
        probes=read_probes(PREDICTIONS, name, predictions),
        samples=samples(study, name, predictions),
    )


def inputs(study: Study) -> list[Path]:
    """The outputs of all other stages, in the order in which these run."""
    each = [timing_file(TIMINGS, *which) for which in stages(study)]
    each += [Path("sweeps", name, BEST) for name in study.variants]
    each += [Path("models", name, SPEC) for name in study.variants]
    kinds = ("", CORRUPTED, PROBES, FILTERS)
    each += [predictions_file(PREDICTIONS, n, kind) for n in study.variants for kind in kinds]
    return each + [predictions_file(PREDICTIONS, n, SAMPLES) for n in study.samples.variants]


def learning(outcomes: Mapping[str, Outcome]) -> Curves:
    """Training errors of the final trainings, validation errors of the winner's in the sweep."""
    tuned = {
        name: frame(read_finalists(Path("sweeps", name), trial=each.tuning.best.trial))
        for name, each in outcomes.items()
    }
    return Curves(
        training={name: summarise(each.history) for name, each in outcomes.items()},
        validation={name: summarise(each, "validation_error") for name, each in tuned.items()},
    )


def samples(study: Study, name: str, predictions: Predictions) -> SamplePredictions | None:
    """Predictions of networks trained on fewer images; None if the study does not ask for them."""
    if name not in study.samples.variants:
        return None
    return read_samples(PREDICTIONS, name, predictions, sizes=study.samples.sizes)


def stages(study: Study) -> list[tuple[str, ...]]:
    """All other stages, each with its variant, in the order in which they run."""
    each = [(stage, name) for stage in ("sweep", "train", "evaluate") for name in study.variants]
    return [("download",), *each, *(("samples", name) for name in study.samples.variants)]
