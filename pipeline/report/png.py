"""Pictures as they stand in a page: PNG, in an address of their own."""

import base64
import io

import numpy as np
import numpy.typing as npt
from PIL import Image


def png(pixels: npt.NDArray[np.uint8]) -> str:
    """Grey levels [height, width], 0 is black; the address holds the whole picture."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
