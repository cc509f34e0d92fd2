"""On a machine with a GPU: its slots train, and repeat themselves."""

import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from pipeline.execution.pool import open_pool
from pipeline.execution.runner import complete
from pipeline.execution.slots import VISIBLE, gpus
from pipeline.execution.task import Result
from pipeline.program import program
from pipeline.training.plan import Plan

pytestmark = pytest.mark.skipif(not gpus(), reason="needs a GPU, and a torch that can use it")


@pytest.mark.parametrize("per_gpu", [1, 3])
def test_slots_of_a_gpu_train_and_repeat_themselves(
    make_plan: Callable[..., Plan], tmp_path: Path, per_gpu: int
) -> None:
    def trained(cache: str) -> list[Result]:
        env = {"ABLATION_CACHE": str(tmp_path / cache), "ABLATION_SLOTS_PER_GPU": str(per_gpu)}
        with patch.dict(os.environ, env):
            del os.environ[VISIBLE]
            plan = make_plan(seeds=range(4), epochs=2)
            return complete(plan.tasks, plan.digits, open_pool(program()), observers=[])

    once, again = trained("once"), trained("again")
    assert {result.record["device"] for result in once} <= {gpu.name for gpu in gpus()}
    for one, other in zip(once, again, strict=True):
        for name, array in one.arrays.items():
            assert array.tobytes() == other.arrays[name].tobytes()
