import pytest

from pipeline.execution import worker
from pipeline.execution.errors import UserError
from pipeline.execution.slots import VISIBLE


def test_gpu_that_torch_does_not_find_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "GPU-1234")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UserError, match="torch must find the GPU GPU-1234, but it finds none"):
        worker._device()


@pytest.mark.parametrize(("delay", "shift"), [(0.9, 0), (-0.9, 0), (3600, 3600), (-2, -2)])
def test_times_are_those_of_the_scheduler_where_a_clock_is_wrong(
    monkeypatch: pytest.MonkeyPatch, delay: float, shift: float
) -> None:
    ticks = iter([10.0, 10.5, 20.25, 20.5, 29.25])
    monkeypatch.setattr("time.time", lambda: next(ticks))
    clock = worker.Clock(delay)
    ticks_reported = [clock.tick(index) for index in (0, 1, 0, 1, 0)]
    reported = [at for at, _ in ticks_reported]
    assert [step for _, step in ticks_reported] == [0, 0, 1, 1, 2]
    timing = {"started": 10.1, "ended": 30.0, "epochs": [(11.0, 20.0), (20.0, 29.0)]}
    corrected = clock.corrected(timing, 0)
    assert corrected["started"] == reported[0] == 10 + shift
    assert corrected["ended"] == 30 + shift
    assert corrected["epochs"] == [[11 + shift, reported[2]], [20 + shift, reported[4]]]
    assert reported[4] == 29.25 + shift


def test_a_job_without_epochs_has_none() -> None:
    clock = worker.Clock(0.0)
    began, _ = clock.tick(0)
    corrected = clock.corrected({"started": 1.0, "ended": 2.0, "epochs": []}, 0)
    assert corrected == {"started": began, "ended": 2.0, "epochs": []}
