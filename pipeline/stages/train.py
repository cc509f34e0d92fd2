"""Train a variant on all training images with the settings of its sweep, over the final seeds."""

from pathlib import Path

from pipeline.data.mnist import load_digits
from pipeline.execution.forecast import Forecast
from pipeline.execution.pool import open_pool
from pipeline.execution.progress import Display
from pipeline.execution.runner import complete
from pipeline.outputs.best import BEST, read_best
from pipeline.outputs.clock import StageClock
from pipeline.outputs.models import write_models
from pipeline.outputs.order import require_outputs
from pipeline.outputs.runs import models
from pipeline.outputs.timings import TIMINGS, write_timing
from pipeline.program import program
from pipeline.study import load_study
from pipeline.tracking.runs import training_runs
from pipeline.training.plan import final_plan

DIGITS = Path("data/train")


def main(variant: str) -> None:
    clock = StageClock("train", variant)
    study = load_study()
    study.require(variant)
    sweep = Path("sweeps") / variant
    require_outputs(DIGITS, sweep / BEST)
    winner, pool = read_best(sweep).hyperparameters, open_pool(program())
    plan = final_plan(
        load_digits(DIGITS),
        study.networks[variant],
        winner,
        seeds=study.seeds,
        epochs=study.training.epochs,
        batch_size=study.training.batch_size,
        environment=pool.environment,
        stack=study.training.stack,
    )
    num_images, forecast = len(plan.digits.labels), Forecast(subject=variant, pool=pool)
    with (
        training_runs(study, variant, plan.tasks) as track,
        Display(f"train {variant}", plan.tasks, images=num_images, forecast=forecast) as display,
    ):
        results = complete(plan.tasks, plan.digits, pool, observers=(display, track))
    write_models(Path("models") / variant, models(plan.tasks, results, num_images=num_images))
    clock.add(plan.tasks, results, pool, cached=display.replayed)
    write_timing(TIMINGS, clock.read())
