"""What the workers of this project run: the modules of its tasks, by name, and whose kernels."""

import sys

from pipeline.execution.identity import Program
from pipeline.native.build import explain, kernels_name

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

    Raises:
        UserError: As `native.build.library` does.
    """
    kernels = kernels_name()
    if problem := explain():
        print(problem, file=sys.stderr)
    return Program(modules=MODULES, preload=("pytorch_lightning",), kernels=kernels)
