import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from pipeline.native.network import native_network
from pipeline.networks.lenet5 import build
from pipeline.networks.spec import NetworkSpec
from pipeline.training.optimizer import NativeAdam, StackedAdam

RATES = (0.1, 0.003, 0.0)


@pytest.fixture
def start() -> torch.Tensor:
    return torch.randn(3, 20, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def gradient(rows: torch.Tensor) -> torch.Tensor:
    """Of a sum of fourth powers: another one at every step."""
    return 4 * rows.detach() ** 3


def test_each_row_moves_as_by_torchs_adam_with_its_own_rate(start: torch.Tensor) -> None:
    rows = nn.Parameter(start.clone())
    optimizer = StackedAdam(rows, torch.tensor(RATES, dtype=torch.float64))
    shares = [1.0, 0.7, 0.2, 0.9]
    for share in shares:
        rows.grad = gradient(rows)
        optimizer.step_by(share)
    for model, rate in enumerate(RATES):
        row = nn.Parameter(start[model].clone())
        torchs = torch.optim.Adam([row])
        for share in shares:
            row.grad = gradient(row)
            torchs.param_groups[0]["lr"] = rate * share
            torchs.step()
        torch.testing.assert_close(rows[model], row, rtol=1e-12, atol=1e-14)
    assert torch.equal(rows[2], start[2])


def test_a_step_uses_up_the_gradient(start: torch.Tensor) -> None:
    rows = nn.Parameter(start)
    rows.grad = gradient(rows)
    StackedAdam(rows, torch.tensor(RATES, dtype=torch.float64)).step_by(1.0)
    assert rows.grad is None


def test_native_steps_are_those_of_torch(lenet5: NetworkSpec) -> None:
    native = native_network(lenet5, torch.device("cpu"))
    if native is None:
        pytest.skip("needs a C compiler")
    network = parameters_to_vector(build(lenet5, init="fan_in", seed=0).parameters()).detach()
    rates, finals = torch.tensor([0.004, 0.0]), list[torch.Tensor]()
    for kind in (NativeAdam, StackedAdam):
        rows = nn.Parameter(network.repeat(2, 1))
        optimizer = (
            NativeAdam(rows, rates, native) if kind is NativeAdam else StackedAdam(rows, rates)
        )
        for share in (1.0, 0.7, 0.2):
            rows.grad = gradient(rows)
            optimizer.step_by(share)
            assert rows.grad is None
        finals.append(rows.detach())
    torch.testing.assert_close(*finals, rtol=1e-5, atol=1e-7)
    assert torch.equal(finals[0][1], network)
