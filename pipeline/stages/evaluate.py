"""Show a variant's trained networks the test images: the only stage that opens them to judge."""

from pathlib import Path

from pipeline.data.mnist import load_digits
from pipeline.ledger import Ledger
from pipeline.study import is_standard, load_study
from pipeline.tracking.runs import evaluation_runs
from pipeline.training.models import read_models
from pipeline.training.plan import evaluation_plan
from pipeline.training.predictions import write_predictions
from pipeline.training.progress import Display
from pipeline.training.timings import StageClock
from pipeline.training.workers import complete

DIGITS = Path("data/test")


def main(variant: str) -> None:
    clock = StageClock("evaluate", variant)
    study = load_study()
    study.require(variant)
    digits = load_digits(DIGITS)
    models = read_models(Path("models") / variant)
    jobs, images = evaluation_plan(models, digits)
    ledger = Ledger(variant, models, jobs, keep=is_standard())
    with (
        evaluation_runs(study, variant, models, images) as track,
        Display(f"evaluate {variant}", jobs, num_images=len(digits.labels)) as display,
    ):
        results = complete(jobs, images, observers=(ledger, display, track))
    write_predictions(
        Path("predictions") / f"{variant}.npz",
        seeds=[model.seed for model in models],
        scores=[result.arrays["scores"] for result in results],
        labels=digits.labels,
    )
    clock.add(jobs, results, cached=display.replayed)
    clock.write()
