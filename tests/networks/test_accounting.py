from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.networks.accounting import PAPER_TABLE, account, c3_table, conv_stride
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec

# name: input, output, parameters, connections, MACs. A unit of C1 has 25 inputs and a bias.
PAPER = {
    # 6 * (25 + 1); 156 at each of 28 * 28 = 784 places; 6 * 25 * 784
    "c1": ((1, 32, 32), (6, 28, 28), 156, 122_304, 117_600),
    # a coefficient and a bias for 6 maps; 6 * 14 * 14 = 1,176 units with 4 inputs and a bias
    "s2": ((6, 28, 28), (6, 14, 14), 12, 5_880, 0),
    # 6 * 3 + 9 * 4 + 6 = 60 kernels: 60 * 25 + 16; at each of 100 places; 1,500 * 100
    "c3": ((6, 14, 14), (16, 10, 10), 1_516, 151_600, 150_000),
    # 2 * 16; 16 * 25 = 400 units with 4 inputs and a bias
    "s4": ((16, 10, 10), (16, 5, 5), 32, 2_000, 0),
    # 120 * (400 + 1); 120 * 400
    "c5": ((16, 5, 5), (120,), 48_120, 48_120, 48_000),
    # 84 * (120 + 1); 84 * 120
    "f6": ((120,), (84,), 10_164, 10_164, 10_080),
    # 10 codes of 84 cells, fixed
    "output": ((84,), (10,), 0, 840, 840),
}

# Protocol, section 1: difference, parameters, connections, MACs.
TOTALS: dict[str, tuple[dict[str, Any], int, int, int]] = {
    "lenet5": ({}, 60_000, 340_908, 326_520),
    # Every connection of C1 and C3 has a weight of its own: 122,304 + 12 + 151,600 + 32 + 48,120
    # + 10,164. Nothing else changes.
    "unshared": ({"connectivity": "unshared"}, 332_232, 340_908, 326_520),
    # C1 has 14 * 14 = 196 places: 156 * 196 = 30,576 and 150 * 196 = 29,400. S2 has 1,176 units
    # with 1 input and a bias: 2,352. C3 has 25 places: 1,516 * 25 = 37,900 and 37,500. S4: 800.
    # 30,576 + 2,352 + 37,900 + 800 + 48,120 + 10,164 + 840
    # 29,400 + 37,500 + 48,000 + 10,080 + 840
    "stride": ({"subsampling": "stride"}, 60_000, 130_752, 125_820),
    # C3 on 28x28 has 24 * 24 = 576 places: 1,516 * 576 = 873,216 and 1,500 * 576 = 864,000.
    # C5 sees 16 * 576 = 9,216 units: 120 * 9,216 = 1,105,920, and 120 biases.
    # 156 + 1,516 + 1,106,040 + 10,164
    # 122,304 + 873,216 + 1,106,040 + 10,164 + 840
    # 117,600 + 864,000 + 1,105,920 + 10,080 + 840
    "none": ({"subsampling": "none"}, 1_117_876, 2_112_564, 2_098_440),
    # Without the 12 + 32 parameters of S2 and S4; 1,176 + 400 biases fewer.
    "average": ({"subsampling": "average"}, 59_956, 339_332, 326_520),
    "max": ({"subsampling": "max"}, 59_956, 339_332, 326_520),
    # As `stride`, with a weight for every connection: 30,576 + 12 + 37,900 + 32 + 48,120 + 10,164
    "unshared stride": (
        {"connectivity": "unshared", "subsampling": "stride"},
        126_804,
        130_752,
        125_820,
    ),
    # 96 kernels instead of 60: 36 * 25 = 900 more, at 100 places 90,000 more.
    "complete": ({"c3_table": "complete"}, 60_900, 430_908, 416_520),
    # 840 weights and 10 biases that are learned; the 10 biases are connections too.
    "linear": ({"output": "linear"}, 60_850, 340_918, 326_520),
    "relu": ({"activation": "relu"}, 60_000, 340_908, 326_520),
    # 156 + 2,416 + 48,120 + 10,164 + 850
    # 122,304 + 4,704 + 241,600 + 1,600 + 48,120 + 10,164 + 850
    # 117,600 + 240,000 + 48,000 + 10,080 + 840
    "modern": (
        {"c3_table": "complete", "activation": "relu", "subsampling": "max", "output": "linear"},
        61_706,
        429_342,
        416_520,
    ),
    # 784 * 300 + 300 * 100 + 100 * 10 = 235,200 + 30,000 + 1,000 = 266,200; and 410 biases
    "mlp": ({"hidden": (300, 100), "output": "linear"}, 266_610, 266_610, 266_200),
    # 784 * 75 + 75 * 10 = 58,800 + 750 = 59,550; and 85 biases
    "mlp_60k": ({"hidden": (75,), "output": "linear"}, 59_635, 59_635, 59_550),
    # The codes as output of a perceptron: 784 * 84 = 65,856, 84 biases, and 840 fixed
    "mlp with codes": ({"hidden": (84,)}, 65_940, 66_780, 66_696),
}


