import pytest

from pipeline.errors import UserError
from pipeline.training import tasks
from pipeline.training.devices import VISIBLE


def test_gpu_that_torch_does_not_find_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "GPU-1234")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UserError, match="torch must find the GPU GPU-1234, but it finds none"):
        tasks._device()


@pytest.mark.parametrize(("delay", "shift"), [(0.9, 0), (-0.9, 0), (3600, 3600), (-2, -2)])
def test_times_are_those_of_the_scheduler_where_a_clock_is_wrong(
    delay: float, shift: float
) -> None:
    timing = {"started": 10.0, "ended": 30.0, "epochs": [(11.0, 20.0), (20.0, 29.0)]}
    shifted = tasks._shifted(timing, delay)
    assert shifted["started"] == 10 + shift
    assert shifted["ended"] == 30 + shift
    assert shifted["epochs"] == [[11 + shift, 20 + shift], [20 + shift, 29 + shift]]
