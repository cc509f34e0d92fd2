"""What the workers of this project run: the modules of its tasks, by name, and whose kernels."""

import os
import sys

from pipeline.execution.identity import Program
from pipeline.native.build import SWITCH, explain, kernels_name, library

# Only named, not imported: a stage depends on the tasks that it makes, and on no others.
MODULES = (
    "pipeline.training.task",
    "pipeline.evaluation.tasks.clean",
    "pipeline.evaluation.tasks.corrupted",
    "pipeline.evaluation.tasks.corruption",
    "pipeline.evaluation.tasks.filters",
    "pipeline.evaluation.tasks.probe",
)


def program() -> Program:
    """Compiles the C kernels if need be; says so once where there can be none.

    What is found here is set for every worker: one that cannot load the kernels must fail, because
    the keys of its results name them.

    Raises:
        UserError: As `native.build.library` does.
    """
    kernels = kernels_name()
    if (problem := explain()) and not os.environ.get(SWITCH):
        print(problem, file=sys.stderr)
    os.environ[SWITCH] = "0" if library() is None else "1"
    return Program(modules=MODULES, preload=("pytorch_lightning",), kernels=kernels)
