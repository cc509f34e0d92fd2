from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from pipeline.networks.lenet5 import build
from pipeline.networks.mechanisms import C3_TABLE
from pipeline.networks.spec import NetworkSpec
from pipeline.networks.summary import c3_table, full, image, summarize
from pipeline.study import known_networks

PAPER_TABLE = C3_TABLE["paper"].table

NETWORKS = {name: spec for name, (_, spec) in known_networks().items()}

# name: input, output, parameters, connections, MACs, pixels that a unit sees, bytes of its units.
# A unit of C1 has 25 inputs and a bias.
PAPER = {
    # 6 * (25 + 1); 156 at each of 28 * 28 = 784 places; 6 * 25 * 784; 4,704 units of 4 bytes
    "c1": ((1, 32, 32), (6, 28, 28), 156, 122_304, 117_600, 5, 18_816),
    # a coefficient and a bias for 6 maps; 6 * 14 * 14 = 1,176 units with 4 inputs and a bias;
    # two kernels of 5 pixels side by side cover 6
    "s2": ((6, 28, 28), (6, 14, 14), 12, 5_880, 0, 6, 4_704),
    # 6 * 3 + 9 * 4 + 6 = 60 kernels: 60 * 25 + 16; at each of 100 places; 1,500 * 100;
    # units of S2 lie 2 pixels apart: the first sees 6, the fifth ends 4 * 2 further right
    "c3": ((6, 14, 14), (16, 10, 10), 1_516, 151_600, 150_000, 14, 6_400),
    # 2 * 16; 16 * 25 = 400 units with 4 inputs and a bias; 14 + 2
    "s4": ((16, 10, 10), (16, 5, 5), 32, 2_000, 0, 16, 1_600),
    # 120 * (400 + 1); 120 * 400; five units of S4, 4 pixels apart: 16 + 4 * 4, the whole image
    "c5": ((16, 5, 5), (120,), 48_120, 48_120, 48_000, 32, 480),
    # 84 * (120 + 1); 84 * 120
    "f6": ((120,), (84,), 10_164, 10_164, 10_080, 32, 336),
    # 10 codes of 84 cells, fixed
    "output": ((84,), (10,), 0, 840, 840, 32, 40),
}

