"""One way to train one variant, in a process of its own: an epoch whenever it is told to.

`python -m benchmarks.contestant METHOD VARIANT DEVICE IMAGES MODELS EPOCHS FOLDER` prints the
seconds of an epoch and waits for a line before the next. `FOLDER` holds MNIST.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks import conventional
from benchmarks.stock import stock, stock_loss
from pipeline.data.mnist import Digits, frame, load_digits
from pipeline.execution.provenance import cpu_environment
from pipeline.native.build import kernels_name
from pipeline.study import Study, load_study
from pipeline.training.fit import train
from pipeline.training.plan import final_plan

REPOSITORY = Path(__file__).parents[1]
Turn = Callable[[float], None]


def main(
    method: str, variant: str, device: str, images: str, num_models: str, epochs: str, folder: str
) -> None:
    torch.set_num_threads(1)
    study = load_study(REPOSITORY / "params.yaml")
    digits = load_digits(Path(folder))
    some = Digits(digits.images[: int(images)], digits.labels[: int(images)], digits.digest)
    print("ready", file=sys.__stdout__, flush=True)
    sys.stdin.readline()
    place, count = torch.device(device), int(epochs)
    match method:
        case "conventional":
            _conventional(study, variant, some, place, count)
        case "bare" | "bare_any":
            _bare(study, variant, some, place, count)
        case _:
            _ours(study, variant, some, place, count, int(num_models))


def turn(seconds: float) -> None:
    print(seconds, file=sys.__stdout__, flush=True)
    if not sys.stdin.readline():
        os._exit(0)  # nobody asks any more


def _conventional(
    study: Study, variant: str, digits: Digits, device: torch.device, epochs: int
) -> None:
    spec, settings = study.networks[variant], study.defaults[variant]
    conventional.fit(
        stock(spec),
        _field(digits, variant, study),
        digits.labels,
        rate=settings.learning_rate,
        j=settings.j,
        batch_size=study.training.batch_size,
        epochs=epochs,
        device=device,
        turn=turn,
    )


def _bare(study: Study, variant: str, digits: Digits, device: torch.device, epochs: int) -> None:
    """All images in memory as grey levels; a loop of a few lines."""
    spec, settings = study.networks[variant], study.defaults[variant]
    batch_size = study.training.batch_size
    pixels = torch.from_numpy(_field(digits, variant, study))
    images = (pixels[:, None] * (1.275 / 255) - 0.1).to(device)
    labels = torch.from_numpy(digits.labels).long().to(device)
    network = stock(spec).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    steps = epochs * -(-len(labels) // batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(epochs):
        started = time.perf_counter()
        for batch in torch.randperm(len(labels), device=device).split(batch_size):
            optimizer.zero_grad()
            stock_loss(network(images[batch]), labels[batch], settings.j).backward()
            optimizer.step()
            schedule.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        turn(time.perf_counter() - started)


def _ours(
    study: Study, variant: str, digits: Digits, device: torch.device, epochs: int, num_models: int
) -> None:
    plan = final_plan(
        digits,
        study.networks[variant],
        study.defaults[variant],
        seeds=range(num_models),
        epochs=epochs,
        batch_size=study.training.batch_size,
        environment=cpu_environment(kernels=kernels_name()),
        stack=num_models,
    )
    spent = time.perf_counter()

    def on_epoch(model: int, _: dict[str, float]) -> None:
        nonlocal spent
        if model == num_models - 1:
            turn(time.perf_counter() - spent)
            spent = time.perf_counter()

    train(plan.tasks, plan.digits, device=device, on_epoch=on_epoch)


def _field(digits: Digits, variant: str, study: Study) -> np.ndarray:
    """What the variant sees of the images: 28x28 for a perceptron, else with a frame."""
    return digits.images if study.networks[variant].hidden_sizes else frame(digits.images)


if __name__ == "__main__":
    # Lightning has tables to show: stdout is for the seconds alone.
    with contextlib.redirect_stdout(sys.stderr):
        main(*sys.argv[1:])
