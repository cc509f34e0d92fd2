"""`predictions/<variant>-probes.npz`: what linear probes of each layer answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from pipeline.execution.task import Result
from pipeline.outputs.files import read_arrays, write_arrays
from pipeline.outputs.misclassified import Answers
from pipeline.outputs.predictions import (
    PROBES,
    Predictions,
    predictions_file,
    require_answers,
    require_names,
    require_seeds,
    require_shape,
)

ARRAYS = (
    *("seeds", "layers", "trained", "untrained", "input"),
    *("map_layers", "equivariance_errors"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Probes:
    """Of the networks of one variant, on the test images.

    Attributes:
        seeds: Those of the study, in its order.
        layers: L names, from the image on.
        trained, untrained: (L, S, N), of the trained networks and of them at initialisation.
        input: (N,), of the image itself.
        map_layers: M names of layers of feature maps; none of a network without locality.
        equivariance_errors: (M, S), see `evaluation.probing`; NaN where a network diverged.
    """

    seeds: tuple[int, ...]
    layers: tuple[str, ...]
    trained: Answers
    untrained: Answers
    input: Answers
    map_layers: tuple[str, ...]
    equivariance_errors: npt.NDArray[np.float64]

    @classmethod
    def of_results(cls, seeds: Sequence[int], results: Sequence[Result]) -> Self:
        """Of each network's probes, as `evaluation.probing` names their arrays and rows."""
        record, arrays = results[0].record, [result.arrays for result in results]

        def stacked(name: str) -> npt.NDArray[np.generic]:
            return np.stack([each[name] for each in arrays], axis=1)

        return cls(
            seeds=tuple(seeds),
            layers=tuple(record["stages"]),
            trained=stacked("trained").astype(np.uint8),
            untrained=stacked("untrained").astype(np.uint8),
            input=arrays[0]["input"],
            map_layers=tuple(record["layers"]),
            equivariance_errors=stacked("shift_errors").astype(np.float64),
        )


def write_probes(folder: Path, variant: str, probes: Probes) -> None:
    """Into the folder of all variants' predictions."""
    names = {
        "seeds": np.array(probes.seeds, dtype=np.int64),
        "layers": np.array(probes.layers, dtype=str),
        "map_layers": np.array(probes.map_layers, dtype=str),
    }
    arrays = {name: getattr(probes, name) for name in ARRAYS} | names
    write_arrays(predictions_file(folder, variant, PROBES), arrays)


def read_probes(folder: Path, variant: str, predictions: Predictions) -> Probes:
    """What one variant's probes answer, checked against its scores.

    Raises:
        UserError: Naming the file, if it is missing, unreadable or misshapen, of other seeds, or
            if an answer is neither a class nor 255.
    """
    path = predictions_file(folder, variant, PROBES)
    arrays = read_arrays(path, ARRAYS)
    require_seeds(path, arrays.pop("seeds"), predictions.seeds)
    layers = require_names(path, "layers", arrays.pop("layers"))
    map_layers = require_names(path, "map_layers", arrays.pop("map_layers"))
    num_seeds, num_images, _ = predictions.scores.shape
    for name in ("trained", "untrained"):
        require_answers(path, name, arrays[name], (len(layers), num_seeds, num_images))
    require_answers(path, "input", arrays["input"], (num_images,))
    name = "equivariance_errors"
    require_shape(path, name, arrays[name], (len(map_layers), num_seeds))
    return Probes(seeds=predictions.seeds, layers=layers, map_layers=map_layers, **arrays)
