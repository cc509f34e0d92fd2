"""What a worker is asked of a trained network, on the digits that it was given once."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import UserError
from pipeline.evaluation.cells import CorruptionCell, ProbeCell
from pipeline.training.cells import EvaluationCell, Result
from pipeline.training.images import Images
from pipeline.training.tasks import Measurement

if TYPE_CHECKING:
    import torch

TEST = "test"


@dataclass(frozen=True, kw_only=True)
class Look(Measurement):
    """At one trained network, which is its words and its parameters."""

    cell: EvaluationCell
    weights: Mapping[str, np.ndarray]


class Evaluation(Look):
    """The test images as they are; the result's `scores` are float32 [N, 10]."""

    def measured(self, digits: Images, device: "torch.device") -> Result:
        from pipeline.training.fit import evaluate

        test = digits.subsets[TEST]
        shown = Images(images=digits.images[test], labels=digits.labels[test])
        return evaluate(self.cell, self.weights, shown, device=device)


class Reading(Look):
    """The test images as they are; the result's `answers` are uint8 [N]."""

    def measured(self, digits: Images, device: "torch.device") -> Result:
        from pipeline.evaluation.reading import answers, rebuilt

        started = time.time()
        network = rebuilt(self.cell.network, self.weights, device)
        return _result(started, {"answers": answers(network, _frames(digits, TEST, device))})


@dataclass(frozen=True, kw_only=True)
class MakeCorruptedSet(Measurement):
    """Makes a corrupted set, unless this machine has it; the record's `digest` is of its bytes."""

    cell: CorruptionCell

    def measured(self, digits: Images, device: "torch.device") -> Result:  # noqa: ARG002
        from pipeline.evaluation.sets import corrupted_set

        started = time.time()
        images = digits.images[digits.subsets[TEST]]
        _, digest = corrupted_set(images, self.cell.corruption, self.cell.key)
        return _result(started, {}, digest=digest)


@dataclass(frozen=True, kw_only=True)
class CorruptedEvaluation(Look):
    """The test images in every corrupted set; the result's `answers` are uint8 [sets, N].

    `sets` are those that make the cell's images, with the digests of their bytes.

    Raises:
        UserError: If this machine's set has other bytes.
    """

    sets: Sequence[tuple[CorruptionCell, str]]

    def measured(self, digits: Images, device: "torch.device") -> Result:
        import torch

        from pipeline.evaluation.reading import answers, rebuilt

        started = time.time()
        network = rebuilt(self.cell.network, self.weights, device)
        images = digits.images[digits.subsets[TEST]]
        found = [
            answers(network, torch.from_numpy(_same(images, cell, digest)).to(device))
            for cell, digest in self.sets
        ]
        return _result(started, {"answers": np.stack(found)})


@dataclass(frozen=True, kw_only=True)
class Probe(Look):
    """Linear classifiers on each stage of the network, trained and as it began.

    The result is that of `probing.compared`, the record names the rows of its arrays.
    """

    cell: ProbeCell

    def measured(self, digits: Images, device: "torch.device") -> Result:
        from pipeline.evaluation.probing import compared
        from pipeline.evaluation.reading import rebuilt
        from pipeline.networks.lenet5 import build

        started = time.time()
        spec = self.cell.network
        trained = rebuilt(spec, self.weights, device)
        untrained = build(spec, init=self.cell.init, seed=self.cell.seed).to(device)
        views = _views(digits, self.cell, device)
        arrays, names = compared(spec, trained, untrained, views)
        return _result(started, arrays, **names)


@dataclass(frozen=True, kw_only=True)
class Picture(Look):
    """What can be seen of the network, with a training digit, uint8 [28, 28], to look at.

    The result is that of `pictures.seen`.
    """

    digit: np.ndarray

    def measured(self, digits: Images, device: "torch.device") -> Result:  # noqa: ARG002
        import torch

        from pipeline.data.mnist import frame
        from pipeline.evaluation.pictures import seen
        from pipeline.evaluation.reading import rebuilt

        started = time.time()
        spec = self.cell.network
        shown = torch.from_numpy(frame(self.digit[None])[0]).to(device)
        return _result(started, seen(spec, rebuilt(spec, self.weights, device), shown))


def _same(images: np.ndarray, cell: CorruptionCell, digest: str) -> np.ndarray:
    from pipeline.evaluation.sets import corrupted_set

    frames, found = corrupted_set(images, cell.corruption, cell.key)
    if found != digest:
        raise UserError(
            f"every machine must corrupt images alike, but {cell.corruption!r} came out "
            f"differently on two of them: do all have {cell.libraries} and the same kind of CPU?"
        )
    return frames


def _frames(digits: Images, subset: str, device: "torch.device") -> "torch.Tensor":
    import torch

    from pipeline.data.mnist import frame

    return torch.from_numpy(frame(digits.images[digits.subsets[subset]])).to(device)


def _views(digits: Images, cell: ProbeCell, device: "torch.device") -> Any:
    import torch

    from pipeline.evaluation.probing import Views

    def labels(subset: str) -> "torch.Tensor":
        return torch.from_numpy(digits.labels[digits.subsets[subset]]).long().to(device)

    return Views(
        fit=_frames(digits, cell.fit_on, device),
        choose=_frames(digits, cell.choose_on, device),
        judge=_frames(digits, TEST, device),
        fit_labels=labels(cell.fit_on),
        choose_labels=labels(cell.choose_on),
    )


def _result(started: float, arrays: dict[str, np.ndarray], **record: object) -> Result:
    timing = {"started": started, "ended": time.time(), "epochs": []}
    return Result(arrays=arrays, record={**record, "failure": None, "timing": timing})
