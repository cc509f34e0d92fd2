"""The whole chain on a few hundred real digits, in a copy of the repository, with no network."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from pipeline.corruptions.corruption import Group
from pipeline.corruptions.registry import REGISTRY, by_family, set_names

REPOSITORY = Path(__file__).parents[1]
FILES = (
    "params.yaml",
    "dvc.yaml",
    ".dvcignore",
    ".dvc/config",
    ".dvc/plots",
    "studies",
    "pipeline",
    "tests/digits",
)
VARIANTS = ("lenet5", "linear_output", "mlp_60k")  # three of the study's are enough, and sooner
LEFT_OUT = re.compile(r" +(- \[)?(no_weight_sharing|no_pooling|mlp)[:,]")
STAGES = [f"{stage}@{variant}" for stage in ("sweep", "train", "evaluate") for variant in VARIANTS]

FirstRun = tuple[Path, subprocess.CompletedProcess[str]]


def copy_repository(folder: Path) -> Path:
    for name in FILES:
        source, target = REPOSITORY / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return folder


def copy_with_three_variants(folder: Path) -> Path:
    file = copy_repository(folder) / "params.yaml"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not LEFT_OUT.match(line)))
    return folder


def run_tiny(folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "study", "tiny"],
        cwd=folder,
        env=os.environ | {"ABLATION_CACHE": str(folder / "cache")} | env,
        capture_output=True,
        text=True,
        check=False,
    )


def stages_run(result: subprocess.CompletedProcess[str]) -> list[str]:
    lines = result.stdout.splitlines()
    return [line.split("'")[1] for line in lines if line.startswith("Running stage")]


@pytest.fixture(scope="module")
def first_run(
    tmp_path_factory: pytest.TempPathFactory,
) -> FirstRun:
    folder = copy_with_three_variants(tmp_path_factory.mktemp("clone"))
    return folder, run_tiny(folder)


def test_one_command_goes_from_digits_to_report(first_run: FirstRun) -> None:
    folder, result = first_run
    assert result.returncode == 0, result.stderr
    assert stages_run(result) == ["download", *STAGES, "report"]
    assert result.stdout.splitlines()[-1] == "report: var/studies/tiny/reports/ablation.html"
    reports = folder / "var/studies/tiny/reports"
    results = json.loads((reports / "results.json").read_text())
    assert tuple(results["variants"]) == VARIANTS
    assert len(results["comparisons"]) == 3
    for name in ("ablation.html", "ablation.md", "metrics.json", "timing.json", "figures"):
        assert (reports / name).exists()


def test_the_standard_study_stays_untouched(first_run: FirstRun) -> None:
    folder, _ = first_run
    for name in ("data", "sweeps", "models", "predictions", "timings", "reports", "dvc.lock"):
        assert not (folder / name).exists()


def tracked_runs(folder: Path, experiment: str) -> list[Run]:
    client = MlflowClient(f"sqlite:///{folder}/var/mlflow.db")
    found = client.get_experiment_by_name(f"tiny/{experiment}")
    assert found is not None
    return list(client.search_runs([found.experiment_id]))


def test_every_training_is_one_tracked_run_with_its_test_error(first_run: FirstRun) -> None:
    folder, _ = first_run
    runs = tracked_runs(folder, "final")
    tasks = [run for run in runs if "ablation.run_key" in run.data.tags]
    assert (
        len(tasks)
        == len({run.data.tags["ablation.run_key"] for run in tasks})
        == 2 * len(VARIANTS)
    )
    assert len(runs) - len(tasks) == len(VARIANTS) + 1  # and the report's
    results = json.loads((folder / "var/studies/tiny/reports/results.json").read_text())
    for run in tasks:
        variant, seed = run.data.tags["ablation.variant"], run.data.tags["ablation.seed"]
        errors = dict(
            zip(
                map(str, results["study"]["seeds"]),
                results["variants"][variant]["test_error"]["per_seed"],
                strict=True,
            )
        )
        assert run.data.metrics["test_error"] == errors[seed]
        assert run.info.status == "FINISHED"


def test_every_training_of_a_sweep_is_one_tracked_run(first_run: FirstRun) -> None:
    folder, _ = first_run
    runs = tracked_runs(folder, "sweep")
    tracked = {
        run.data.tags["ablation.run_key"] for run in runs if "ablation.run_key" in run.data.tags
    }
    study = folder / "var/studies/tiny"
    trained = [
        run["run_key"]
        for variant in VARIANTS
        for run in json.loads((study / f"timings/sweep-{variant}.json").read_text())["runs"]
    ]
    assert len(trained) == len(VARIANTS) * (3 + 2 * 1 + 1)  # trials, finalists, audit
    assert tracked == set(trained)
    assert len(runs) == len(trained) + len(VARIANTS)


def test_final_trainings_have_the_settings_that_the_sweep_chose(first_run: FirstRun) -> None:
    study = first_run[0] / "var/studies/tiny"
    for variant in VARIANTS:
        best = json.loads((study / "sweeps" / variant / "best.json").read_text())
        spec = json.loads((study / "models" / variant / "spec.json").read_text())
        assert spec["hyperparameters"] == best["hyperparameters"]


RECOMPUTE = """
import json
from pathlib import Path
from pipeline.analysis.curves import frame
from pipeline.analysis.outcomes import Outcome
from pipeline.analysis.results import assemble
from pipeline.outputs.corrupted import read_corrupted
from pipeline.outputs.models import read_history, read_spec
from pipeline.outputs.predictions import read_predictions
from pipeline.outputs.probes import read_probes
from pipeline.outputs.sweeps import read_tuning
from pipeline.stages.report import plan
from pipeline.study import load_study

