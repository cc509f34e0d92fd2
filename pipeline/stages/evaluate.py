"""Evaluate a variant's final networks on the test images, after everything was chosen."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pipeline.data.mnist import Digits, load_digits
from pipeline.evaluation.evaluation_log import EvaluationLog
from pipeline.evaluation.plan import EvaluationPlan, evaluation_plan
from pipeline.execution.forecast import Forecast
from pipeline.execution.pool import open_pool
from pipeline.execution.progress import Display
from pipeline.execution.runner import Runner
from pipeline.execution.task import Result
from pipeline.outputs.clock import StageClock
from pipeline.outputs.corrupted import CorruptedPredictions, write_corrupted
from pipeline.outputs.filters import Filters, write_filters
from pipeline.outputs.misclassified import error_rate
from pipeline.outputs.models import SPEC, read_models
from pipeline.outputs.order import require_outputs
from pipeline.outputs.predictions import Predictions, write_predictions
from pipeline.outputs.probes import Probes, write_probes
from pipeline.outputs.timings import TIMINGS, write_timing
from pipeline.program import program
from pipeline.study import is_standard, load_study
from pipeline.tracking.runs import evaluation_runs

DIGITS, TEST_DIGITS = Path("data/train"), Path("data/test")


def main(variant: str) -> None:
    """Evaluate on the test images, on every corrupted test set and by linear probes.

    Also computes the filters and feature maps of the first network.
    """
    clock = StageClock("evaluate", variant)
    study = load_study()
    study.require(variant)
    trained = Path("models") / variant
    require_outputs(DIGITS, TEST_DIGITS, trained / SPEC)
    test, training = load_digits(TEST_DIGITS), load_digits(DIGITS)
    models = read_models(trained)
    pool = open_pool(program())
    asked = evaluation_plan(
        models,
        test,
        training,
        validation_images=study.data.validation_images,
        split_seed=study.data.split_seed,
        environment=pool.environment,
    )
    sets, count = asked.corrupted_sets, len(test.labels)
    forecast = Forecast(subject=variant, pool=pool)
    with Runner(pool, asked.digits, most=max(3 * len(models), len(sets))) as runner:
        title = f"corrupted sets for {variant}"
        with Display(title, sets, images=count, forecast=forecast) as display:
            made = runner.complete_all(sets, observers=[display])
        clock.add(sets, made, pool, cached=display.replayed)
        tasks = asked.tasks(made)
        log = EvaluationLog(variant, models, tasks, keep=is_standard())
        error_of = partial(error_rate, labels=test.labels)
        with (
            evaluation_runs(study, variant, models, error_of) as track,
            Display(f"evaluate {variant}", tasks, images=count, forecast=forecast) as display,
        ):
            results = runner.complete_all(tasks, observers=[log, display, track])
        clock.add(tasks, results, pool, cached=display.replayed)
        [first_layer] = runner.complete_all([asked.filters], observers=[])
    _write(variant, asked, results, first_layer, test)
    write_timing(TIMINGS, clock.read())


def _write(
    variant: str,
    asked: EvaluationPlan,
    results: Sequence[Result],
    first_layer: Result,
    test: Digits,
) -> None:
    """Write the results of the tasks of `asked`, in their order, and of its filters."""
    folder, count = Path("predictions"), len(asked.models)
    seeds = [model.seed for model in asked.models]
    clean, corrupted, probes = (results[count * i : count * (i + 1)] for i in range(3))
    predictions = Predictions.of_results(seeds, clean, test.labels)
    write_predictions(folder, variant, predictions)
    sets = [task.corruption for task in asked.corrupted_sets]
    write_corrupted(folder, variant, CorruptedPredictions.of_results(seeds, sets, corrupted))
    write_probes(folder, variant, Probes.of_results(seeds, probes))
    digit = asked.filters.digit
    filters = Filters.of_result(first_layer, digit=digit, predictions=predictions, test=test)
    write_filters(folder, variant, filters)
