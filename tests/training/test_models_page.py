"""docs/models.md: its code, as it stands there, computes the scores of the project."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.data.mnist import Digits, frame
from pipeline.networks.lenet5 import build
from pipeline.outputs.models import read_models, write_models
from pipeline.outputs.runs import models
from pipeline.training.fit import train
from pipeline.training.plan import Plan

PAGE = Path("docs/models.md")
CHOICES = {"lenet5": {}, "no_weight_sharing": {"connectivity": "unshared"}}


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What its blocks of Python define."""
    code = "".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf8"), re.DOTALL))
    assert "pipeline" not in code
    names: dict[str, Any] = {}
    exec(code, names)
    return names


@pytest.fixture
def folder(tmp_path: Path, make_plan: Callable[..., Plan], variant: str) -> Path:
    """A network of the variant, trained a little and written."""
    plan = make_plan(epochs=3, **CHOICES[variant])
    cpu = torch.device("cpu")
    results = train(plan.tasks, plan.digits, device=cpu, on_epoch=lambda *_: None)
    write_models(tmp_path, models(plan.tasks, results, num_images=500))
    return tmp_path


@pytest.mark.parametrize("variant", CHOICES)
@torch.inference_mode()
def test_code_of_the_page_computes_the_scores_of_the_project(
    page: dict[str, Any], folder: Path, variant: str, digits: Digits
) -> None:
    [model] = read_models(folder)
    network = build(model.network, init="paper", seed=1)
    network.load_state_dict({name: torch.from_numpy(each) for name, each in model.weights.items()})
    expected = network(torch.from_numpy(frame(digits.images))).numpy()
    convolve = page["unshared" if variant == "no_weight_sharing" else "shared"]
    images = torch.from_numpy(digits.images)
    found = page["lenet5"](folder / "seed-0.safetensors", images, convolve).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    assert (found.argmax(1) == expected.argmax(1)).all()
    assert (found.argmax(1) == digits.labels).mean() > 0.3  # it has learned, more than by chance
