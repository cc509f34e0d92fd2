import pytest
import torch
from torch import nn

from pipeline.training.adam import MembersAdam

RATES = (0.1, 0.003, 0.0)


@pytest.fixture
def start() -> torch.Tensor:
    return torch.randn(3, 20, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def gradient(rows: torch.Tensor) -> torch.Tensor:
    """Of a sum of fourth powers: another one at every step."""
    return 4 * rows.detach() ** 3


def test_each_row_moves_as_by_torchs_adam_with_its_own_rate(start: torch.Tensor) -> None:
    rows = nn.Parameter(start.clone())
    optimizer = MembersAdam(rows, torch.tensor(RATES, dtype=torch.float64))
    shares = [1.0, 0.7, 0.2, 0.9]
    for share in shares:
        rows.grad = gradient(rows)
        optimizer.step_by(share)
    for member, rate in enumerate(RATES):
        row = nn.Parameter(start[member].clone())
        torchs = torch.optim.Adam([row])
        for share in shares:
            row.grad = gradient(row)
            torchs.param_groups[0]["lr"] = rate * share
            torchs.step()
        torch.testing.assert_close(rows[member], row, rtol=1e-12, atol=1e-14)
    assert torch.equal(rows[2], start[2])


def test_a_step_uses_up_the_gradient(start: torch.Tensor) -> None:
    rows = nn.Parameter(start)
    rows.grad = gradient(rows)
    MembersAdam(rows, torch.tensor(RATES, dtype=torch.float64)).step_by(1.0)
    assert rows.grad is None
