"""Train a variant over the final seeds; with --validate, judge it on images held back."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.data.mnist import load_digits
from pipeline.search.winner import read_winner
from pipeline.study import PARAMS, Study, load_study, merged, parse_study, read_yaml
from pipeline.tracking.runs import training_runs
from pipeline.training.cells import Hyperparameters
from pipeline.training.models import write_models
from pipeline.training.plan import Plan, final_plan, validating
from pipeline.training.progress import Display
from pipeline.training.tasks import Job
from pipeline.training.timings import StageClock
from pipeline.training.validation import VALIDATION, write_validation
from pipeline.training.workers import complete

DIGITS = Path("data/train")


def main(
    variant: str,
    validate: Annotated[bool, typer.Option("--validate", help=f"Write {VALIDATION}.")] = False,
    learning_rate: Annotated[float | None, typer.Option(help="With --validate: try this.")] = None,
    init: Annotated[str | None, typer.Option(help="With --validate: try this.")] = None,
    j: Annotated[float | None, typer.Option(help="With --validate: try this.")] = None,
) -> None:
    tried = {"learning_rate": learning_rate, "init": init, "j": j}
    if validate:
        _validate(variant, {name: value for name, value in tried.items() if value is not None})
    else:
        _final(variant)


def _final(variant: str) -> None:
    clock = StageClock("train", variant)
    study = load_study()
    study.require(variant)
    winner = read_winner(Path("sweeps") / variant)
    plan = _plan(study, variant, winner, study.seeds)
    jobs = [Job(cell=cell) for cell in plan.cells]
    with (
        training_runs(study, variant, plan.cells) as track,
        Display(f"train {variant}", jobs, num_images=len(plan.digits.labels)) as display,
    ):
        results = complete(jobs, plan.digits, observers=(display, track))
    write_models(Path("models") / variant, plan.cells, results, num_images=len(plan.digits.labels))
    clock.add(jobs, results, cached=display.replayed)
    clock.write()


def _validate(variant: str, tried: dict[str, object]) -> None:
    difference = {"hyperparameters": tried}
    study = parse_study(merged(read_yaml(PARAMS), difference), origin="with what is tried, it")
    study.require(variant)
    seeds = study.search.finalist_seeds
    plan = validating(
        _plan(study, variant, study.defaults[variant], seeds),
        validation_images=study.data.validation_images,
        split_seed=study.data.split_seed,
    )
    jobs = [Job(cell=cell) for cell in plan.cells]
    num_images = len(plan.digits.subsets[plan.cells[0].train_on])
    with Display(f"validate {variant}", jobs, num_images=num_images) as display:
        results = complete(jobs, plan.digits, observers=(display,))
    error = write_validation(variant, plan.cells, results)
    print(f"{variant}: validation error {error:.2%} over seeds {list(seeds)}")


def _plan(study: Study, variant: str, settings: Hyperparameters, seeds: tuple[int, ...]) -> Plan:
    return final_plan(
        load_digits(DIGITS),
        study.networks[variant],
        settings,
        seeds=seeds,
        epochs=study.training.epochs,
        batch_size=study.training.batch_size,
        group=study.training.group,
    )
