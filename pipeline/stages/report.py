"""Judge the variants by their predictions, and write the report."""

import time
from collections.abc import Mapping
from pathlib import Path

from pipeline.analysis.curves import Curves, summarise
from pipeline.analysis.inputs import read_finalists, read_history, read_json, read_spec, read_sweep
from pipeline.analysis.outcomes import Outcome
from pipeline.analysis.pictures import read_pictures
from pipeline.analysis.plan import Plan
from pipeline.analysis.power import Planning
from pipeline.analysis.predictions import (
    Predictions,
    Samples,
    read_corrupted,
    read_predictions,
    read_probes,
    read_samples,
    require_mnist,
)
from pipeline.analysis.results import assemble, headline, to_json
from pipeline.evaluation.test_set_log import record_evaluations
from pipeline.execution.files import write_atomic
from pipeline.networks.accounting import account
from pipeline.networks.describe import SIZES, in_words
from pipeline.report.charts import figures
from pipeline.report.page import to_html, to_markdown
from pipeline.report.plots import learned, tuned
from pipeline.report.sections import sections
from pipeline.report.timing import total
from pipeline.study import Study, load_study, require_outputs
from pipeline.tracking.fill import fill_behind

REPORTS = Path("reports")
PREDICTIONS = Path("predictions")


def main() -> None:
    """Everything comes from the study's own variants and the files of the stages before."""
    started = time.perf_counter()
    study = load_study(Path("params.yaml"))
    require_outputs(*inputs(study))
    record_evaluations([])  # DVC wants the log also of a study that keeps none
    outcomes = {name: outcome(study, name) for name in study.variants}
    results = assemble(plan(study), outcomes)
    curves = learning(outcomes)
    accounts = {name: account(study.networks[name]) for name in outcomes}
    pictures = {name: read_pictures(PREDICTIONS / f"{name}-pictures.npz") for name in outcomes}
    drawn = figures(results, curves, accounts, pictures)
    for figure in drawn:
        write_atomic(REPORTS / "figures" / f"{figure.name}.svg", figure.svg().encode("utf8"))
    write_atomic(REPORTS / "results.json", to_json(results))
    write_atomic(REPORTS / "metrics.json", to_json(headline(results)))
    write_atomic(REPORTS / "curves.csv", learned(curves.training))
    write_atomic(REPORTS / "sweeps.csv", tuned(results))
    timings = [read_json(path) for path in timing_files(study)]
    took = total(timings, time.perf_counter() - started)
    write_atomic(REPORTS / "timing.json", to_json(took))
    outline = sections(results, drawn, took)
    write_atomic(REPORTS / "ablation.html", to_html(results, outline).encode("utf8"))
    write_atomic(REPORTS / "ablation.md", to_markdown(results, outline).encode("utf8"))
    fill_behind(study, Path())


def plan(study: Study) -> Plan:
    """What the report needs of the study as a whole."""
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
    """What the stages before have left of one variant."""
    sizes = account(study.networks[name])
    spec = read_spec(Path("models", name, "spec.json"))
    path = PREDICTIONS / f"{name}.npz"
    predictions = read_predictions(path, seeds=study.seeds, failed=spec["failures"])
    if study.data.source == "mnist":
        require_mnist(path, predictions)
    return Outcome(
        difference=study.variants[name],
        differs_in=in_words(study.variants[name], sizes),
        note=study.notes.get(name),
        sizes={size: getattr(sizes, size) for size in SIZES},
        sweep=read_sweep(Path("sweeps", name)),
        spec=spec,
        history=read_history(Path("models", name, "history.csv"), seeds=study.seeds),
        predictions=predictions,
        corrupted=read_corrupted(PREDICTIONS / f"{name}-corrupted.npz", predictions),
        probes=read_probes(PREDICTIONS / f"{name}-probes.npz", predictions),
        samples=samples(study, name, predictions),
    )


def inputs(study: Study) -> list[Path]:
    """The outputs of every stage before, in the order in which they run."""
    files = [
        *("sweeps/{}/best.json", "models/{}/spec.json", "predictions/{}-corrupted.npz"),
        *("predictions/{}-probes.npz", "predictions/{}-pictures.npz", "predictions/{}.npz"),
    ]
    each = [Path(file.format(name)) for file in files for name in study.variants]
    each += [PREDICTIONS / f"{name}-samples.npz" for name in study.samples.variants]
    return [*timing_files(study), *each]


def learning(outcomes: Mapping[str, Outcome]) -> Curves:
    """Training errors of the final trainings, validation errors of the tuned settings' own."""
    tuned = {
        name: read_finalists(Path("sweeps", name, "history.csv"), trial=each.sweep.best["trial"])
        for name, each in outcomes.items()
    }
    return Curves(
        training={name: summarise(each.history) for name, each in outcomes.items()},
        validation={name: summarise(each, "validation_error") for name, each in tuned.items()},
    )


def samples(study: Study, name: str, predictions: Predictions) -> Samples | None:
    """What it answered after fewer training images, if the study asks for that."""
    if name not in study.samples.variants:
        return None
    path = PREDICTIONS / f"{name}-samples.npz"
    return read_samples(path, predictions, sizes=study.samples.sizes)


def timing_files(study: Study) -> list[Path]:
    """In the order in which the stages run."""
    stages = ("sweep", "train", "evaluate")
    each = [f"{stage}-{name}" for stage in stages for name in study.variants]
    each += [f"samples-{name}" for name in study.samples.variants]
    return [Path("timings", f"{name}.json") for name in ("download", *each)]
