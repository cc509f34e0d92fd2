"""The hyperparameters are named in one place: a new one is one field there."""

import shutil
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from pipeline.networks.spec import NetworkSpec
from pipeline.training.hyperparameters import TUNED, Hyperparameters, applying, choices

REPOSITORY = Path(__file__).parents[2]
FIELD = """\
    momentum: Annotated[float, Tuned(scale="linear", label="momentum", unit="a share", below=1)]
    learning_rate: Annotated["""
USE = """
import copy
from pathlib import Path

from pipeline.execution.errors import UserError
from pipeline.search.design import applying, points
from pipeline.outputs.sweeps import TRIAL_COLUMNS
from pipeline.search.record import Trials
from pipeline.study import json_schema, parse_study, read_yaml
from pipeline.tracking.views import experiment_tags

written = read_yaml(Path("params.yaml"))
try:
    parse_study(written, origin="it")
except UserError as mistake:
    assert "it has 1 mistake:\\n  hyperparameters.momentum: must be given" in str(mistake), mistake
written["hyperparameters"]["momentum"] = 0.9
assert parse_study(written, origin="it").defaults["mlp"].momentum == 0.9
wrong = copy.deepcopy(written)
wrong["search"]["dimensions"]["momentum"] = {"low": 0.5, "high": 1.5}
try:
    parse_study(wrong, origin="it")
except UserError as mistake:
    assert "search.dimensions.momentum: `high` must be less than 1, but got 1.5" in str(mistake)
else:
    raise AssertionError
written["search"]["dimensions"]["momentum"] = {"low": 0.5, "high": 0.95}
study = parse_study(written, origin="it")
network = study.networks["mlp"]
tried = points(study.search, study.defaults["mlp"], network)
assert len({each.momentum for each in tried}) == study.search.trials
assert all(0.5 <= each.momentum <= 0.95 for each in tried)
names = applying(study.search.dimensions, network)
assert Trials("s/v", study.search.dimensions, names).ask(tried) == tried
assert "momentum" in TRIAL_COLUMNS
assert "params.`momentum`" in str(experiment_tags("sweep", "1"))
assert json_schema()["$defs"]["Defaults"]["properties"]["momentum"] == {
    "title": "Momentum",
    "type": "number",
    "description": "momentum (a share)",
    "exclusiveMinimum": 0,
    "exclusiveMaximum": 1,
}
"""


def test_a_new_hyperparameter_is_one_field(tmp_path: Path) -> None:
    """It is in the schema, in the checks, in the design, in Optuna, in tables and in MLflow."""
    shutil.copytree(REPOSITORY / "pipeline", tmp_path / "pipeline")
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    owner = tmp_path / "pipeline/training/hyperparameters.py"
    text = owner.read_text(encoding="utf8")
    assert text.count("    learning_rate: Annotated[") == 1
    owner.write_text(text.replace("    learning_rate: Annotated[", FIELD), encoding="utf8")
    done = subprocess.run(
        [sys.executable, "-c", USE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_each_field_says_how_it_is_tuned() -> None:
    assert list(TUNED) == [field.name for field in fields(Hyperparameters)]


@pytest.mark.parametrize("name", TUNED)
def test_a_value_may_be_none_where_it_may_not_apply(name: str) -> None:
    nothing = type(None) in get_args(get_type_hints(Hyperparameters)[name])
    assert nothing == (TUNED[name].network is not None)


@pytest.mark.parametrize("name", TUNED)
def test_words_are_those_of_a_choice(name: str) -> None:
    words = all(isinstance(word, str) for word in choices(name)) and choices(name) != ()
    assert words == (TUNED[name].scale == "choice")


def test_values_that_mean_nothing_to_a_network_are_none(lenet5: NetworkSpec) -> None:
    values = {"learning_rate": 0.1, "init": "paper", "j": 2.0}
    whole = Hyperparameters(learning_rate=0.1, init="paper", j=2.0)
    assert applying(values, lenet5) == whole
    assert applying(values, replace(lenet5, output="linear")) == replace(whole, j=None)
