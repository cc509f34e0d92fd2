"""Which stage makes a file, and what is said where it did not."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.execution.errors import UserError
from pipeline.outputs.order import made_by, require_outputs

DVC: dict[str, Any] = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
COMMAND = "exec python -m pipeline "


def filled_in(template: str) -> str:
    """For the variant `lenet5`."""
    return template.replace("${key}", "lenet5").replace("${item}", "lenet5")


@pytest.mark.parametrize("name", DVC)
def test_every_output_is_known_by_the_command_that_makes_it(name: str) -> None:
    stage = DVC[name].get("do", DVC[name])
    for output in [*stage["outs"], *stage.get("metrics", [])]:
        path = output if isinstance(output, str) else next(iter(output))
        command = filled_in(stage["cmd"])
        assert f"{COMMAND}{made_by(Path(filled_in(path)))}" == command


def test_each_missing_stage_is_named_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/test").mkdir(parents=True)
    files = ("data/test", "data/train", "timings/train-mlp.json", "models/mlp/spec.json")
    with pytest.raises(UserError) as refusal:
        require_outputs(*map(Path, files))
    assert str(refusal.value) == (
        "what this command reads must be there, but is not; run `dvc repro`, or first:\n"
        "  python -m pipeline download  (makes data/train)\n"
        "  python -m pipeline train mlp  (makes models/mlp/spec.json)"
    )


def test_nothing_is_said_where_all_is_there(tmp_path: Path) -> None:
    require_outputs(tmp_path)
    require_outputs()
