"""Tune a variant on validation images, with the budget that every variant has."""

from pathlib import Path

from pipeline.data.mnist import load_digits
from pipeline.search.design import applying, points
from pipeline.search.outs import write_sweep
from pipeline.search.record import Trials
from pipeline.search.sweep import Phase, sweep
from pipeline.study import Study, load_study, repository_root
from pipeline.tracking.background import Background
from pipeline.tracking.runs import sweep_runs
from pipeline.training.cells import Result, TrainingCell
from pipeline.training.plan import Plan, final_plan, validating
from pipeline.training.progress import Display
from pipeline.training.tasks import Job
from pipeline.training.timings import StageClock
from pipeline.training.workers import Workers

DIGITS = Path("data/train")
DASHBOARD = Path("var/optuna.db")


def main(variant: str) -> None:
    clock = StageClock("sweep", variant)
    study = load_study()
    study.require(variant)
    network, search = study.networks[variant], study.search
    plan = _plan(study, variant)
    dimensions = applying(search.dimensions, network)
    book = Trials(f"{study.name}/{variant}", search.dimensions, dimensions)
    most = max(search.trials, search.finalists * len(search.finalist_seeds))
    num_images = len(plan.digits.subsets[plan.cells[0].train_on])
    with Workers(plan.digits, most=most) as workers, sweep_runs(study, variant) as runs:

        def train(phase: Phase, cells: list[TrainingCell]) -> list[Result]:
            jobs = [Job(cell=cell) for cell in cells]
            with Display(f"sweep {variant}, {phase}", jobs, num_images=num_images) as display:
                results = workers.complete(jobs, observers=(display, runs(phase, cells)))
            clock.add(jobs, results, cached=display.replayed)
            return results

        settings = points(search, study.defaults[variant], network)
        found = sweep(plan.cells[0], settings, search, book, train, group=study.training.group)
    importance = book.importance()
    folder = Path("sweeps") / variant
    write_sweep(folder, variant, found, dimensions=dimensions, importance=importance)
    clock.write()
    _show(book, repository_root() / DASHBOARD)


def _show(book: Trials, path: Path) -> None:
    """For optuna-dashboard, a view like MLflow: the study goes on without it."""
    advice = "`make dashboard` will not show this sweep."
    view = Background(name=f"Optuna at {path}", advice=advice)
    view.start()
    view.put(lambda: book.export(path))
    view.finish(patience_s=60)


def _plan(study: Study, variant: str) -> Plan:
    """Trainings at full length that are judged on the images held back."""
    whole = final_plan(
        load_digits(DIGITS),
        study.networks[variant],
        study.defaults[variant],
        seeds=study.search.finalist_seeds,
        epochs=study.training.epochs,
        batch_size=study.training.batch_size,
    )
    data = study.data
    return validating(whole, validation_images=data.validation_images, split_seed=data.split_seed)
