"""The trainings that a study's settings ask for."""

from pipeline.data.mnist import Digits
from pipeline.execution.provenance import Environment
from pipeline.study.resolve import Study
from pipeline.training.plan import Plan, Stack, final_plan, validating


def tuning_plan(
    study: Study, variant: str, digits: Digits, environment: Environment, *, stack: Stack
) -> Plan:
    """Of the default settings, as finalists are trained: at full length, with their seeds.

    They are evaluated on the held-out validation images. `environment` is that of the workers.
    """
    whole = final_plan(
        digits,
        study.networks[variant],
        study.defaults[variant],
        seeds=study.search.finalist_seeds,
        epochs=study.training.epochs,
        batch_size=study.training.batch_size,
        environment=environment,
        stack=stack,
    )
    data = study.data
    return validating(whole, validation_images=data.validation_images, split_seed=data.split_seed)