# Difference, parameters, connections, MACs.
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
    # Only where the unshared kernels start from is another.
    "untied": ({"connectivity": "untied"}, 332_232, 340_908, 326_520),
    # A unit of C1 sees 32 * 32 = 1,024 pixels: 4,704 * 1,024 = 4,816,896 and 4,704 biases. A unit
    # of C3 sees 14 * 14 = 196 units of each of its maps: 60 * 100 * 196 = 1,176,000, 1,600 biases.
    # 4,821,600 + 12 + 1,177,600 + 32 + 48,120 + 10,164
    # 4,821,600 + 5,880 + 1,177,600 + 2,000 + 48,120 + 10,164 + 840
    # 4,816,896 + 1,176,000 + 48,000 + 10,080 + 840
    "full": ({"connectivity": "full"}, 6_057_528, 6_066_204, 6_051_816),
    # A quarter of the units of C1, 1,176, and of C3, 400: 1,204,224 + 1,176 and 294,000 + 400
    # 1,205,400 + 12 + 294,400 + 32 + 48,120 + 10,164
    # 1,205,400 + 2,352 + 294,400 + 800 + 48,120 + 10,164 + 840
    # 1,204,224 + 294,000 + 48,000 + 10,080 + 840
    "full stride": (
        {"connectivity": "full", "subsampling": "stride"},
        1_558_128,
        1_562_076,
        1_557_144,
    ),
    # C5 has 47 units that see 1,176: 47 * 1,176 = 55,272, and 47 biases; F6 84 * (47 + 1) = 4,032.
    # 156 + 12 + 55,319 + 4,032
    # 122,304 + 5,880 + 55,319 + 4,032 + 840
    # 117,600 + 55,272 + 84 * 47 = 3,948 + 840
    "one stage": ({"feature_stages": 1}, 59_519, 188_375, 177_660),
    # Maps of 24, 12, 8 and 4: C1 has 576 places, S2 6 * 144 = 864 units, C3 64 places, S4 16 * 16
    # = 256 units, and C5 sees those: 120 * 256 = 30,720, and 120 biases.
    # 156 + 12 + 1,516 + 32 + 30,840 + 10,164
    # 89,856 + 4,320 + 97,024 + 1,280 + 30,840 + 10,164 + 840
    # 86,400 + 96,000 + 30,720 + 10,080 + 840
    "no border": ({"input_size": 28}, 42_720, 234_324, 224_040),
    # Two maps: 2 + 1 = 3 kernels at 100 places, 3 * 25 + 2 = 77; C5 sees 50 units: 120 * 51
    # 156 + 12 + 77 + 4 + 6,120 + 10,164
    # 122,304 + 5,880 + 7,700 + 250 + 6,120 + 10,164 + 840
    # 117,600 + 7,500 + 6,000 + 10,080 + 840
    "own table": ({"c3_table": ((0, 5), (2,))}, 16_533, 153_258, 142_020),
    # 60 units in C5: 60 * 401 = 24,060 and 84 * 61 = 5,124 instead of 48,120 and 10,164
    "narrow": ({"c5_units": 60}, 30_900, 311_808, 297_480),
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
    # 784 * 300 + 300 * 100 + 100 * 10 = 235,200 + 30,000 + 1,000 = 266,200; and 410 biases. The
    # 265,200 MACs that are sometimes given leave out the output's 1,000.
    "mlp": ({"hidden_sizes": (300, 100), "output": "linear"}, 266_610, 266_610, 266_200),
    # 784 * 75 + 75 * 10 = 58,800 + 750 = 59,550; and 85 biases
    "mlp_60k": ({"hidden_sizes": (75,), "output": "linear"}, 59_635, 59_635, 59_550),
    # The codes as output of a perceptron: 784 * 84 = 65,856, 84 biases, and 840 fixed
    "mlp with codes": ({"hidden_sizes": (84,)}, 65_940, 66_780, 66_696),
}


@pytest.mark.parametrize("name", PAPER)
def test_layer_of_lenet5_has_the_sizes_of_the_paper(lenet5: NetworkSpec, name: str) -> None:
    layer = summarize(lenet5)[name]
    sizes = (layer.parameters, layer.connections, layer.macs)
    seen = (layer.receptive_field, layer.activation_bytes)
    assert (layer.input_shape, layer.output_shape, *sizes, *seen) == PAPER[name]


def test_layers_come_from_input_to_output(lenet5: NetworkSpec) -> None:
    assert [layer.name for layer in summarize(lenet5).layers] == list(PAPER)


def test_layers_that_are_absent_have_no_row(lenet5: NetworkSpec) -> None:
    sizes = summarize(replace(lenet5, subsampling="none"))
    assert [layer.name for layer in sizes.layers] == ["c1", "c3", "c5", "f6", "output"]
    perceptron = summarize(replace(lenet5, hidden_sizes=(300, 100), output="linear"))
    assert [layer.name for layer in perceptron.layers] == ["h1", "h2", "output"]


@pytest.mark.parametrize("name", TOTALS)
def test_totals_are_those_derived_by_hand(lenet5: NetworkSpec, name: str) -> None:
    difference, *totals = TOTALS[name]
    sizes = summarize(replace(lenet5, **difference))
    assert [sizes.parameters, sizes.connections, sizes.macs] == totals


@pytest.mark.parametrize("name", TOTALS)
def test_each_layer_takes_what_the_one_before_it_gives(lenet5: NetworkSpec, name: str) -> None:
    sizes = summarize(replace(lenet5, **TOTALS[name][0]))
    layers = (sizes.input, *sizes.layers)
    assert layers[0].output_shape in ((1, 32, 32), (1, 28, 28))
    for before, after in pairwise(layers):
        assert before.output_shape == after.input_shape
    assert layers[-1].output_shape == (10,)


