"""The whole chain of a study that trains two of its variants on fewer images, too."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.outputs.misclassified import answers
from tests.test_pipeline import copy_with_three_variants, run_tiny, stages_run, tracked_runs
from tests.tracking.test_backfill import logged, rebuilt

pytestmark = pytest.mark.slow

STUDY = Path("var/studies/tiny")
SAMPLED, SIZES = ("lenet5", "mlp_60k"), [50, 200]
FirstRun = tuple[Path, subprocess.CompletedProcess[str]]


def set_samples(folder: Path, samples: dict[str, Any]) -> None:
    """In the tiny study; JSON is YAML."""
    text = (folder / "studies/tiny.yaml").read_text().partition("samples:")[0]
    (folder / "studies/tiny.yaml").write_text(f"{text}samples: {json.dumps(samples)}\n")


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    folder = copy_with_three_variants(tmp_path_factory.mktemp("clone"))
    set_samples(folder, {"variants": SAMPLED, "sizes": SIZES})
    return folder, run_tiny(folder)


def results(folder: Path) -> dict[str, Any]:
    return json.loads((folder / STUDY / "reports/results.json").read_text())


def samples_of(folder: Path, variant: str) -> dict[str, np.ndarray]:
    with np.load(folder / STUDY / f"predictions/{variant}-samples.npz") as found:
        return dict(found)


def timing(folder: Path, variant: str) -> dict[str, Any]:
    return json.loads((folder / STUDY / f"timings/samples-{variant}.json").read_text())


def test_the_stage_runs_for_the_variants_that_are_listed(first_run: FirstRun) -> None:
    folder, result = first_run
    assert result.returncode == 0, result.stderr
    run = [stage for stage in stages_run(result) if stage.startswith("samples")]
    assert sorted(run) == [f"samples@{variant}" for variant in SAMPLED]
    for variant in SAMPLED:
        found = samples_of(folder, variant)
        assert {name: (array.dtype, array.shape) for name, array in found.items()} == {
            "seeds": (np.int64, (2,)),
            "sizes": (np.int64, (2,)),
            "predictions": (np.uint8, (2, 2, 200)),
        }
        assert found["sizes"].tolist() == SIZES
        # A training and a look at the test images of each network.
        assert len({run["run_key"] for run in timing(folder, variant)["runs"]}) == 2 * 2 * 2
    shown = json.loads((folder / STUDY / "reports/timing.json").read_text())["stages"]
    assert {f"samples@{variant}" for variant in SAMPLED} <= shown.keys()


def test_the_numbers_of_the_record_are_those_of_the_answers(first_run: FirstRun) -> None:
    folder, _ = first_run
    logged = results(folder)["samples"]
    sizes = [*SIZES, 500]
    assert logged["sizes"] == sizes
    assert tuple(logged["variants"]) == SAMPLED
    errors = {}
    for variant in SAMPLED:
        with np.load(folder / STUDY / f"predictions/{variant}.npz") as clean:
            labels, on_all = clean["labels"], answers(clean["scores"])
        given = [*samples_of(folder, variant)["predictions"], on_all]
        errors[variant] = [float((each != labels).mean()) for each in given]
        found = logged["variants"][variant]["errors"]
        assert [found[str(size)]["mean"] for size in sizes] == pytest.approx(errors[variant])
        area = np.trapezoid(errors[variant], np.log(sizes)) / np.log(sizes[-1] / sizes[0])
        assert found["area"]["mean"] == pytest.approx(area, abs=1e-4)
        assert (found["50"]["n_seeds"], found["50"]["n_images"]) == (2, 200)
        test_error = results(folder)["variants"][variant]["test_error"]
        assert found["500"]["mean"] == test_error["mean"]
        assert errors[variant][0] < 0.8  # chance is 0.9: something was learned from 50 images
    changes = logged["variants"]["mlp_60k"]["changes"]
    differences = np.subtract(errors["mlp_60k"], errors["lenet5"])
    assert [changes[str(size)]["mean"] for size in sizes] == pytest.approx(differences)


def test_the_report_has_their_section(first_run: FirstRun) -> None:
    reports = first_run[0] / STUDY / "reports"
    markdown, html = ((reports / f"ablation.{ending}").read_text() for ending in ("md", "html"))
    assert "## Fewer training images\n" in markdown
    assert ">Fewer training images</h2>" in html
    assert "](figures/samples.svg)" in markdown
    assert (reports / "figures/samples.svg").is_file()


def test_trainings_on_fewer_images_are_tracked_apart(first_run: FirstRun) -> None:
    runs = tracked_runs(first_run[0], "samples")
    names = {run.data.tags["mlflow.runName"] for run in runs}
    expected = {f"{v} {n} images seed {s}" for v in SAMPLED for n in SIZES for s in (0, 1)}
    assert names == expected | set(SAMPLED)


def test_a_rebuilt_database_has_them_too(first_run: FirstRun) -> None:
    folder, _ = first_run
    before = logged(folder)
    assert rebuilt(folder).returncode == 0
    after = logged(folder)
    assert after.keys() == before.keys()
    for key, run in after.items():
        assert run == before[key], key


def test_stage_that_runs_again_replays_from_the_cache(first_run: FirstRun) -> None:
    folder, _ = first_run
    before = samples_of(folder, "lenet5")
    subprocess.run(
        [sys.executable, "-m", "pipeline", "samples", "lenet5"],
        cwd=folder / STUDY,
        env=os.environ | {"ABLATION_CACHE": str(folder / "cache")},
        check=True,
    )
    logged = timing(folder, "lenet5")
    assert (logged["cached"], logged["workers"]) == (8, 0)
    for name, array in samples_of(folder, "lenet5").items():
        assert (array == before[name]).all()


def test_variant_that_is_not_listed_is_refused(first_run: FirstRun) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pipeline", "samples", "linear_output"],
        cwd=first_run[0] / STUDY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "one of `samples.variants` (lenet5, mlp_60k), but got 'linear_output'" in result.stderr


def test_too_many_images_are_refused_before_anything_is_trained(first_run: FirstRun) -> None:
    folder, _ = first_run
    set_samples(folder, {"variants": SAMPLED, "sizes": [50, 500]})
    result = run_tiny(folder)
    assert result.returncode == 2
    assert stages_run(result) == ["download"]
    assert "`samples.sizes` must be below the 500 training images" in result.stderr


def test_study_that_gives_it_up_keeps_nothing_of_it(first_run: FirstRun) -> None:
    folder, _ = first_run
    set_samples(folder, {"variants": []})
    result = run_tiny(folder)
    assert result.returncode == 0, result.stderr
    assert stages_run(result) == ["download", "report"]
    assert results(folder)["samples"] is None
    assert "Fewer training images" not in (folder / STUDY / "reports/ablation.md").read_text()
    assert not list((folder / STUDY).glob("predictions/*-samples.npz"))
    assert not list((folder / STUDY).glob("timings/samples-*.json"))
    assert not (folder / STUDY / "reports/figures/samples.svg").exists()
