import numpy as np
import pytest

from pipeline.analysis.hierarchy import hierarchy, probe_errors
from pipeline.analysis.intervals import estimate
from pipeline.outputs.probes import Probes

LABELS = np.arange(200) % 10


def probes(shares: dict[str, tuple[float, float]], *, seeds: int = 5) -> Probes:
    """By stage: the share that its probe misclassifies, of the network trained and untrained."""
    draws = np.random.default_rng(0)

    def answers(place: int) -> np.ndarray:
        missed = [draws.random((seeds, 200)) < each[place] for each in shares.values()]
        return np.where(missed, (LABELS + 1) % 10, LABELS).astype(np.uint8)

    return Probes(
        seeds=tuple(range(seeds)),
        layers=tuple(shares),
        trained=answers(0),
        untrained=answers(1),
        input=np.where(LABELS == 3, 0, LABELS).astype(np.uint8),
        map_layers=("c1",),
        equivariance_errors=np.linspace(0.1, 0.5, seeds)[None],
    )


def test_gain_of_a_stage_is_what_training_takes_off() -> None:
    given = probes({"s2": (0.1, 0.2), "c5": (0.02, 0.3)})
    found = hierarchy(given, LABELS)
    wrong = probe_errors(given, LABELS)
    assert list(found["stages"]) == ["s2", "c5"]
    stage = found["stages"]["c5"]
    assert stage["trained"] == estimate(wrong["trained c5"]).to_dict()
    assert stage["gain"]["mean"] == pytest.approx(
        wrong["untrained c5"].mean() - wrong["trained c5"].mean()
    )
    low, high = stage["gain"]["ci95"]
    assert low < stage["gain"]["mean"] < high
    assert stage["gain"]["mean"] == pytest.approx(0.28, abs=0.05)


def test_image_itself_is_read_once_and_shift_errors_are_over_seeds() -> None:
    found = hierarchy(probes({"s2": (0.1, 0.2)}), LABELS)
    assert found["input"] == {"mean": 0.1, "ci95": None, "n_seeds": 1, "n_images": 200}
    assert found["shift_errors"]["c1"]["mean"] == pytest.approx(0.3)
    assert found["shift_errors"]["c1"]["n_seeds"] == 5


def test_diverged_network_is_all_wrong_and_has_no_shift_error() -> None:
    given = probes({"s2": (0.0, 0.0)}, seeds=2)
    given.trained[:, 1] = 255
    given.equivariance_errors[0, 1] = np.nan
    found = hierarchy(given, LABELS)
    assert found["stages"]["s2"]["trained"]["mean"] == 0.5
    assert found["shift_errors"]["c1"]["mean"] is None
    assert found["shift_errors"]["c1"]["per_seed"] == [0.1, None]