def test_table_has_sixty_kernels_and_uses_every_map_ten_times() -> None:
    assert [len(row) for row in PAPER_TABLE] == [3] * 6 + [4] * 9 + [6]
    used = [s2 for row in PAPER_TABLE for s2 in row]
    assert [used.count(s2) for s2 in range(6)] == [10] * 6
    assert len({frozenset(row) for row in PAPER_TABLE}) == 16  # no two maps see the same


def test_word_chooses_the_table(lenet5: NetworkSpec) -> None:
    assert c3_table(lenet5) == PAPER_TABLE
    assert c3_table(replace(lenet5, c3_table="complete")) == ((0, 1, 2, 3, 4, 5),) * 16


def counted_macs(spec: NetworkSpec) -> int:
    network = build(spec, init="fan_in", seed=0)
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 32, 32, dtype=torch.uint8))
    flops = counter.get_flop_counts()["Global"]
    return sum(flops.values()) // 2


def products_with_zero(spec: NetworkSpec) -> int:
    """Of C3 computed densely, with all six maps of S2 for each of its own."""
    if (c3 := summarize(spec).get("c3")) is None:
        return 0
    _, height, width = c3.output_shape
    kernels = sum(6 - len(row) for row in c3_table(spec))
    return c3.window**2 * height * width * kernels


# torch counts the products of convolutions and matrices and nothing else, as the summary does; but
# a layer with a table is computed densely, and counted so.
@pytest.mark.parametrize("variant", NETWORKS)
def test_macs_of_each_known_variant_are_those_that_torch_counts(variant: str) -> None:
    spec = NETWORKS[variant]
    assert summarize(spec).macs + products_with_zero(spec) == counted_macs(spec)


@pytest.mark.parametrize(
    "difference",
    [
        *(difference for difference, *_ in TOTALS.values()),
        {"c3_table": "complete", "connectivity": "unshared"},
        {"c3_table": "complete", "connectivity": "untied", "subsampling": "stride"},
        {"c3_table": ((0, 5), (2,)), "connectivity": "full"},
        {"feature_stages": 1, "connectivity": "unshared", "subsampling": "none"},
    ],
    ids=str,
)
def test_macs_of_other_words_are_those_that_torch_counts(
    lenet5: NetworkSpec, difference: dict[str, Any]
) -> None:
    spec = replace(lenet5, **difference)
    assert summarize(spec).macs + products_with_zero(spec) == counted_macs(spec)


def test_macs_of_the_papers_table_leave_out_what_is_not_connected(lenet5: NetworkSpec) -> None:
    # C3 computed densely is 96 * 25 * 100 = 240,000, of which 60 * 25 * 100 = 150,000 are real.
    assert counted_macs(lenet5) - summarize(lenet5).macs == 240_000 - 150_000


def fields(spec: NetworkSpec) -> dict[str, tuple[int, int]]:
    return {layer.name: (layer.receptive_field, layer.step) for layer in summarize(spec).layers}


def test_receptive_fields_follow_the_words(lenet5: NetworkSpec) -> None:
    # The lone unit that strided subsampling reads sees no more than itself; kernels at every
    # other place are 2 pixels apart, then 4: 5 + 4 * 2 and 13 + 4 * 4.
    stride = {"c1": (5, 2), "s2": (5, 2), "c3": (13, 4), "s4": (13, 4), "c5": (29, 0)}
    assert fields(replace(lenet5, subsampling="stride")).items() >= stride.items()
    # Two kernels on top of each other, 5 + 4; 24 of their places side by side.
    none = {"c1": (5, 1), "c3": (9, 1), "c5": (32, 0)}
    assert fields(replace(lenet5, subsampling="none")).items() >= none.items()
    assert set(fields(replace(lenet5, connectivity="full")).values()) == {(32, 0)}
    assert set(fields(replace(lenet5, hidden_sizes=(9, 8), output="linear")).values()) == {(28, 0)}


