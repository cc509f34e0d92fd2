"""Trainings out of what the stages left: `models/`, `sweeps/`, `timings/`; no database is read.

A stage that is yet to come has none; one that left half of its outputs is an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from pipeline.networks.spec import NetworkSpec
from pipeline.outputs.files import require
from pipeline.outputs.models import SPEC, read_history, read_spec
from pipeline.outputs.samples import read_sample_trainings, trainings_file
from pipeline.outputs.sweeps import TRAININGS, read_sweep_history, read_sweep_trainings
from pipeline.outputs.timings import read_timing, timing_file
from pipeline.outputs.trainings import Common, Epoch
from pipeline.outputs.trainings import Training as Trained
from pipeline.study import Study
from pipeline.tracking.record import Outcome, Row, Training, outcome_of
from pipeline.tracking.trainings import final_name, from_outputs, sample_name, sweep_name

Done = Iterator[tuple[Training, Outcome]]
Named = tuple[str, str, Trained]
"""The stage (of a sweep with its phase), the name of the run, and its training."""
POINTS = ("epoch", "train_loss", "train_error", "validation_error", "learning_rate")


def final_trainings(study: Study, variant: str, folder: Path) -> Done:
    """Those of `train`."""
    models = folder / "models" / variant
    if not (models / SPEC).exists():
        return
    spec = read_spec(models)
    named: list[Named] = []
    for seed, key in spec.run_keys.items():
        trained = Trained(
            run_key=key,
            seed=seed,
            epochs=spec.epochs,
            hyperparameters=spec.hyperparameters,
            failure=spec.failures.get(seed),
        )
        named.append(("train", final_name(variant, seed), trained))
    curves = _by_run((row.run_key, row) for row in read_history(models, seeds=spec.run_keys))
    yield from _done(study, variant, folder, spec, named, curves)


def sweep_trainings(study: Study, variant: str, folder: Path) -> Done:
    """Those of `sweep`, phase by phase."""
    sweep = folder / "sweeps" / variant
    if not (sweep / TRAININGS).exists():
        return
    found = read_sweep_trainings(sweep)
    named: list[Named] = [
        (f"sweep {each.phase}", sweep_name(variant, each.phase, each.trial, each.seed), each)
        for each in found.trainings
    ]
    curves = _by_run((row.run_key, row) for row in read_sweep_history(sweep))
    yield from _done(study, variant, folder, found, named, curves)


def sample_trainings(study: Study, variant: str, folder: Path) -> Done:
    """Those of `samples`, where the study trains the variant on fewer images."""
    predictions = folder / "predictions"
    if not trainings_file(predictions, variant).exists():
        return
    found = read_sample_trainings(predictions, variant)
    named: list[Named] = [
        ("samples", sample_name(variant, each.images, each.seed), each) for each in found.trainings
    ]
    curves = _by_run((each.run_key, row) for each in found.trainings for row in each.history)
    yield from _done(study, variant, folder, found, named, curves)


def _done(
    study: Study,
    variant: str,
    folder: Path,
    common: Common,
    named: Sequence[Named],
    curves: Mapping[str, Sequence[Row]],
) -> Done:
    stage, _, _ = named[0][0].partition(" ")
    timings = folder / "timings"
    times = {each.run_key: each for each in read_timing(timings, stage, variant).runs}
    for label, name, each in named:
        path, key = timing_file(timings, stage, variant), each.run_key
        require(path, key in times, f"it must have the times of run {key}", "none")
        training = from_outputs(
            study,
            variant,
            label,
            name,
            run_key=key,
            seed=each.seed,
            network=NetworkSpec.from_dict(common.network),
            settings={
                **asdict(each.hyperparameters),
                "epochs": each.epochs,
                "batch_size": common.batch_size,
            },
            made={"data": common.data, "code": common.code, **common.environment},
        )
        timing = asdict(times[key])
        yield training, outcome_of(curves.get(key, ()), timing, each.failure)


def _by_run(rows: Iterator[tuple[str, Epoch]]) -> dict[str, list[Row]]:
    """The points of each learning curve, epoch by epoch."""
    curves: dict[str, list[Row]] = {}
    for key, row in rows:
        found = {name: getattr(row, name) for name in POINTS}
        points = {name: value for name, value in found.items() if value is not None}
        curves.setdefault(key, []).append(points)
    return curves