def outcome(name, words):
    models, folder = Path("models", name), Path("predictions")
    spec = read_spec(models)
    predictions = read_predictions(folder, name, seeds=study.seeds, failed=spec.failures)
    return Outcome(
        difference=words["difference"], differs_in=words["differs_in"], note=words["note"],
        sizes={size: words[size] for size in SIZES},
        tuning=read_tuning(Path("sweeps", name)), spec=spec,
        history=frame(read_history(models, seeds=study.seeds)),
        predictions=predictions,
        corrupted=read_corrupted(folder, name, predictions),
        probes=read_probes(folder, name, predictions),
    )

SIZES = "parameters", "connections", "macs", "activation_bytes"
study = load_study()
record = json.loads(Path("reports/results.json").read_text())
outcomes = {name: outcome(name, words) for name, words in record["variants"].items()}
assert assemble(plan(study), outcomes) == record
"""


def test_the_record_is_what_analysis_makes_of_the_outs(first_run: FirstRun) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RECOMPUTE],
        cwd=first_run[0] / "var/studies/tiny",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_numbers_of_the_record_are_those_of_the_stored_answers(first_run: FirstRun) -> None:
    study = first_run[0] / "var/studies/tiny"
    results = json.loads((study / "reports/results.json").read_text())
    for name, variant in results["variants"].items():
        clean, corrupted, probes = (
            np.load(study / f"predictions/{name}{kind}.npz")
            for kind in ("", "-corrupted", "-probes")
        )
        labels, read = clean["labels"], clean["scores"].argmax(axis=2)
        assert variant["test_error"]["mean"] == pytest.approx((read != labels).mean())
        wrong = dict(
            zip(corrupted["sets"], (corrupted["predictions"] != labels).mean((1, 2)), strict=True)
        )
        found = results["robustness"]["variants"][name]
        for corruption in REGISTRY:
            assert found["sets"][corruption]["mean"] == pytest.approx(wrong[corruption])
        shifts = [wrong[each.name] for each in by_family(Group.MEAN)["shift"]]
        area = np.trapezoid([(read != labels).mean(), *shifts]) / len(shifts)
        assert found["sums"]["shift"]["mean"] == pytest.approx(area)
        sets = list(corrupted["sets"])
        moved = [
            corrupted["predictions"][sets.index(shifted)] == read
            for shifted in set_names(Group.ONE_PIXEL)
        ]
        assert variant["consistency"]["consistent"]["mean"] == pytest.approx(np.mean(moved))
        for place, stage in enumerate(probes["layers"]):
            reported = variant["hierarchy"]["stages"][stage]
            for state in ("trained", "untrained"):
                error = (probes[state][place] != labels).mean()
                assert reported[state]["mean"] == pytest.approx(error)


def test_no_variant_makes_a_corrupted_set_again(first_run: FirstRun) -> None:
    study = first_run[0] / "var/studies/tiny"
    timings = [
        json.loads((study / f"timings/evaluate-{variant}.json").read_text())
        for variant in VARIANTS
    ]
    networks = 3 * 2  # three evaluations of each of two seeds
    sets = len(REGISTRY)
    assert [len(timing["runs"]) for timing in timings] == [sets + networks] * 3
    assert [timing["cached"] for timing in timings] == [0, sets, sets]
    assert len(list((first_run[0] / "cache/corrupted").glob("*.lock"))) == sets


def test_with_nothing_changed_nothing_runs(first_run: FirstRun) -> None:
    folder, _ = first_run
    result = run_tiny(folder)
    assert result.returncode == 0, result.stderr
    assert stages_run(result) == []


def edit(folder: Path, name: str, change: Callable[[str], str]) -> Callable[[], object]:
    """Change a file; what is returned changes it back."""
    file = folder / name
    text = file.read_text()
    assert change(text) != text
    file.write_text(change(text))
    return lambda: file.write_text(text)


def test_a_change_to_the_report_retrains_nothing(first_run: FirstRun) -> None:
    folder, _ = first_run
    undo = edit(folder, "pipeline/report/templates/ablation.md.j2", lambda text: f"{text}\n")
    assert stages_run(run_tiny(folder)) == ["report"]
    undo()


def test_a_changed_line_and_a_new_one_run_the_stages_of_their_variants_alone(
    first_run: FirstRun,
) -> None:
    folder, _ = first_run
    line, changed = "hidden_sizes: [75], output: linear}", "hidden_sizes: [76], output: linear}"
    new = "max_pooling: {subsampling: max}"
    undo = edit(folder, "params.yaml", lambda text: text.replace(line, f"{changed}\n  {new}"))
    assert stages_run(run_tiny(folder)) == [
        "download",
        "sweep@mlp_60k",
        "sweep@max_pooling",
        "train@mlp_60k",
        "train@max_pooling",
        "evaluate@mlp_60k",
        "evaluate@max_pooling",
        "report",
    ]
    undo()


@pytest.mark.slow
def timeless(report: Path) -> str:
    """Without the one section that tells how long the work took."""
    page = re.compile(
        r'<h2 id="time">.*?</section>|^## Time\n.*?(?=^## )', re.DOTALL | re.MULTILINE
    )
    return page.sub("", report.read_text(encoding="utf8"))


def test_results_are_the_same_bytes_from_one_worker_and_an_empty_cache(
    first_run: FirstRun, tmp_path: Path
) -> None:
    folder, _ = first_run
    assert run_tiny(folder).returncode == 0
    again = copy_with_three_variants(tmp_path)
    result = run_tiny(again, ABLATION_WORKERS="1")
    assert result.returncode == 0, result.stderr
    for name in ("results.json", "metrics.json", "ablation.html", "ablation.md"):
        report = Path("var/studies/tiny/reports") / name
        assert timeless(again / report) == timeless(folder / report)
    for variant in VARIANTS:
        for name in ("best.json", "trials.csv", "history.csv"):
            out = Path("var/studies/tiny/sweeps") / variant / name
            assert (again / out).read_bytes() == (folder / out).read_bytes()
