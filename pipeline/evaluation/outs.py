"""What is kept of looks: `predictions/<variant>.npz`, `-corrupted`, `-probes`, `-samples`.

And what the report shows of them: `-pictures`.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.data.mnist import Digits
from pipeline.evaluation.misclassified import is_wrong
from pipeline.evaluation.plan import Looks
from pipeline.execution.files import write_atomic
from pipeline.execution.task import Result


def write(
    folder: Path,
    looks: Looks,
    results: Sequence[Result],
    picture: Result,
    *,
    variant: str,
    test: Digits,
) -> None:
    """Of the tasks of `looks`, in their order, and of its picture."""
    seeds, count = [model.seed for model in looks.models], len(looks.models)
    clean, corrupted, probes = (results[count * i : count * (i + 1)] for i in range(3))
    scores = [result.arrays["scores"] for result in clean]
    write_predictions(folder / f"{variant}.npz", seeds=seeds, scores=scores, labels=test.labels)
    sets = [task.corruption for task in looks.corrupted_sets]
    path = folder / f"{variant}-corrupted.npz"
    write_corrupted(path, seeds=seeds, sets=sets, results=corrupted)
    write_probes(folder / f"{variant}-probes.npz", seeds=seeds, results=probes)
    path = folder / f"{variant}-pictures.npz"
    write_pictures(path, picture, digit=looks.picture.digit, scores=scores, test=test)


def write_predictions(
    path: Path, *, seeds: Sequence[int], scores: Sequence[np.ndarray], labels: np.ndarray
) -> None:
    """`seeds` int64 [S], `scores` float32 [S, N, 10] (larger is likelier), `labels` int64 [N]."""
    _write(
        path,
        seeds=np.array(seeds, dtype=np.int64),
        scores=np.stack(scores).astype(np.float32),
        labels=labels.astype(np.int64),
    )


def write_corrupted(
    path: Path, *, seeds: Sequence[int], sets: Sequence[str], results: Sequence[Result]
) -> None:
    """`seeds` [S], `sets` the names of D corruptions, `predictions` uint8 [D, S, N].

    A prediction is a digit, or 255 for none.
    """
    answers = [result.arrays["answers"] for result in results]
    _write(
        path,
        seeds=np.array(seeds, dtype=np.int64),
        sets=np.array(sets),
        predictions=np.stack(answers, axis=1),
    )


def write_samples(
    path: Path, *, seeds: Sequence[int], sizes: Sequence[int], results: Sequence[Result]
) -> None:
    """`seeds` int64 [S], `sizes` int64 [K], `predictions` uint8 [K, S, N], 255 for no answer.

    `sizes` are numbers of training images; the results come size by size.
    """
    answers = np.stack([result.arrays["answers"] for result in results])
    _write(
        path,
        seeds=np.array(seeds, dtype=np.int64),
        sizes=np.array(sizes, dtype=np.int64),
        predictions=answers.reshape(len(sizes), len(seeds), -1),
    )


def write_probes(path: Path, *, seeds: Sequence[int], results: Sequence[Result]) -> None:
    """`seeds` [S], `stages` the names of L layers, and what their probes answer.

    `trained` and `untrained` are uint8 [L, S, N], `input` [N] is what one on the image itself
    answers. `shift_errors` float64 [M, S] is of the layers of maps in `layers`, which may be none.
    """
    record, arrays = results[0].record, [result.arrays for result in results]
    _write(
        path,
        seeds=np.array(seeds, dtype=np.int64),
        stages=np.array(record["stages"], dtype=str),
        layers=np.array(record["layers"], dtype=str),
        input=arrays[0]["input"],
        **{
            name: np.stack([each[name] for each in arrays], axis=1)
            for name in ("trained", "untrained", "shift_errors")
        },
    )


def write_pictures(
    path: Path,
    picture: Result,
    *,
    digit: np.ndarray,
    scores: Sequence[np.ndarray],
    test: Digits,
) -> None:
    """`kernels` and `maps` of one network are those of `pictures.seen`, with `digit` [28, 28].

    `scores` are of all networks. `misread` int64 [K] are the test images that more than half of
    them misread, counted from 0, and `images` uint8 [K, 28, 28] their pixels.
    """
    wrong = is_wrong(np.stack(scores), test.labels)
    misread = np.flatnonzero(wrong.mean(axis=0) > 0.5)
    _write(
        path,
        # One by one, for their order in the file: that of a result from the cache is any.
        kernels=picture.arrays["kernels"],
        maps=picture.arrays["maps"],
        digit=digit,
        misread=misread,
        images=test.images[misread],
    )


def _write(path: Path, **arrays: np.ndarray) -> None:
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write_atomic(path, content.getvalue())
