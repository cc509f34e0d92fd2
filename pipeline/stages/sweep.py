"""Tune a variant on held-out validation images, with the same budget as every variant."""

from pathlib import Path

from pipeline.data.mnist import load_digits
from pipeline.execution.forecast import Forecast
from pipeline.execution.pool import open_pool
from pipeline.execution.progress import Display
from pipeline.execution.runner import Runner
from pipeline.execution.task import Result
from pipeline.outputs.clock import StageClock
from pipeline.outputs.order import require_outputs
from pipeline.outputs.sweeps import Phase, Tuning, write_sweep
from pipeline.outputs.timings import TIMINGS, write_timing
from pipeline.program import program
from pipeline.search.design import applying, points
from pipeline.search.outputs import history, trainings, trials
from pipeline.search.record import Trials
from pipeline.search.summary import summary
from pipeline.search.sweep import Tuner
from pipeline.study import load_study, repository_root
from pipeline.study.plans import tuning_plan
from pipeline.tracking.background import Background
from pipeline.tracking.runs import sweep_runs
from pipeline.training.plan import stack_size
from pipeline.training.task import TrainingTask

DIGITS = Path("data/train")
DASHBOARD = Path("var/optuna.db")


def main(variant: str) -> None:
    clock = StageClock("sweep", variant)
    study = load_study()
    study.require(variant)
    require_outputs(DIGITS)
    network, search = study.networks[variant], study.search
    pool = open_pool(program())
    plan = tuning_plan(study, variant, load_digits(DIGITS), pool.environment, stack=1)
    dimensions = applying(search.dimensions, network)
    book = Trials(f"{study.name}/{variant}", search.dimensions, dimensions)
    most = max(search.trials, search.finalists * len(search.finalist_seeds))
    num_images = len(plan.digits.subsets[plan.tasks[0].train_on])
    forecast = Forecast(subject=variant, pool=pool)
    with Runner(pool, plan.digits, most=most) as runner, sweep_runs(study, variant) as runs:

        def train(phase: Phase, tasks: list[TrainingTask]) -> list[Result]:
            title = f"sweep {variant}, {phase}"
            with Display(title, tasks, images=num_images, forecast=forecast) as display:
                results = runner.complete(tasks, observers=(display, runs(phase, tasks)))
            clock.add(tasks, results, pool, cached=display.replayed)
            return results

        found = Tuner(
            first=plan.tasks[0],
            points=points(search, study.defaults[variant], network),
            search=search,
            book=book,
            train=train,
            stack_size=stack_size(study.training.stack, plan.tasks[0]),
        ).run()
    best = summary(variant, found, dimensions=dimensions, importance=book.importance())
    tuning = Tuning(best=best, trials=trials(found))
    write_sweep(Path("sweeps") / variant, tuning, history(found), trainings(found))
    write_timing(TIMINGS, clock.read())
    _show(book, repository_root() / DASHBOARD)


def _show(book: Trials, path: Path) -> None:
    """Export the trials for optuna-dashboard; like MLflow it is a view, and may fail."""
    advice = "`make dashboard` will not show this sweep."
    view = Background(name=f"Optuna at {path}", advice=advice)
    view.start()
    view.put(lambda: book.export(path))
    view.finish(patience_s=60)
