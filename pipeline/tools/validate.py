"""Train a variant with given hyperparameters; print its error on held-out validation images."""

from pathlib import Path
from typing import Annotated

import typer
import yaml

from pipeline.data.mnist import load_digits
from pipeline.execution.errors import UserError
from pipeline.execution.forecast import Forecast
from pipeline.execution.pool import open_pool
from pipeline.execution.progress import Display
from pipeline.execution.provenance import Environment
from pipeline.execution.runner import complete
from pipeline.outputs.order import require_outputs
from pipeline.outputs.validation import VALIDATION, write_validation
from pipeline.program import program
from pipeline.study import PARAMS, Study, merged, parse_study, read_yaml
from pipeline.training.plan import Plan, final_plan, validating

DIGITS = Path("data/train")


def main(
    variant: str,
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE]...", help="Hyperparameters; the others keep their defaults."
        ),
    ] = None,
) -> None:
    tried = {"hyperparameters": dict(map(_setting, settings or []))}
    study = parse_study(merged(read_yaml(PARAMS), tried), origin="with what is tried, it")
    study.require(variant)
    require_outputs(DIGITS)
    pool = open_pool(program())
    plan = _plan(study, variant, pool.environment)
    num_images = len(plan.digits.subsets[plan.tasks[0].train_on])
    forecast = Forecast(subject=variant, pool=pool)
    with Display(
        f"validate {variant}", plan.tasks, images=num_images, forecast=forecast
    ) as display:
        results = complete(plan.tasks, plan.digits, pool, observers=(display,))
    error = write_validation(variant, plan.tasks, results)
    seeds = list(study.search.finalist_seeds)
    print(f"{variant}: validation error {error:.2%} over seeds {seeds}, added to {VALIDATION}")


def _setting(text: str) -> tuple[str, object]:
    name, given, value = text.partition("=")
    if not given:
        raise UserError(f"a setting must be NAME=VALUE, but got {text!r}.")
    return name, yaml.safe_load(value)


def _plan(study: Study, variant: str, environment: Environment) -> Plan:
    """Trainings at full length, with the seeds of the finalists."""
    whole = final_plan(
        load_digits(DIGITS),
        study.networks[variant],
        study.defaults[variant],
        seeds=study.search.finalist_seeds,
        epochs=study.training.epochs,
        batch_size=study.training.batch_size,
        environment=environment,
        stack=study.training.stack,
    )
    data = study.data
    return validating(whole, validation_images=data.validation_images, split_seed=data.split_seed)
