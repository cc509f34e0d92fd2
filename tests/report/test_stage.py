"""The stages as DVC runs them: in a process of their own, on files."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.corruptions.registry import REGISTRY
from pipeline.report.readme import BEGIN, END

ROOT = Path(__file__).parents[2]
NUM_IMAGES, SEEDS = 300, list(range(6))
FIGURES = (
    *("differences", "errors", "architectures", "robustness", "learning_curves", "tuning"),
    *("costs", "stages", "kernels", "maps", "confusions"),
)
STAGES = ("sweep", "train", "evaluate")
VARIANTS: dict[str, dict[str, Any]] = {
    "lenet5": {},
    "no_pooling": {"subsampling": "stride", "match": "parameters"},
}
SETTINGS = {"learning_rate": 0.002, "init": "fan_in", "j": 1.0}
BEST: dict[str, Any] = {
    "variant": "v",
    "trial": 0,
    "validation_error": 0.03,
    "hyperparameters": SETTINGS,
    "tuned": list(SETTINGS),
    "runner_up": None,
    "candidates": [
        {
            "trial": 0,
            "hyperparameters": SETTINGS,
            "trial_error": 0.05,
            "validation_error": 0.03,
            "per_seed": {"101": 0.03},
            "failures": {},
            "run_keys": {"101": "f"},
        }
    ],
    "audit": None,
    "edges": [],
    "importance": None,
    "budget": {"trials": 2, "failed": 1, "trainings": 3, "epochs": 10},
}
TRIALS = """\
trial,run_key,learning_rate,init,j,seed,epochs,value,best,state,reason
0,a,0.002,fan_in,1.0,100,4,0.05,0.05,complete,
1,b,0.03,paper,3.0,100,4,,0.05,failed,the loss was nan in epoch 1
"""
HISTORY = """\
phase,trial,run_key,seed,epoch,train_loss,train_error,validation_error,learning_rate
trials,0,a,100,1,0.5,0.1,0.05,0.002
finalists,0,f,101,1,0.5,0.1,0.04,0.002
finalists,0,f,101,2,0.4,0.1,0.03,0.002
"""
TIMING = {"wall_s": 2.0, "workers": 1, "device": "cpu", "cached": 0, "runs": []}


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_study(folder: Path) -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf8"))
    params |= {"variants": VARIANTS, "notes": {"no_pooling": "A note."}, "seeds": SEEDS}
    params["data"]["source"] = "digits"  # labels of MNIST would have to be MNIST's
    params["evaluation"]["planned"] = [["no_pooling", "lenet5"]]
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    write_json(folder / "timings/download.json", {"stage": "download", "wall_s": 1.0})
    for name in VARIANTS:
        write_variant(folder, name)


def write_variant(folder: Path, name: str) -> None:
    write_json(folder / "sweeps" / name / "best.json", BEST)
    (folder / "sweeps" / name / "trials.csv").write_text(TRIALS)
    (folder / "sweeps" / name / "history.csv").write_text(HISTORY)
    environment = {"device": "a CPU", "torch": "2.13.0", "numpy": "2.4.6", "threads": 1}
    write_json(
        folder / "models" / name / "spec.json",
        {
            "network": {"hidden_sizes": []},
            "hyperparameters": SETTINGS,
            "epochs": 2,
            "batch_size": 128,
            "training_images": 60000,
            "data": "d",
            "code": "c",
            "environment": environment,
            "run_keys": {str(seed): f"{name}{seed}" for seed in SEEDS},
            "failures": {},
        },
    )
    rows = [f"k,{seed},{epoch},0.5,{0.1 / epoch},0.002" for seed in SEEDS for epoch in (1, 2)]
    header = "run_key,seed,epoch,train_loss,train_error,learning_rate"
    (folder / "models" / name / "history.csv").write_text("\n".join([header, *rows]))
    scores = np.random.default_rng(len(name)).normal(size=(len(SEEDS), NUM_IMAGES, 10))
    scores[..., 3] += 3
    (folder / "predictions").mkdir(exist_ok=True)
    np.savez(
        folder / "predictions" / f"{name}.npz",
        seeds=np.array(SEEDS),
        scores=scores.astype(np.float32),
        labels=np.full(NUM_IMAGES, 3),
    )
    draws = np.random.default_rng(len(name))

    def answers(*shape: int) -> np.ndarray:
        return np.where(draws.random((*shape, NUM_IMAGES)) < 0.1, 5, 3).astype(np.uint8)

    np.savez(
        folder / "predictions" / f"{name}-corrupted.npz",
        seeds=np.array(SEEDS),
        sets=np.array(list(REGISTRY)),
        predictions=answers(len(REGISTRY), len(SEEDS)),
    )
    np.savez(
        folder / "predictions" / f"{name}-probes.npz",
        seeds=np.array(SEEDS),
        layers=np.array(["s2", "c5"]),
        map_layers=np.array(["c1"]),
        trained=answers(2, len(SEEDS)),
        untrained=answers(2, len(SEEDS)),
        input=answers(),
        equivariance_errors=draws.random((1, len(SEEDS))),
    )
    np.savez(
        folder / "predictions" / f"{name}-filters.npz",
        kernels=draws.normal(size=(2, 6, 5, 5)).astype(np.float32),
        maps=draws.normal(size=(2, 6, 28, 28)).astype(np.float32),
        digit=np.zeros((28, 28), dtype=np.uint8),
        misclassified=np.array([7]),
        images=np.zeros((1, 28, 28), dtype=np.uint8),
    )
    for stage in STAGES:
        timing = {"stage": stage, "variant": name, **TIMING}
        write_json(folder / "timings" / f"{stage}-{name}.json", timing)


def run(folder: Path, stage: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "pipeline", stage],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_study(folder)
    done = run(folder, "report")
    assert done.returncode == 0, done.stderr
    return folder


def test_every_file_of_the_report_is_written_and_nothing_else(reported: Path) -> None:
    reports = reported / "reports"
    files = {path.relative_to(reports).as_posix() for path in reports.rglob("*") if path.is_file()}
    assert files == {
        *("ablation.html", "ablation.md", "results.json", "metrics.json", "timing.json"),
        *("curves.csv", "sweeps.csv", "test_set_evaluations.csv"),
        *(f"figures/{name}.svg" for name in FIGURES),
    }


def test_the_record_holds_the_study_and_its_judgement(reported: Path) -> None:
    results = json.loads((reported / "reports/results.json").read_text())
    assert results["study"]["seeds"] == SEEDS
    assert results["variants"]["no_pooling"]["parameters"] == 60000
    assert results["variants"]["no_pooling"]["connections"] == 130752
    assert results["variants"]["no_pooling"]["activation_bytes"] == 13464
    assert results["study"]["smallest_difference"] > 0
    assert results["variants"]["no_pooling"]["note"] == "A note."
    [comparison] = results["comparisons"]
    metrics = json.loads((reported / "reports/metrics.json").read_text())
    assert metrics["no_pooling.difference"] == comparison["difference"]
    assert metrics["no_pooling.validation_error"] == 0.03


def test_the_record_holds_how_each_variant_was_tuned(reported: Path) -> None:
    results = json.loads((reported / "reports/results.json").read_text())
    assert results["study"]["validation_images"] == 10000
    for variant in results["variants"].values():
        assert variant["validation_error"]["mean"] == 0.03
        assert variant["tuning"]["trials"][1]["failure"] == "the loss was nan in epoch 1"
    assert "the loss was nan in epoch 1" in (reported / "reports/ablation.md").read_text()


def test_the_times_are_summed_beside_the_record(reported: Path) -> None:
    timing = json.loads((reported / "reports/timing.json").read_text())
    stages = ["download", *(f"{stage}@{name}" for stage in STAGES for name in VARIANTS)]
    assert list(timing["stages"]) == [*stages, "report"]
    assert timing["total_s"] == pytest.approx(1 + 6 * 2 + timing["stages"]["report"])


def test_another_process_writes_the_same_bytes_except_for_times(reported: Path) -> None:
    def content() -> dict[str, bytes]:
        paths = (path for path in (reported / "reports").rglob("*") if path.is_file())
        return {path.name: path.read_bytes() for path in paths if path.name != "timing.json"}

    before = content()
    assert run(reported, "report", hash_seed="1").returncode == 0
    assert content() == before


def test_the_readme_takes_its_table_from_the_report(reported: Path) -> None:
    readme = reported / "README.md"
    readme.write_text(f"Before\n{BEGIN}\n{END}\nAfter\n")
    assert run(reported, "readme").returncode == 0
    differs_in = "subsampling: stride, match: parameters (120 units in C5)"
    assert f"| no_pooling | {differs_in} | 60,000 | 130,752 |" in readme.read_text()


@pytest.mark.parametrize(
    "file",
    [
        "predictions/no_pooling.npz",
        "predictions/no_pooling-filters.npz",
        "sweeps/no_pooling/best.json",
    ],
)
def test_a_missing_file_is_named_without_a_traceback(tmp_path: Path, file: str) -> None:
    write_study(tmp_path)
    (tmp_path / file).unlink()
    done = run(tmp_path, "report")
    assert done.returncode == 2
    assert file in done.stderr
    assert "Traceback" not in done.stderr


def test_reporting_needs_neither_torch_nor_tracker_nor_tuner() -> None:
    heavy = "{'torch', 'mlflow', 'optuna', 'pytorch_lightning', 'distributed'}"
    code = f"import sys, pipeline.stages.report as _; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
