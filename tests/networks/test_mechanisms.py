"""The values of a mechanism are named in one place: a new one is one row there."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf8")
(EXAMPLE,) = re.findall(r'```python\n(    "l2": .*?)```', README, re.DOTALL)
# By mechanism and value: the table's first line, and the row to put below it.
ROWS = {
    ("subsampling", "l2"): ("SUBSAMPLING = {\n", EXAMPLE),
    ("activation", "elu"): (
        "ACTIVATION = {\n",
        """    "elu": Activation(
        change="using ELU",
        formula="x if x > 0 else exp(x) - 1",
        layer=lambda layers: layers.nn.ELU(),
    ),
""",
    ),
    ("connectivity", "whole"): (
        "CONNECTIVITY = {\n",
        """    "whole": Connectivity(
        change="seeing whole maps, equally at first",
        form="whole maps, equal at first",
        whole_maps=True,
        equal_at_first=True,
    ),
""",
    ),
    ("c3_table", "one_to_one"): (
        "C3_TABLE = {\n",
        """    "one_to_one": Connections(
        change="feeding each C3 map from one S2 map",
        form="one map each",
        table=tuple((number % S2_MAPS,) for number in range(16)),
    ),
""",
    ),
}
USE = """
import sys
from pathlib import Path

import torch

from pipeline.native.network import native_network
from pipeline.networks.lenet5 import build
from pipeline.networks.summary import summarize
from pipeline.networks.tensors import describe_tensors
from pipeline.report.answer import deed
from pipeline.study import json_schema, parse_study, read_yaml
from pipeline.training.stacked import NativeModels, StackedModels

mechanism, word = sys.argv[1:]
study = parse_study(read_yaml(Path("params.yaml")), origin="it")
network = study.networks["tried"]
assert getattr(network, mechanism) == word
built = build(network, init="paper", seed=0)
sizes = summarize(network)
assert sum(each.numel() for each in built.parameters()) == sizes.parameters
images = torch.randint(256, (1, 2, 32, 32), dtype=torch.uint8)
kernels = native_network(network, torch.device("cpu"))
assert kernels is None or mechanism == "c3_table"
models = StackedModels([built]) if kernels is None else NativeModels([built], kernels)
j = torch.tensor([10.0])
before = models(images).detach().clone()
models.compute_gradients(images, torch.tensor([[1, 2]]), j)
models.optimizer(torch.tensor([0.01])).step_by(1.0)
assert before.shape == (1, 2, 10) and not torch.equal(models(images), before)
assert describe_tensors(network)["layers"]
assert word in str(json_schema()["$defs"])
difference = {mechanism: word}
assert "tried" not in deed("tried", {"reference_model": False, "difference": difference})
"""


@pytest.mark.parametrize(("mechanism", "word"), ROWS, ids=str)
def test_a_new_value_is_one_row_and_one_line_of_params(
    tmp_path: Path, mechanism: str, word: str
) -> None:
    """It is checked, counted, built, trained, described, phrased, and in the schema."""
    shutil.copytree(REPOSITORY / "pipeline", tmp_path / "pipeline")
    params = (REPOSITORY / "params.yaml").read_text(encoding="utf8")
    line = f"variants:\n  tried: {{{mechanism}: {word}}}\n"
    (tmp_path / "params.yaml").write_text(params.replace("variants:\n", line, 1), encoding="utf8")
    owner, (table, row) = tmp_path / "pipeline/networks/mechanisms.py", ROWS[mechanism, word]
    text = owner.read_text(encoding="utf8")
    assert text.count(table) == 1
    owner.write_text(text.replace(table, table + row), encoding="utf8")
    _run(tmp_path, "-c", USE, mechanism, word)
    described = json.loads(_run(tmp_path, "-m", "pipeline", "describe", "--json"))
    assert {mechanism: word} in [each["difference"] for each in described]


def _run(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
