import json
import subprocess
import sys
from dataclasses import replace

import pytest

from pipeline.networks.lenet5 import build
from pipeline.networks.mechanisms import C3_TABLE
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.tensors import describe_tensors
from pipeline.study import known_networks

NETWORKS = {name: spec for name, (_, spec) in known_networks().items()}


@pytest.mark.parametrize("variant", NETWORKS)
def test_every_tensor_is_described_by_its_layer_with_its_shape(variant: str) -> None:
    layers = describe_tensors(NETWORKS[variant])["layers"]
    described = {name: each for layer in layers for name, each in layer["tensors"].items()}
    parameters = build(NETWORKS[variant], init="paper", seed=0).state_dict()
    shapes = {name: list(value.shape) for name, value in parameters.items()}
    assert {name: each["shape"] for name, each in described.items()} == shapes
    assert all(len(each["axes"]) == len(each["shape"]) for each in described.values())
    for layer in layers:
        assert all(name.startswith(f"{layer['name']}.") for name in layer["tensors"])


@pytest.mark.parametrize("variant", NETWORKS)
def test_description_survives_json(variant: str) -> None:
    described = describe_tensors(NETWORKS[variant])
    assert json.loads(json.dumps(described)) == described


def test_connections_of_c3_are_in_the_cyclic_order_of_table_i(lenet5: NetworkSpec) -> None:
    layers = {layer["name"]: layer for layer in describe_tensors(lenet5)["layers"]}
    pairs = layers["c3"]["connections"]
    rows = tuple(tuple(s2 for c3, s2 in pairs if c3 == row) for row in range(16))
    assert rows == C3_TABLE["paper"].table
    assert pairs[12:15] == [[4, 4], [4, 5], [4, 0]]


def test_positions_come_before_connections_where_nothing_is_shared(lenet5: NetworkSpec) -> None:
    unshared = describe_tensors(replace(lenet5, connectivity="unshared"))["layers"]
    assert unshared[0]["tensors"]["c1.weight"] == {
        "shape": [784, 6, 25],
        "axes": ["row * 28 + column", "connection", "window row * 5 + window column"],
    }


def test_stride_is_that_of_the_convolution(lenet5: NetworkSpec) -> None:
    for subsampling, stride in (("trainable", 1), ("stride", 2)):
        layers = describe_tensors(replace(lenet5, subsampling=subsampling))["layers"]
        assert [layer["stride"] for layer in layers if "stride" in layer] == [stride, stride]


def test_describing_needs_no_torch() -> None:
    script = "import sys, pipeline.networks.tensors; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
