"""Whether tuning paid: the winners of the sweeps against the defaults that nobody tuned.

`make bench-tuning` after `make repro`. It trains the defaults of each variant as its finalists
were trained: the same images, seeds and epochs. What is in the result cache is not trained again.
"""

import subprocess
import sys
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from statistics import mean, stdev

import typer

from pipeline.outputs.best import read_best
from pipeline.outputs.validation import read_validation
from pipeline.study import load_study

# Validation errors that the winners may not exceed, fractions, means over the finalists' seeds.
BARS = {"lenet5": 0.012, "linear_output": 0.013, "mlp": 0.021, "mlp_60k": 0.025}
LINE = "{:<20}{:>12}{:>12}{:>9}"


def main() -> None:
    """Exit code 1 where a winner misses its bar, or is worse than the defaults."""
    missed = 0
    print(LINE.format("Error, %", "defaults", "winner", "bar"))
    for variant in load_study().networks:
        subprocess.run([sys.executable, "-m", "pipeline", "validate", variant], check=True)
        default = read_validation()[-1].validation_error.mean
        winner = read_best(Path("sweeps") / variant).candidates[0]
        errors = [error for error in winner.per_seed.values() if error is not None]
        best, bar = mean(errors), BARS.get(variant)
        print(LINE.format(variant, f"{default:.2%}", f"{best:.2%}", f"{bar:.1%}" if bar else "-"))
        missed += best > default or misses(errors, bar or 1)
    raise typer.Exit(int(missed > 0))


def misses(errors: Sequence[float], bar: float) -> bool:
    """Whether a mean over few seeds is above its bar by more than its standard error.

    The last bits of a sum, which differ between versions, decide on less than that.
    """
    return mean(errors) - stdev(errors) / sqrt(len(errors)) > bar


if __name__ == "__main__":
    typer.run(main)
