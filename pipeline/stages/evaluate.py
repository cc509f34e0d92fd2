"""Judge a variant's final networks on the test images, which no stage before it has opened."""

from functools import partial
from pathlib import Path

from pipeline.data.mnist import load_digits
from pipeline.evaluation.misclassified import error_rate
from pipeline.evaluation.outs import write
from pipeline.evaluation.plan import looks
from pipeline.execution.pool import open_pool
from pipeline.execution.progress import Display
from pipeline.execution.runner import Runner
from pipeline.execution.timings import StageClock
from pipeline.ledger import Ledger
from pipeline.program import program
from pipeline.study import is_standard, load_study, require_outputs
from pipeline.tracking.runs import evaluation_runs
from pipeline.training.models import read_models

DIGITS, TEST_DIGITS = Path("data/train"), Path("data/test")


def main(variant: str) -> None:
    """On the test images as they are, on every corrupted set, and by probes; and a picture."""
    clock = StageClock("evaluate", variant)
    study = load_study()
    study.require(variant)
    trained = Path("models") / variant
    require_outputs(DIGITS, TEST_DIGITS, trained / "spec.json")
    test, training = load_digits(TEST_DIGITS), load_digits(DIGITS)
    models = read_models(trained)
    pool = open_pool(program())
    asked = looks(
        models,
        test,
        training,
        validation_images=study.data.validation_images,
        split_seed=study.data.split_seed,
        environment=pool.environment,
    )
    sets, count = asked.corrupted_sets, len(test.labels)
    with Runner(pool, asked.digits, most=max(3 * len(models), len(sets))) as runner:
        with Display(f"corrupted sets for {variant}", sets, images=count) as display:
            made = runner.complete_all(sets, observers=[display])
        clock.add(sets, made, pool, cached=display.replayed)
        tasks = asked.tasks(made)
        ledger = Ledger(variant, models, tasks, keep=is_standard())
        error_of = partial(error_rate, labels=test.labels)
        with (
            evaluation_runs(study, variant, models, error_of) as track,
            Display(f"evaluate {variant}", tasks, images=count) as display,
        ):
            results = runner.complete_all(tasks, observers=[ledger, display, track])
        clock.add(tasks, results, pool, cached=display.replayed)
        [picture] = runner.complete_all([asked.picture], observers=[])
    write(Path("predictions"), asked, results, picture, variant=variant, test=test)
    clock.write()
