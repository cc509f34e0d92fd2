"""Log the findings of the report to the runs that they are about, and the report itself."""

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.tracking.record import rounded
from pipeline.tracking.store import Runs

REPORT = "reports/ablation.html"
RESULTS = "reports/results.json"
ARTIFACTS = (REPORT, RESULTS, "params.yaml")


def log_findings(final: Runs, sweep: Runs, results: Mapping[str, Any], at: float) -> None:
    """Test errors, one by one and together; what the sweeps chose; the verdicts.

    All trainings of `results` are recorded.
    """
    comparisons = {
        each["variant"]: each
        for each in results["comparisons"]
        if each["baseline"] == results["study"]["baseline"]
    }
    for variant, found in results["variants"].items():
        errors = found["test_error"]["per_seed"]
        for run_key, error in zip(found["run_keys"].values(), errors, strict=True):
            final.measure(final.by_key[run_key], {"test_error": error}, at)
        against = comparisons.get(variant)
        final.measure(final.parents[variant], _aggregate(found["test_error"], against), at)
        if against:
            final.label(final.parents[variant], {"ablation.verdict": against["verdict"]})
        chosen = found["validation_error"]
        if variant in sweep.parents and chosen["mean"] is not None:
            reported = {"validation_error": rounded(chosen["mean"]), "seeds": chosen["n_seeds"]}
            sweep.measure(sweep.parents[variant], reported, at)
            sweep.label(sweep.parents[variant], {"ablation.trial": str(found["tuning"]["trial"])})


def attach_report(final: Runs, study: str, folder: Path) -> None:
    """The report and what it was made with, as artifacts of a run of its own."""
    files = [folder / name for name in ARTIFACTS if (folder / name).exists()]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    run = final.report(study, time.time())
    if run.tags.get("ablation.report.digest") == digest:
        return
    for file in files:
        final.client.log_artifact(run.id, str(file))
    final.label(run, {"ablation.report.digest": digest})


def _aggregate(error: Mapping[str, Any], against: Mapping[str, Any] | None) -> dict[str, float]:
    """Mean, interval and n; and what the variant adds to the baseline's error."""
    found = {
        "test_error": error["mean"],
        **_interval("test_error", error["ci95"]),
        "seeds": error["n_seeds"],
        "images": error["n_images"],
    }
    if against:
        found |= {
            "difference": against["difference"],
            **_interval("difference", against["ci95"]),
        }
    return {name: rounded(value) for name, value in found.items() if value is not None}


def _interval(name: str, ci95: list[float] | None) -> dict[str, float]:
    return {} if ci95 is None else {f"{name}_low": ci95[0], f"{name}_high": ci95[1]}
