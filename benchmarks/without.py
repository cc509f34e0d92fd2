"""What makes our training fast: the same without one of its measures, side by side with it.

`make bench-without` on a machine with nothing else to do. Prints a table, and writes it to
benchmarks/without.json and to docs/performance.md.
"""

import sys
from statistics import median

import typer

from benchmarks.race import REPOSITORY, Contestant, course, publish, race
from pipeline.execution.local import ALLOCATOR
from pipeline.execution.provenance import cpu_environment
from pipeline.training import fit

RESULTS = REPOSITORY / "benchmarks/without.json"


# What training is like without a measure: the name that it replaces, and by what.
WITHOUT: dict[str, tuple[object, str, object]] = {
    "a hundred steps to each of Lightning's": (fit, "CHUNK", 1),
}
SETTINGS = {
    "memory kept from step to step, in huge pages": {},
    "huge pages": {n: v for n, v in ALLOCATOR.items() if n != "GLIBC_TUNABLES"},
}


def take_away(measure: str) -> None:
    setattr(*WITHOUT[measure])


def main(
    images: int = typer.Option(20_000, help="In an epoch."),
    heats: int = typer.Option(3, help="Each with new processes."),
) -> None:
    contestants = {"ours": Contestant(method="ours", settings=ALLOCATOR)}
    for measure in WITHOUT:
        contestants[measure] = Contestant(method=f"without {measure}", settings=ALLOCATOR)
    for measure, settings in SETTINGS.items():
        contestants[measure] = Contestant(method="ours", settings=settings)
    ratios: dict[str, dict[str, float]] = {measure: {} for measure in [*WITHOUT, *SETTINGS]}
    with course(images, heats) as races:
        for variant in races.study.networks:
            seconds = race(races, variant, "cpu", contestants)
            for measure in ratios:
                pairs = zip(seconds[measure], seconds["ours"], strict=True)
                ratios[measure][variant] = median(theirs / ours for theirs, ours in pairs)
            print(f"{variant} is measured", file=sys.stderr)
    results = {"device": cpu_environment().device, "images": images, "ratios": ratios}
    publish(RESULTS, results, "without", table(ratios))


def table(ratios: dict[str, dict[str, float]]) -> str:
    """Markdown: how many times as long an epoch takes without each measure."""
    variants = list(next(iter(ratios.values())))
    lines = [f"| without | {' | '.join(variants)} |", "|:--|" + "--:|" * len(variants)]
    for measure, found in ratios.items():
        lines.append(f"| {measure} | {' | '.join(f'{found[v]:.2f}' for v in variants)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
