"""The outs of evaluation: `predictions/<variant>.npz`."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.data.cache import place


def write_predictions(
    path: Path, *, seeds: Sequence[int], scores: Sequence[np.ndarray], labels: np.ndarray
) -> None:
    """`seeds` int64 [S], `scores` float32 [S, N, 10] (larger is likelier), `labels` int64 [N]."""
    content = io.BytesIO()
    np.savez(
        content,
        seeds=np.array(seeds, dtype=np.int64),
        scores=np.stack(scores).astype(np.float32),
        labels=labels.astype(np.int64),
    )
    place(path, content.getvalue())
