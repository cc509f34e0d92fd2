"""Every variant of every study learns real digits, with its own hyperparameters and soon."""

import pytest

from pipeline.data.mnist import load_digits
from pipeline.data.sources import place_mnist
from pipeline.execution.pool import open_pool
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.runner import complete
from pipeline.native.build import kernels_name
from pipeline.program import program
from pipeline.study import Study
from pipeline.study.workspace import known_studies
from pipeline.training.plan import final_plan, validating

STUDY_OF = {name: study for study in reversed(known_studies()) for name in study.variants}
EPOCHS = 3

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Validation errors after 3 of the epochs, on 10,000 images held back, a fraction."""
    folder = tmp_path_factory.mktemp("mnist")
    held_back = STUDY_OF["lenet5"].data.validation_images
    place_mnist(folder, source="mnist", validation_images=held_back)
    digits = load_digits(folder / "train")

    def plan(name: str, study: Study):
        whole = final_plan(
            digits,
            study.networks[name],
            study.defaults[name],
            seeds=study.search.finalist_seeds[:1],
            epochs=EPOCHS,
            batch_size=study.training.batch_size,
            environment=cpu_environment(kernels=kernels_name()),
        )
        return validating(whole, validation_images=held_back, split_seed=study.data.split_seed)

    plans = {name: plan(name, study) for name, study in STUDY_OF.items()}
    tasks = [plan.tasks[0] for plan in plans.values()]
    pool = open_pool(program())
    results = complete(tasks, plans["lenet5"].digits, pool, observers=())
    return {
        name: 1.0 if result.record["failure"] else result.record["history"][-1]["validation_error"]
        for name, result in zip(plans, results, strict=True)
    }


@pytest.mark.parametrize("name", STUDY_OF)
def test_variant_misreads_fewer_than_5_percent_after_3_epochs(
    name: str, errors: dict[str, float]
) -> None:
    assert errors[name] < 0.05
