"""The committed speeds reach their bars, and the contestants train the networks they say."""

import json
from dataclasses import replace
from pathlib import Path
from statistics import geometric_mean
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import cluster, speed
from benchmarks.conventional import Pictures
from benchmarks.floor import Rates, floor_seconds
from benchmarks.race import included
from benchmarks.speed import METHODS
from benchmarks.stock import Unshared, stock, stock_loss
from pipeline.data.mnist import Digits, frame
from pipeline.networks.layers import InputCoding
from pipeline.networks.lenet5 import build
from pipeline.networks.summary import summarize
from pipeline.study import load_study
from pipeline.training.stacked import criterion

STUDY = load_study()
# How many times as fast as the bare loop, under the same vector instructions.
BARS = {
    "lenet5": 3.5,
    "linear_output": 3.3,
    "no_pooling": 2.5,
    "no_weight_sharing": 8,
    "mlp": 1.1,
    "mlp_60k": 1.0,
}
WITHOUT_A_COMPILER = 0.8
OVER_CONVENTIONAL = 4.8
STACKED_ON_A_GPU = 10
TRACKING = 0.02


RESULTS = {
    device: json.loads(speed.results_file(device).read_text(encoding="utf8"))
    for device in ("cpu", "cuda")
}
ON_EACH_DEVICE = pytest.mark.parametrize("results", RESULTS.values(), ids=RESULTS)


def rows(method: str, device: str = "cpu") -> dict[str, dict[str, Any]]:
    """By variant."""
    return {row["variant"]: row for row in RESULTS[device]["rows"] if row["method"] == method}


@pytest.mark.parametrize("device", RESULTS)
def test_every_variant_is_measured_in_every_way(device: str) -> None:
    found = {(row["variant"], row["method"]) for row in RESULTS[device]["rows"]}
    assert found == {(v, m) for v in STUDY.networks for m in (*METHODS[device], "floor")}


@pytest.mark.parametrize("variant", STUDY.networks)
def test_ours_against_the_bare_loop(variant: str) -> None:
    assert rows("ours")[variant]["ratio_to_bare"] >= BARS[variant]
    assert rows("plain")[variant]["ratio_to_bare"] >= WITHOUT_A_COMPILER


def test_ours_against_the_conventional_recipe() -> None:
    ratios = [row["ratio_to_conventional"] for row in rows("ours").values()]
    assert geometric_mean(ratios) >= OVER_CONVENTIONAL


@ON_EACH_DEVICE
def test_nothing_is_faster_than_the_floor(results: dict[str, Any]) -> None:
    speed = {(r["variant"], r["method"]): r["images_per_s"] for r in results["rows"]}
    for variant, method in speed:
        assert speed[variant, method] <= speed[variant, "floor"]


def test_stacked_on_a_gpu() -> None:
    for row in rows("stacked", "cuda").values():
        assert row["ratio_to_bare"] >= STACKED_ON_A_GPU


def test_page_shows_the_committed_results() -> None:
    page = Path("docs/performance.md").read_text(encoding="utf8")
    for device, results in RESULTS.items():
        assert included(page, f"bench-{device}", speed.table(results)) == page


def test_tracking_costs_little() -> None:
    found = json.loads(Path("benchmarks/tracking.json").read_text(encoding="utf8"))
    for place in ("sqlite", "late server"):
        assert 0 < found[place]["share"] < TRACKING
        assert found[place]["writing_s"] < found["study_s"]  # so that nothing piles up
        reported = f"{100 * found[place]['share']:.1f} %"
        assert reported in Path("docs/tracking.md").read_text(encoding="utf8")


def test_coordination_of_workers_costs_little() -> None:
    rows = json.loads(Path("benchmarks/cluster.json").read_text(encoding="utf8"))
    for row in rows:
        assert row["memory_mb"] < 1000
        assert row["cpu_s"] < row["wall_s"]
        if not row["seconds"]:
            assert row["wall_s"] / row["tasks"] < 0.010
    page = Path("docs/cluster.md").read_text(encoding="utf8")
    assert included(page, "costs", cluster.table(rows)) == page


@pytest.mark.parametrize("variant", STUDY.networks)
@torch.no_grad()
def test_stock_network_is_the_same_function(variant: str, digits: Digits) -> None:
    spec = STUDY.networks[variant]
    spec = spec if spec.hidden_sizes else replace(spec, c3_table="complete")
    ours, theirs = build(spec, init="fan_in", seed=0), stock(spec)
    trainable = [each for each in theirs.modules() if [*each.parameters(recurse=False)]]
    layers = [each for each in ours.children() if [*each.parameters(recurse=False)]]
    for own, other in zip(layers, trainable, strict=True):
        for value, target in zip(own.parameters(), other.parameters(), strict=True):
            value = value.t() if isinstance(other, Unshared) and value.dim() == 2 else value
            target.copy_(value.reshape(target.shape))
    coding = InputCoding(28 if spec.hidden_sizes else 32)
    some = torch.from_numpy(frame(digits.images[::50]))
    torch.testing.assert_close(theirs(coding(some)), ours(some), atol=1e-3, rtol=1e-4)


def test_stock_loss_is_the_criterion() -> None:
    scores, labels = torch.randn(6, 10), torch.arange(6)
    for j in (None, 3.0):
        constants = None if j is None else torch.tensor([j])
        expected = criterion(scores[None], labels[None], constants)[0]
        torch.testing.assert_close(stock_loss(scores, labels, j), expected)


def test_pictures_are_coded_as_ours() -> None:
    images = np.arange(2 * 32 * 32, dtype=np.uint8).reshape(2, 32, 32)
    pixels, label = Pictures(images, np.array([3, 5]))[1]
    assert label == 5
    torch.testing.assert_close(pixels, InputCoding(32)(torch.from_numpy(images))[1])


def test_floor_by_hand() -> None:
    spec = STUDY.networks["mlp_60k"]  # 784-75-10
    assert summarize(spec).macs == 784 * 75 + 75 * 10
    macs = 3 * (784 * 75 + 75 * 10) - 784 * 75
    epoch = {"images": 100, "batch_size": 10}
    arithmetic = Rates(macs=1e6, bytes=1e18)
    assert floor_seconds(spec, arithmetic, **epoch) == pytest.approx(macs * 1e-4)
    # 85 units of 4 bytes, four times; 59,635 parameters of 4 bytes, eight times a step
    traffic = 100 * 4 * 85 * 4 + 10 * 8 * 4 * 59_635
    memory = Rates(macs=1e18, bytes=1e6)
    assert floor_seconds(spec, memory, **epoch) == pytest.approx(traffic * 1e-6)
