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
from pipeline.execution.runner import complete
from pipeline.outputs.order import require_outputs
from pipeline.outputs.validation import VALIDATION, write_validation
from pipeline.program import program
from pipeline.study import PARAMS, merged, parse_study, read_yaml
from pipeline.study.plans import tuning_plan

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
    plan = tuning_plan(
        study, variant, load_digits(DIGITS), pool.environment, stack=study.training.stack
    )
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
