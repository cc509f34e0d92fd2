"""What each stage of a network adds: the errors of linear classifiers on its activations."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.analysis.certainty import over_seeds
from pipeline.analysis.errors import BoolArray
from pipeline.analysis.intervals import estimate
from pipeline.outputs.probes import Probes


def probe_errors(probes: Probes, labels: npt.NDArray[np.integer]) -> dict[str, BoolArray]:
    """Which images a probe misclassifies: (S, N) a stage, as "trained s2" and "untrained s2"."""
    return {
        f"{state} {stage}": answers != labels
        for state in ("trained", "untrained")
        for stage, answers in zip(probes.layers, getattr(probes, state), strict=True)
    }


def hierarchy(probes: Probes, labels: npt.NDArray[np.integer]) -> dict[str, Any]:
    """Errors of the probes of each stage, off the network as it is and as it began.

    The gain is what training took off. `shift_errors` are means over networks with intervals over
    seeds alone: 0 where a layer finds a feature wherever it appears.
    """
    wrong = probe_errors(probes, labels)
    return {
        "input": {
            "mean": float((probes.input != labels).mean()),
            "ci95": None,
            "n_seeds": 1,
            "n_images": len(labels),
        },
        "stages": {stage: _stage(wrong, stage) for stage in probes.layers},
        "shift_errors": {
            layer: over_seeds([float(x) if np.isfinite(x) else None for x in errors])
            for layer, errors in zip(probes.map_layers, probes.equivariance_errors, strict=True)
        },
    }


def _stage(wrong: Mapping[str, BoolArray], stage: str) -> dict[str, Any]:
    trained, untrained = (wrong[f"{state} {stage}"] for state in ("trained", "untrained"))
    return {
        "trained": estimate(trained).to_dict(),
        "untrained": estimate(untrained).to_dict(),
        "gain": estimate(untrained.astype(np.int8) - trained.astype(np.int8)).to_dict(),
    }
