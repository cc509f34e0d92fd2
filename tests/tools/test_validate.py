"""Settings of one's own, judged on held-out validation images."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from pipeline.execution.errors import UserError
from pipeline.outputs.validation import VALIDATION
from pipeline.study import PARAMS, merged, read_yaml
from pipeline.tools.validate import main

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study on a few hundred digits."""
    (tmp_path / "data/train").mkdir(parents=True)
    for file in (REPOSITORY / "tests/digits").glob("train-*"):
        shutil.copy(file, tmp_path / "data/train")
    params = merged(read_yaml(REPOSITORY / PARAMS), read_yaml(REPOSITORY / "studies/tiny.yaml"))
    (tmp_path / PARAMS).write_text(yaml.safe_dump(params), encoding="utf8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ABLATION_WORKERS", "1")
    return tmp_path


def test_settings_that_are_given_are_tried_and_the_others_keep_their_defaults(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main("mlp_60k", ["learning_rate=0.001"])
    (entry,) = json.loads(VALIDATION.read_bytes())
    assert entry["hyperparameters"] == {"learning_rate": 0.001, "init": "fan_in", "j": None}
    assert list(entry["validation_error"]["per_seed"]) == ["101"]
    assert "mlp_60k: validation error" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("learning_rate", "a setting must be NAME=VALUE, but got 'learning_rate'."),
        ("learning_rate=1e-3", "YAML reads this as a word"),
        ("learning_rate=1.0", "hyperparameters.learning_rate: must lie in 0.0003 ... 0.03"),
        ("depth=3", "hyperparameters.depth: is not a key here; allowed are learning_rate, init"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(setting: str, message: str) -> None:
    with pytest.raises(UserError) as refusal:
        main("mlp_60k", [setting])
    assert message in str(refusal.value)