@pytest.mark.parametrize(
    ("difference", "windows"),
    [
        ({}, [5, 2, 5, 2, 5]),
        ({"connectivity": "full"}, [32, 2, 14, 2, 5]),
        ({"subsampling": "stride"}, [5, 1, 5, 1, 5]),
        ({"subsampling": "none"}, [5, 5, 24]),
        ({"feature_stages": 1}, [5, 2, 14]),
        ({"hidden_sizes": (9,), "output": "linear"}, [28]),
    ],
    ids=str,
)
def test_a_unit_reads_a_window_of_the_maps_before_it(
    lenet5: NetworkSpec, difference: dict[str, Any], windows: list[int]
) -> None:
    layers = summarize(replace(lenet5, **difference)).layers
    assert [layer.window for layer in layers if len(layer.input_shape) == 3] == windows


def test_activations_take_four_bytes_a_unit(lenet5: NetworkSpec) -> None:
    # 4,704 + 1,176 + 1,600 + 400 + 120 + 84 + 10 units
    assert summarize(lenet5).activation_bytes == 4 * 8_094


def test_the_essays_claim_about_full_connection_comes_from_the_same_summary() -> None:
    # A hundred units that see 40 * 40 pixels each: what `describe` says last.
    assert full("h1", image(40), 100, activation=None).macs == 160_000


@pytest.mark.parametrize(
    ("difference", "complaint"),
    [
        (
            {"input_size": 4},
            "too small for C1's 5x5 kernels, but an `input_size` of 4 leaves them 4x4",
        ),
        (
            {"input_size": 12},
            "too small for C3's 5x5 kernels, but an `input_size` of 12 leaves them 4x4",
        ),
        ({"input_size": 8, "subsampling": "none"}, "too small for C3's .* 8 leaves them 4x4"),
        (
            {"input_size": 30},
            "C3's maps must have an even side .* an `input_size` of 30 makes them 9x9",
        ),
        ({"input_size": 30, "subsampling": "stride"}, "C3's maps must have an even side"),
    ],
    ids=str,
)
def test_image_that_does_not_fit_is_refused(
    lenet5: NetworkSpec, difference: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        summarize(replace(lenet5, **difference))


def test_smallest_images_that_fit_do(lenet5: NetworkSpec) -> None:
    # 16, 12, 6, 2, 1; and without halving 10, 6, 2
    assert summarize(replace(lenet5, input_size=16))["s4"].output_shape == (16, 1, 1)
    assert summarize(replace(lenet5, input_size=10, subsampling="none"))["c3"].output_shape == (
        16,
        2,
        2,
    )


def test_what_changed_is_seen_in_the_rows(lenet5: NetworkSpec) -> None:
    def changed(**difference: Any) -> list[str]:
        before, after = summarize(lenet5), summarize(replace(lenet5, **difference))
        return [layer.name for layer in after.layers if layer != before.get(layer.name)]

    assert changed() == []
    assert changed(connectivity="unshared") == changed(connectivity="untied") == ["c1", "c3"]
    assert (
        summarize(replace(lenet5, connectivity="untied"))["c1"]
        != (summarize(replace(lenet5, connectivity="unshared"))["c1"])
    )
    assert changed(c3_table="complete") == ["c3"]
    assert changed(c3_table=PAPER_TABLE[::-1]) == ["c3"]  # of the same size
    assert changed(output="linear") == ["output"]
    assert changed(activation="relu") == ["c1", "s2", "c3", "s4", "c5"]
    assert changed(activation="relu", output="linear")[-2:] == ["f6", "output"]
    assert changed(subsampling="max") == ["s2", "s4"]
    assert changed(subsampling="stride") == ["c1", "s2", "c3", "s4"]
    assert changed(connectivity="full") == ["c1", "c3"]
    assert changed(feature_stages=1) == ["c5", "f6"]
