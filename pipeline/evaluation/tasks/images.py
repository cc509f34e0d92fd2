"""The images that every worker was given once, and how networks take images."""

from typing import TYPE_CHECKING

import numpy as np

from pipeline.execution.task import Context
from pipeline.training.images import Images

if TYPE_CHECKING:
    import torch

TEST = "test"


def images_of(context: Context, subset: str) -> np.ndarray:
    """The images of a subset as they are: uint8 [N, 28, 28]."""
    given: Images = context.shared
    return given.images[given.subsets[subset]]


def frames_of(context: Context, subset: str) -> "torch.Tensor":
    """The same as networks take them, on the device: uint8 [N, 32, 32]."""
    return framed(images_of(context, subset), context)


def framed(images: np.ndarray, context: Context) -> "torch.Tensor":
    """Images uint8 [N, 28, 28] with their frames, on the device: uint8 [N, 32, 32]."""
    import torch

    from pipeline.data.mnist import frame

    return torch.from_numpy(frame(images)).to(context.device)
