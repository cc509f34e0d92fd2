"""Judge a variant's final networks on the test images, which no stage before it has opened."""

from pathlib import Path

from pipeline.data.mnist import load_digits
from pipeline.evaluation.outs import write
from pipeline.evaluation.plan import looks
from pipeline.ledger import Ledger
from pipeline.study import is_standard, load_study
from pipeline.tracking.runs import evaluation_runs
from pipeline.training.models import read_models
from pipeline.training.progress import Display
from pipeline.training.timings import StageClock
from pipeline.training.workers import Workers


def main(variant: str) -> None:
    """On the test images as they are, on every corrupted set, and by probes; and a picture."""
    clock = StageClock("evaluate", variant)
    study = load_study()
    study.require(variant)
    test, training = load_digits(Path("data/test")), load_digits(Path("data/train"))
    models = read_models(Path("models") / variant)
    asked = looks(
        models,
        test,
        training,
        validation_images=study.data.validation_images,
        split_seed=study.data.split_seed,
    )
    sets, count = asked.corrupted_sets, len(test.labels)
    with Workers(asked.digits, most=max(3 * len(models), len(sets))) as workers:
        with Display(f"corrupted sets for {variant}", sets, num_images=count) as display:
            made = workers.complete_all(sets, observers=[display])
        clock.add(sets, made, cached=display.replayed)
        jobs = asked.jobs(made)
        ledger = Ledger(variant, models, jobs, keep=is_standard())
        with (
            evaluation_runs(study, variant, models, test.labels) as track,
            Display(f"evaluate {variant}", jobs, num_images=count) as display,
        ):
            results = workers.complete_all(jobs, observers=[ledger, display, track])
        clock.add(jobs, results, cached=display.replayed)
        [picture] = workers.complete_all([asked.picture], observers=[])
    write(Path("predictions"), asked, results, picture, variant=variant, test=test)
    clock.write()
