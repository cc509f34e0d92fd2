"""Train a variant on fewer images, the same for every variant, and judge what it has learned."""

from pathlib import Path

from pipeline.data.mnist import load_digits
from pipeline.evaluation.outs import write_samples
from pipeline.evaluation.plan import predictions, with_test
from pipeline.execution.pool import open_pool
from pipeline.execution.progress import Display
from pipeline.execution.provenance import Environment
from pipeline.execution.runner import Runner
from pipeline.execution.timings import StageClock
from pipeline.ledger import Ledger
from pipeline.program import program
from pipeline.search.winner import BEST, read_winner
from pipeline.study import Study, is_standard, load_study, require_outputs
from pipeline.tracking.runs import sample_runs
from pipeline.training.models import trained_networks, write_trainings
from pipeline.training.plan import Plan
from pipeline.training.samples import images_per_epoch, sample_plan, sample_sizes

DIGITS, TEST_DIGITS = Path("data/train"), Path("data/test")


def main(variant: str) -> None:
    """Each network sees the test images once, after the last training."""
    clock = StageClock("samples", variant)
    study = load_study()
    study.require_sampled(variant)
    require_outputs(DIGITS, TEST_DIGITS, Path("sweeps") / variant / BEST)
    pool = open_pool(program())
    plan, test = _plan(study, variant, pool.environment), load_digits(TEST_DIGITS)
    tasks, sizes = plan.tasks, sample_sizes(plan)
    with Runner(pool, with_test(plan.digits, test), most=len(tasks)) as runner:
        with (
            sample_runs(study, variant, tasks, sizes) as track,
            Display(f"samples {variant}", tasks, images=images_per_epoch(plan)) as display,
        ):
            trained = runner.complete_all(tasks, observers=[display, track])
        clock.add(tasks, trained, pool, cached=display.replayed)
        models = trained_networks(tasks, trained)
        looks = predictions(models, test, environment=pool.environment)
        shown = [f"images, trained on {size}" for size in sizes]
        ledger = Ledger(variant, models, looks, keep=is_standard(), shown=shown)
        with Display(f"evaluate {variant}", looks, images=len(test.labels)) as display:
            read = runner.complete_all(looks, observers=[ledger, display])
        clock.add(looks, read, pool, cached=display.replayed)
    path = Path("predictions") / f"{variant}-samples.npz"
    told = [
        {"images": size, "history": result.record["history"]}
        for size, result in zip(sizes, trained, strict=True)
    ]
    write_trainings(path.with_suffix(".json"), tasks, trained, told)
    write_samples(path, seeds=study.seeds, sizes=study.samples.sizes, results=read)
    clock.write()


def _plan(study: Study, variant: str, environment: Environment) -> Plan:
    return sample_plan(
        load_digits(DIGITS),
        study.networks[variant],
        read_winner(Path("sweeps") / variant),
        sizes=study.samples.sizes,
        seeds=study.seeds,
        epochs=study.training.epochs,
        batch_size=study.training.batch_size,
        environment=environment,
    )
