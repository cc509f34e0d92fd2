"""Fused groups: which cells of a batch are trained as one."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.training.cells import TrainingCell
from pipeline.training.tasks import Job


def grouped(cells: Sequence[TrainingCell], size: int) -> list[TrainingCell]:
    """The cells, `size` after `size` trained as one; what is left over is a smaller group.

    A cell's key says how many are trained with it: alone and fused differ in the last bits.
    """
    full = len(cells) // size * size
    sizes = [size if place < full else len(cells) - full for place in range(len(cells))]
    return [
        replace(cell, environment=replace(cell.environment, group=members))
        for cell, members in zip(cells, sizes, strict=True)
    ]


def groups(jobs: Sequence[Job]) -> list[range]:
    """The places of the jobs of each group; an evaluation is a group of its own."""
    found: list[range] = []
    start = 0
    while start < len(jobs):
        cell = jobs[start].cell
        members = cell.environment.group if isinstance(cell, TrainingCell) else 1
        found.append(range(start, start + members))
        start += members
    return found
