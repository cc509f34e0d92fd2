"""The task that a run is: one network trained once, or several of them as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pipeline.execution.task import Context, Result, Task
from pipeline.networks.spec import NetworkSpec
from pipeline.training.hyperparameters import Hyperparameters


@dataclass(frozen=True, kw_only=True)
class TrainingTask(Task):
    """Its result's arrays are the trained parameters by name; the record has the `history`."""

    network: NetworkSpec
    hyperparameters: Hyperparameters
    seed: int
    epochs: int
    batch_size: int
    train_on: str
    """Digest of the exact list of image indices."""
    validate_on: str | None
    """The same for the held-out validation images, evaluated after every epoch."""
    data: str

    unit: ClassVar[str] = "epochs"

    @property
    def steps(self) -> int:
        return self.epochs

    def run(self, context: Context) -> Result:
        (result,) = self.run_group([self], context)
        return result

    @classmethod
    def run_group(cls, tasks: Sequence["TrainingTask"], context: Context) -> list[Result]:
        """They differ in hyperparameters and seed alone."""
        from pipeline.training.fit import train

        return train(tasks, context.shared, device=context.device, on_epoch=context.report)
