"""Train a variant on fewer images, the same for every variant, and judge what it has learned."""

from pathlib import Path

from pipeline.data.mnist import load_digits
from pipeline.evaluation.outs import write_samples
from pipeline.evaluation.plan import readings, with_test
from pipeline.ledger import Ledger
from pipeline.search.winner import read_winner
from pipeline.study import Study, is_standard, load_study
from pipeline.tracking.runs import sample_runs
from pipeline.training.models import trained_networks
from pipeline.training.outs import write_trainings
from pipeline.training.plan import Plan
from pipeline.training.progress import Display
from pipeline.training.samples import images_per_epoch, sample_plan, sample_sizes
from pipeline.training.tasks import Job
from pipeline.training.timings import StageClock
from pipeline.training.workers import Workers


def main(variant: str) -> None:
    """Each network sees the test images once, after the last training."""
    clock = StageClock("samples", variant)
    study = load_study()
    study.require_sampled(variant)
    plan, test = _plan(study, variant), load_digits(Path("data/test"))
    jobs, sizes = [Job(cell=cell) for cell in plan.cells], sample_sizes(plan)
    with Workers(with_test(plan.digits, test), most=len(jobs)) as workers:
        with (
            sample_runs(study, variant, plan.cells, sizes) as track,
            Display(f"samples {variant}", jobs, num_images=images_per_epoch(plan)) as display,
        ):
            trained = workers.complete_all(jobs, observers=[display, track])
        clock.add(jobs, trained, cached=display.replayed)
        models = trained_networks(plan.cells, trained)
        looks = readings(models, test)
        shown = [f"images, trained on {size}" for size in sizes]
        ledger = Ledger(variant, models, looks, keep=is_standard(), shown=shown)
        with Display(f"evaluate {variant}", looks, num_images=len(test.labels)) as display:
            read = workers.complete_all(looks, observers=[ledger, display])
        clock.add(looks, read, cached=display.replayed)
    path = Path("predictions") / f"{variant}-samples.npz"
    told = [
        {"images": size, "history": result.record["history"]}
        for size, result in zip(sizes, trained, strict=True)
    ]
    write_trainings(path.with_suffix(".json"), plan.cells, trained, told)
    write_samples(path, seeds=study.seeds, sizes=study.samples.sizes, results=read)
    clock.write()


def _plan(study: Study, variant: str) -> Plan:
    return sample_plan(
        load_digits(Path("data/train")),
        study.networks[variant],
        read_winner(Path("sweeps") / variant),
        sizes=study.samples.sizes,
        seeds=study.seeds,
        epochs=study.training.epochs,
        batch_size=study.training.batch_size,
    )
