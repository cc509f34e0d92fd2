"""Trainings out of what the stages left: `models/`, `sweeps/`, `timings/`; no database is read.

A stage that is yet to come has none; one that left half of its outs is an error.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.networks.spec import NetworkSpec
from pipeline.study import Study
from pipeline.tracking.record import Outcome, Row, Training, outcome_of
from pipeline.tracking.trainings import final_name, of_outs, sample_name, sweep_name

Done = Iterator[tuple[Training, Outcome]]
Curves = dict[str, list[Row]]
POINTS = ("epoch", "train_loss", "train_error", "validation_error", "learning_rate")


def final_trainings(study: Study, variant: str, folder: Path) -> Done:
    """Those of `train`."""
    if not (file := folder / "models" / variant / "spec.json").exists():
        return
    spec = _read(file)
    curves = _curves(folder / "models" / variant / "history.csv")
    alike = {name: spec[name] for name in ("epochs", "hyperparameters")}
    trainings = [
        {**alike, "cell": cell, "seed": int(seed), "failure": spec["failures"].get(seed)}
        for seed, cell in spec["cells"].items()
    ]
    for each in trainings:
        each["name"] = final_name(variant, each["seed"])
    yield from _done(study, variant, folder, "train", {**spec, "trainings": trainings}, curves)


def sweep_trainings(study: Study, variant: str, folder: Path) -> Done:
    """Those of `sweep`, phase by phase."""
    if not (file := folder / "sweeps" / variant / "trainings.json").exists():
        return
    record = _read(file)
    curves = _curves(folder / "sweeps" / variant / "history.csv")
    for each in record["trainings"]:
        each["name"] = sweep_name(variant, each["phase"], each["trial"], each["seed"])
    yield from _done(study, variant, folder, "sweep", record, curves)


def sample_trainings(study: Study, variant: str, folder: Path) -> Done:
    """Those of `samples`, where the study trains the variant on fewer images."""
    if not (file := folder / "predictions" / f"{variant}-samples.json").exists():
        return
    record = _read(file)
    curves = {each["cell"]: each["history"] for each in record["trainings"]}
    for each in record["trainings"]:
        each["name"] = sample_name(variant, each["images"], each["seed"])
    yield from _done(study, variant, folder, "samples", record, curves)


def _done(
    study: Study,
    variant: str,
    folder: Path,
    stage: str,
    record: Mapping[str, Any],
    curves: Curves,
) -> Done:
    file = folder / "timings" / f"{stage}-{variant}.json"
    times = {each["cell"]: each for each in _read(file)["cells"]}
    for each in record["trainings"]:
        if each["cell"] not in times:
            raise ValueError(f"{file} must have the times of cell {each['cell']}")
        training = of_outs(
            study,
            variant,
            " ".join([stage, *([each["phase"]] if "phase" in each else [])]),
            each["name"],
            cell=each["cell"],
            seed=each["seed"],
            network=NetworkSpec.from_words(record["network"]),
            settings={
                **each["hyperparameters"],
                "epochs": each["epochs"],
                "batch_size": record["batch_size"],
            },
            made={"data": record["data"], "code": record["code"], **record["environment"]},
        )
        curve = curves.get(each["cell"], [])
        yield training, outcome_of(curve, times[each["cell"]], each["failure"])


def _curves(path: Path) -> Curves:
    """The rows of each cell, epoch by epoch."""
    curves: Curves = {}
    with path.open(encoding="utf8", newline="") as file:
        for row in csv.DictReader(file):
            points = {name: float(row[name]) for name in POINTS if row.get(name)}
            curves.setdefault(row["cell"], []).append(points)
    return curves


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf8"))
