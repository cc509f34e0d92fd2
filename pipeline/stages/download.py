"""Put MNIST, or the study's own digits, into data/ after checking all of params.yaml."""

import time
from pathlib import Path

from pipeline.data.sources import place_mnist
from pipeline.outputs.timings import TIMINGS, StageTiming, write_timing
from pipeline.study import load_study, prune_outputs


def main() -> None:
    """Validate first, so that a mistake stops the study before any variant's command runs."""
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
