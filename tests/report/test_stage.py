"""The stage as DVC runs it: in a process of its own, on files."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
NUM_IMAGES, SEEDS = 300, (0, 1, 2, 3, 4, 5)
NETWORK = {
    **{"connectivity": "shared", "c3_table": "paper", "subsampling": "trainable"},
    **{"activation": "scaled_tanh", "output": "rbf", "hidden": []},
}
VARIANTS: dict[str, dict[str, Any]] = {"lenet5": {}, "no_pooling": {"subsampling": "stride"}}
