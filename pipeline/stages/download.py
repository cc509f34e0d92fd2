"""Write MNIST, or the study's own digits, to data/ after checking all of params.yaml."""

import time
from pathlib import Path

from pipeline.data.sources import place_mnist
from pipeline.outputs.timings import TIMINGS, StageTiming, write_timing
from pipeline.study import load_study, prune_outputs


def main() -> None:
    """Check params.yaml first, so that a mistake ends the study before any variant's stage runs.

    Also removes the outputs of variants that the study no longer has.
    """
    start = time.perf_counter()
    study = load_study(Path("params.yaml"))
    place_mnist(
        Path("data"),
        source=study.data.source,
        validation_images=study.data.validation_images,
        sample_sizes=study.samples.used,
    )
    prune_outputs(study.variants, sampled=study.samples.variants)
    timing = StageTiming(stage="download", wall_s=time.perf_counter() - start)
    write_timing(TIMINGS, timing)
