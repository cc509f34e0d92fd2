"""Backfill MLflow from a study's outputs and its report: whatever is not there yet."""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from pipeline.outputs.models import SPEC, read_spec, weights_file
from pipeline.outputs.predictions import SAMPLES as SAMPLED
from pipeline.outputs.sweeps import TRAININGS
from pipeline.study import Study, repository_root
from pipeline.tracking.address import database_file, tracking_uri
from pipeline.tracking.background import Background
from pipeline.tracking.findings import ARTIFACTS, RESULTS, attach_report, log_findings
from pipeline.tracking.lock import locked
from pipeline.tracking.models import log_network, register
from pipeline.tracking.opening import open_runs
from pipeline.tracking.outputs import Done, final_trainings, sample_trainings, sweep_trainings
from pipeline.tracking.process import this_process
from pipeline.tracking.store import Runs
from pipeline.tracking.views import FINAL, SAMPLES, SWEEP

OUTPUTS = (f"models/*/{SPEC}", f"sweeps/*/{TRAININGS}", f"predictions/*-{SAMPLED}.json")
BESIDE = ("*/*/history.csv", "timings/*.json")
BACKFILLED = "ablation.backfilled"


def backfill_in_background(study: Study, folder: Path) -> None:
    """`backfill`, where the study goes on without it; a failure is reported once."""
    uri = tracking_uri(repository_root(folder))
    advice = "`make tracking-rebuild` backfills what is missing."
    work = Background(name=f"MLflow at {uri}", advice=advice)
    work.start()
    work.put(lambda: _is_backfilled(uri, study, folder) or backfill(study, folder, uri))
    work.finish(patience_s=600)


def backfill(study: Study, folder: Path, uri: str) -> None:
    """From the outputs in a study's folder. What is there is left as it is.

    Raises:
        UserError: If a stage left half of its outputs.
    """
    from filelock import FileLock

    lock = repository_root(folder) / "var/backfill.lock"
    lock.parent.mkdir(exist_ok=True)
    with FileLock(lock):  # two at once would make every run twice
        _backfill(study, folder, uri)


def _backfill(study: Study, folder: Path, uri: str) -> None:
    stamp, lock = _stamp(study, folder), locked(folder)
    final, sweep = (open_runs(uri, study.name, experiment) for experiment in (FINAL, SWEEP))
    stages = [("sweep", sweep, sweep_trainings), ("train", final, final_trainings)]
    if study.samples.variants:
        samples = open_runs(uri, study.name, SAMPLES)
        stages.append(("samples", samples, sample_trainings))
    trained: dict[str, set[str]] = {}
    for variant in study.variants:
        for stage, runs, trainings in stages:
            run_keys = _write(runs, trainings(study, variant, folder))
            if stage == "train":
                trained[variant] = run_keys
            if parent := runs.parents.get(variant):
                # If it is still running, the process that began it is done, or is gone.
                if run_keys and parent.status == "RUNNING":
                    runs.label(parent, this_process())
                runs.label(parent, {**_note(study, variant), **lock.get(f"{stage}@{variant}", {})})
    _results(final, sweep, study, folder, trained)
    _models(final, study, folder)
    for _, runs, _ in stages:
        runs.close(broken_off=False)
    final.client.set_experiment_tag(final.experiment, BACKFILLED, stamp)


def _is_backfilled(uri: str, study: Study, folder: Path) -> bool:
    """So that a study with nothing to do need not ask: importing MLflow takes a second."""
    database = database_file(uri)
    if database is None or not database.exists():
        return False
    query = "select value from experiment_tags join experiments using (experiment_id)"
    wanted = [BACKFILLED, f"{study.name}/{FINAL}"]
    try:
        with closing(sqlite3.connect(database)) as known:
            found = known.execute(f"{query} where key = ? and name = ?", wanted).fetchone()
    except sqlite3.Error:  # the backfill will report it
        return False
    return found == (_stamp(study, folder),)


def _stamp(study: Study, folder: Path) -> str:
    """Of what is backfilled."""
    patterns = (*OUTPUTS, *BESIDE, *ARTIFACTS)
    files = [file for pattern in patterns for file in sorted(folder.glob(pattern))]
    text = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)
    lock, reported = locked(folder), ("sweep", "train", "samples")
    entries = json.dumps(
        [lock.get(f"{stage}@{name}") for stage in reported for name in study.variants]
    )
    return hashlib.sha256(text + entries.encode()).hexdigest()


def _write(runs: Runs, done: Done) -> set[str]:
    """The keys of the runs that were written."""
    run_keys: set[str] = set()
    for training, outcome in done:
        runs.write(training, outcome)
        run_keys.add(training.run_key)
    return run_keys


def _note(study: Study, variant: str) -> dict[str, str]:
    """The note on a variant in params.yaml, as MLflow's description of its run."""
    note = study.notes.get(variant)
    return {"mlflow.note.content": note} if note else {}


def _results(
    final: Runs, sweep: Runs, study: Study, folder: Path, trained: Mapping[str, set[str]]
) -> None:
    """Log the findings of the report, unless it is one of earlier trainings."""
    file = folder / RESULTS
    if not file.exists():
        return
    results: dict[str, Any] = json.loads(file.read_text(encoding="utf8"))
    variants = results["variants"].items()
    if {name: set(found["run_keys"].values()) for name, found in variants} == trained:
        log_findings(final, sweep, results, file.stat().st_mtime)
        attach_report(final, study.name, folder)


def _models(final: Runs, study: Study, folder: Path) -> None:
    """Every final network as a model; the baseline's of the first seed is registered.

    Not the best on the test images: those chose nothing.
    """
    for variant in study.variants:
        models = folder / "models" / variant
        if not (models / SPEC).exists():
            continue
        spec = read_spec(models)
        for seed, run_key in spec.run_keys.items():
            known, weights = final.by_key.get(run_key), weights_file(models, seed)
            if known is None or known.status != "FINISHED":
                continue
            name = f"{variant}-seed-{seed}"
            model = log_network(final, known, name, spec.network, weights)
            if (variant, seed) == (study.baseline, study.seeds[0]):
                register(final.client, f"{study.name}-{variant}", model)
