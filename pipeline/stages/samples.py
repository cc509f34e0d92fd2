"""Train a variant on fewer images, the same for every variant, and evaluate its networks."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.data.mnist import load_digits
from pipeline.evaluation.evaluation_log import EvaluationLog
from pipeline.evaluation.plan import evaluations, with_test
from pipeline.evaluation.tasks.clean import PredictionTask
from pipeline.execution.forecast import Forecast
from pipeline.execution.pool import open_pool
from pipeline.execution.progress import Display
from pipeline.execution.provenance import Environment
from pipeline.execution.runner import Runner
from pipeline.execution.task import Result
from pipeline.outputs.best import BEST, read_best
from pipeline.outputs.clock import StageClock
from pipeline.outputs.order import require_outputs
from pipeline.outputs.runs import common, curve, training
from pipeline.outputs.samples import (
    SamplePredictions,
    SampleTraining,
    SampleTrainings,
    write_samples,
)
from pipeline.outputs.timings import TIMINGS, write_timing
from pipeline.program import program
from pipeline.study import Study, is_standard, load_study
from pipeline.tracking.runs import sample_runs
from pipeline.training.plan import Plan
from pipeline.training.samples import images_per_epoch, sample_plan, sample_sizes, trained_networks

DIGITS, TEST_DIGITS = Path("data/train"), Path("data/test")


def main(variant: str) -> None:
    """Evaluate each network once on the test images, after the last training."""
    clock = StageClock("samples", variant)
    study = load_study()
    study.require_sampled(variant)
    require_outputs(DIGITS, TEST_DIGITS, Path("sweeps") / variant / BEST)
    pool = open_pool(program())
    plan, test = _plan(study, variant, pool.environment), load_digits(TEST_DIGITS)
    tasks, sizes = plan.tasks, sample_sizes(plan)
    images, forecast = images_per_epoch(plan), Forecast(subject=variant, pool=pool)
    with Runner(pool, with_test(plan.digits, test), most=len(tasks)) as runner:
        with (
            sample_runs(study, variant, tasks, sizes) as track,
            Display(f"samples {variant}", tasks, images=images, forecast=forecast) as display,
        ):
            trained = runner.complete_all(tasks, observers=[display, track])
        clock.add(tasks, trained, pool, cached=display.replayed)
        models = trained_networks(tasks, trained)
        asked = evaluations(PredictionTask, models, test, environment=pool.environment)
        image_sets = [f"images, trained on {size}" for size in sizes]
        log = EvaluationLog(variant, models, asked, keep=is_standard(), image_sets=image_sets)
        title, images = f"evaluate {variant}", len(test.labels)
        with Display(title, asked, images=images, forecast=forecast) as display:
            read = runner.complete_all(asked, observers=[log, display])
        clock.add(asked, read, pool, cached=display.replayed)
    answers = SamplePredictions.of_results(study.seeds, study.samples.sizes, read)
    write_samples(Path("predictions"), variant, answers, _trainings(plan, sizes, trained))
    write_timing(TIMINGS, clock.read())


def _trainings(plan: Plan, sizes: Sequence[int], results: Sequence[Result]) -> SampleTrainings:
    entries = [
        SampleTraining(images=size, history=curve(result), **training(task, result))
        for size, task, result in zip(sizes, plan.tasks, results, strict=True)
    ]
    return SampleTrainings(**common(plan.tasks[0]), trainings=entries)


def _plan(study: Study, variant: str, environment: Environment) -> Plan:
    return sample_plan(
        load_digits(DIGITS),
        study.networks[variant],
        read_best(Path("sweeps") / variant).hyperparameters,
        sizes=study.samples.sizes,
        seeds=study.seeds,
        epochs=study.training.epochs,
        batch_size=study.training.batch_size,
        environment=environment,
    )