@pytest.mark.parametrize("name", PAPER)
def test_layer_of_lenet5_has_the_sizes_of_the_paper(lenet5: NetworkSpec, name: str) -> None:
    layer = account(lenet5)[name]
    sizes = (layer.parameters, layer.connections, layer.macs)
    assert (layer.input_shape, layer.output_shape, *sizes) == PAPER[name]


def test_layers_come_from_input_to_output(lenet5: NetworkSpec) -> None:
    assert [layer.name for layer in account(lenet5).layers] == list(PAPER)


def test_layers_that_are_absent_have_no_row(lenet5: NetworkSpec) -> None:
    sizes = account(replace(lenet5, subsampling="none"))
    assert [layer.name for layer in sizes.layers] == ["c1", "c3", "c5", "f6", "output"]
    perceptron = account(replace(lenet5, hidden=(300, 100), output="linear"))
    assert [layer.name for layer in perceptron.layers] == ["h1", "h2", "output"]


@pytest.mark.parametrize("name", TOTALS)
def test_totals_are_those_of_the_protocol(lenet5: NetworkSpec, name: str) -> None:
    difference, *totals = TOTALS[name]
    sizes = account(replace(lenet5, **difference))
    assert [sizes.parameters, sizes.connections, sizes.macs] == totals


@pytest.mark.parametrize("name", TOTALS)
def test_each_layer_takes_what_the_one_before_it_gives(lenet5: NetworkSpec, name: str) -> None:
    layers = account(replace(lenet5, **TOTALS[name][0])).layers
    assert layers[0].input_shape in ((1, 32, 32), (1, 28, 28))
    for before, after in pairwise(layers):
        assert before.output_shape == after.input_shape
    assert layers[-1].output_shape == (10,)


def test_table_has_sixty_kernels_and_uses_every_map_ten_times() -> None:
    assert [len(row) for row in PAPER_TABLE] == [3] * 6 + [4] * 9 + [6]
    used = [s2 for row in PAPER_TABLE for s2 in row]
    assert [used.count(s2) for s2 in range(6)] == [10] * 6
    assert len({frozenset(row) for row in PAPER_TABLE}) == 16  # no two maps see the same


def test_words_choose_table_and_stride(lenet5: NetworkSpec) -> None:
    assert c3_table(lenet5) == PAPER_TABLE
    assert c3_table(replace(lenet5, c3_table="complete")) == ((0, 1, 2, 3, 4, 5),) * 16
    assert conv_stride(lenet5) == 1
    assert conv_stride(replace(lenet5, subsampling="stride")) == 2


def counted_macs(spec: NetworkSpec) -> int:
    network = build(spec, init="fan_in", seed=0)
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 32, 32, dtype=torch.uint8))
    flops = counter.get_total_flops()
    assert flops % 2 == 0
    return flops // 2


# torch counts the products of convolutions and matrices and nothing else, as the account does. It
# counts a layer with the paper's table as the dense one that computes it: no reference there.
@pytest.mark.parametrize(
    "difference",
    [
        {"c3_table": "complete"},
        {"c3_table": "complete", "subsampling": "stride"},
        {"c3_table": "complete", "subsampling": "none"},
        {"c3_table": "complete", "connectivity": "unshared"},
        TOTALS["modern"][0],
        TOTALS["mlp"][0],
        TOTALS["mlp_60k"][0],
    ],
    ids=str,
)
def test_macs_of_dense_layers_are_those_that_torch_counts(
    lenet5: NetworkSpec, difference: dict[str, Any]
) -> None:
    spec = replace(lenet5, **difference)
    assert account(spec).macs == counted_macs(spec)


def test_macs_of_the_papers_table_leave_out_what_is_not_connected(lenet5: NetworkSpec) -> None:
    # C3 computed densely is 96 * 25 * 100 = 240,000, of which 60 * 25 * 100 = 150,000 are real.
    assert counted_macs(lenet5) - account(lenet5).macs == 240_000 - 150_000
