"""How MLflow's pages show an experiment: what it is, and views of its list with useful columns.

The views are what MLflow's own page writes by *Views, Save as new view*: a tag of the experiment.
Their links stand in the first line of its description, which is shown above the list.
"""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.training.hyperparameters import TUNED

FINAL, SWEEP, SAMPLES = "final", "sweep", "samples"
_KEY = "mlflow.sharedViewState."
OURS = f"{_KEY}variants"  # no experiment of others has a view of this key
_TYPE = "workflowType=machine_learning"  # or the pages are those for language models
START = f"#/experiments?{_TYPE}"
_BY_NAME = {"orderByKey": "tags.`mlflow.runName`", "orderByAsc": True}
_ERROR = {FINAL: "test_error", SWEEP: "validation_error", SAMPLES: "train_error"}
_NUMBERS = ("params.`parameters`", "params.`macs`")
_SETTINGS = tuple(f"params.`{name}`" for name in (*TUNED, "epochs"))
_WHICH = tuple(f"tags.`ablation.{name}`" for name in ("variant", "stage", "seed"))
_COLUMNS = {
    FINAL: (*_WHICH, "metrics.`test_error`", *_NUMBERS, *_SETTINGS, "tags.`git.sha`"),
    SWEEP: (*_WHICH, "metrics.`validation_error`", *_NUMBERS, *_SETTINGS, "tags.`git.sha`"),
    SAMPLES: (*_WHICH, "metrics.`train_error`", *_NUMBERS, *_SETTINGS, "tags.`git.sha`"),
}
_VARIANTS = {
    FINAL: (
        *(f"metrics.`{name}`" for name in ("test_error", "test_error_low", "test_error_high")),
        *("metrics.`seeds`", "metrics.`difference`", "tags.`ablation.verdict`", *_NUMBERS),
    ),
    SWEEP: ("metrics.`validation_error`", "metrics.`seeds`", "tags.`ablation.trial`"),
    SAMPLES: _NUMBERS,
}
_DESCRIPTIONS = {
    FINAL: (
        "The final trainings: one run a variant and seed, below one run a variant, which has the "
        "mean test error over seeds, its 95 % interval and the change against the baseline. "
        "Errors are fractions. The run `report` has the report."
    ),
    SWEEP: (
        "Tuning: one run a training of each variant's sweep (trials, finalists, audit), "
        "evaluated on held-out validation images, below one run a variant, which has the error of "
        "what was chosen. No test image is used."
    ),
    SAMPLES: "Trainings on fewer images: one run a variant, number of images and seed.",
}


def experiment_tags(experiment: str, number: str) -> dict[str, str]:
    """A description with links, and the views that they lead to; `number` is MLflow's."""
    views = _views(experiment)
    links = [
        f"[{view['name']}]({page(number, key, chart=key == 'curves')})"
        for key, view in views.items()
    ]
    return {
        "mlflow.note.content": f"{' · '.join(links)}\n\n{_DESCRIPTIONS[experiment]}",
        **{f"{_KEY}{key}": json.dumps(view) for key, view in views.items()},
    }


def page(number: str, view: str, *, chart: bool = False) -> str:
    """What follows the server's address for a view of an experiment's runs."""
    mode = "&compareRunsMode=CHART" if chart else ""
    return f"#/experiments/{number}/runs?viewStateShareKey={view}{mode}&{_TYPE}"


def run_page(number: str, run: str) -> str:
    return f"#/experiments/{number}/runs/{run}?{_TYPE}"


def _views(experiment: str) -> dict[str, dict[str, Any]]:
    error = _ERROR[experiment]
    variants = {
        **_table(_VARIANTS[experiment]),
        "searchFilter": "tags.`ablation.parent` LIKE '%'",
        "orderByKey": f"metrics.`{error}`",
        "orderByAsc": True,
    }
    return {
        "variants": _view("Variants", 3, variants),
        "runs": _view("All runs", 2, _table(_COLUMNS[experiment]) | _BY_NAME),
        "curves": _view("Curves", 1, _curves(error)),
    }


def _view(name: str, place: int, state: Mapping[str, Any]) -> dict[str, Any]:
    """MLflow's menu lists them from the latest on."""
    return {"name": name, "createdAt": place, "updatedAt": place, "state": json.dumps(state)}


def _table(columns: tuple[str, ...]) -> dict[str, Any]:
    return {
        "selectedColumns": [*columns, "attributes.`Source`"],
        "columnOrder": [
            *("attributes.`Run Name`", "runDateAndNestInfo", *columns),
            *("duration", "attributes.`Source`"),
        ],
        "columnWidths": {"attributes.`Run Name`": 220, **dict.fromkeys(columns, 120)},
    }


def _curves(error: str) -> dict[str, Any]:
    """Of every run that is shown: what it learned, epoch by epoch, and what it came to."""
    section = {"uuid": "ablation", "name": "Curves", "display": True}
    lines = [
        {
            "uuid": metric,
            "type": "LINE",
            "metricSectionId": section["uuid"],
            "metricKey": metric,
            "selectedMetricKeys": [metric],
            "xAxisKey": "step",
            "lineSmoothness": 0,
        }
        for metric in dict.fromkeys(("train_error", "train_loss", error))
        if metric != "test_error"
    ]
    bars = [
        {
            "uuid": error,
            "type": "BAR",
            "metricSectionId": section["uuid"],
            "metricKey": error,
            "runsCountToCompare": 20,
        }
    ]
    return {
        "searchFilter": "tags.`ablation.seed` LIKE '%'",
        **_BY_NAME,
        "runsHiddenMode": "SHOW_ALL",
        "compareRunCharts": lines + (bars if error == "test_error" else []),
        "compareRunSections": [section],
    }
