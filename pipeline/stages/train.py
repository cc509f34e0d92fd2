"""Train a variant over the final seeds; with --validate, judge it on images held back."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.data.mnist import load_digits
from pipeline.execution.pool import open_pool
from pipeline.execution.progress import Display
from pipeline.execution.provenance import Environment
from pipeline.execution.runner import complete
from pipeline.execution.timings import StageClock
from pipeline.program import program
from pipeline.search.winner import BEST, read_winner
from pipeline.study import (
    PARAMS,
    Study,
    load_study,
    merged,
    parse_study,
    read_yaml,
    require_outputs,
)
from pipeline.tracking.runs import training_runs
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.models import write_models
from pipeline.training.plan import Plan, final_plan, validating
from pipeline.training.validation import VALIDATION, write_validation

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
    sweep = Path("sweeps") / variant
    require_outputs(DIGITS, sweep / BEST)
    winner, pool = read_winner(sweep), open_pool(program())
    plan = _plan(study, variant, winner, study.seeds, pool.environment)
    num_images = len(plan.digits.labels)
    with (
        training_runs(study, variant, plan.tasks) as track,
        Display(f"train {variant}", plan.tasks, images=num_images) as display,
    ):
        results = complete(plan.tasks, plan.digits, pool, observers=(display, track))
    write_models(Path("models") / variant, plan.tasks, results, num_images=num_images)
    clock.add(plan.tasks, results, pool, cached=display.replayed)
    clock.write()


def _validate(variant: str, tried: dict[str, object]) -> None:
    difference = {"hyperparameters": tried}
    study = parse_study(merged(read_yaml(PARAMS), difference), origin="with what is tried, it")
    study.require(variant)
    require_outputs(DIGITS)
    seeds, pool = study.search.finalist_seeds, open_pool(program())
    plan = validating(
        _plan(study, variant, study.defaults[variant], seeds, pool.environment),
        validation_images=study.data.validation_images,
        split_seed=study.data.split_seed,
    )
    num_images = len(plan.digits.subsets[plan.tasks[0].train_on])
    with Display(f"validate {variant}", plan.tasks, images=num_images) as display:
        results = complete(plan.tasks, plan.digits, pool, observers=(display,))
    error = write_validation(variant, plan.tasks, results)
    print(f"{variant}: validation error {error:.2%} over seeds {list(seeds)}")


def _plan(
    study: Study,
    variant: str,
    settings: Hyperparameters,
    seeds: tuple[int, ...],
    environment: Environment,
) -> Plan:
    return final_plan(
        load_digits(DIGITS),
        study.networks[variant],
        settings,
        seeds=seeds,
        epochs=study.training.epochs,
        batch_size=study.training.batch_size,
        environment=environment,
        stack_size=study.training.group,
    )
