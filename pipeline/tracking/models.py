"""Trained networks as models of MLflow's: with signature, example, requirements and code."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from pipeline.tracking.entities import Known
from pipeline.tracking.store import Runs

if TYPE_CHECKING:
    from mlflow import MlflowClient

NETWORKS = Path(__file__).parents[1] / "networks"
READER = Path(__file__).with_name("reader.py")
REQUIREMENTS = ("mlflow", "torch", "numpy", "safetensors")
CHAMPION = "champion"
VERSIONS = "mlflow.modelVersions"


def log_network(
    runs: Runs, known: Known, name: str, configuration: Mapping[str, object], weights: Path
) -> str:
    """The identifier of the model in a run, which is logged unless it is there already.

    `configuration` is the network's, `weights` is its file.
    """
    if known.model:
        return known.model
    from mlflow.entities import LoggedModelOutput

    client = runs.client
    for half in client.search_logged_models([runs.experiment], f"source_run_id = '{known.id}'"):
        client.delete_logged_model(half.model_id)  # somebody was killed while it was logged
    model = client.create_logged_model(runs.experiment, name=name, source_run_id=known.id)
    with TemporaryDirectory() as folder:
        saved = _save(Path(folder), configuration, weights, model.model_id, known.id)
        client.log_model_artifacts(model.model_id, str(saved))
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(known.id, [LoggedModelOutput(model.model_id, step=0)])
    known.model = model.model_id
    return model.model_id


def register(client: "MlflowClient", name: str, model_id: str) -> None:
    """The model as a version of the registered one, with the alias `champion`."""
    from mlflow.exceptions import MlflowException

    model = client.get_logged_model(model_id)
    try:
        client.create_registered_model(name)
    except MlflowException as problem:
        if problem.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    same = [
        each
        for each in client.search_model_versions(f"name = '{name}'")
        if each.source == model.artifact_location
    ]
    # By its location: MLflow would look a model's address up at the global tracking address.
    known = (
        same[0]
        if same
        else client.create_model_version(
            name,
            model.artifact_location,
            model.source_run_id,
            model_id=model_id,
            await_creation_for=0,
        )
    )
    if client.get_registered_model(name).aliases.get(CHAMPION) != str(known.version):
        client.set_registered_model_alias(name, CHAMPION, known.version)
    if VERSIONS not in model.tags:  # a server writes it by itself
        reported = json.dumps([{"name": name, "version": int(known.version)}])
        client.set_logged_model_tags(model_id, {VERSIONS: reported})


def _save(
    folder: Path, configuration: Mapping[str, object], weights: Path, model_id: str, run_id: str
) -> Path:
    import mlflow.pyfunc
    from mlflow.models import Model, ModelSignature
    from mlflow.types.schema import Schema, TensorSpec

    data, code = folder / "network", _own_code(folder)
    data.mkdir()
    (data / "network.json").write_text(json.dumps(configuration), encoding="utf8")
    shutil.copy(weights, data / "weights.safetensors")
    images = TensorSpec(np.dtype(np.uint8), (-1, 28, 28))
    digit = TensorSpec(np.dtype(np.int64), (-1,), "digit")
    scores = TensorSpec(np.dtype(np.float32), (-1, 10), "scores")
    mlflow.pyfunc.save_model(
        folder / "model",
        loader_module=f"{code.name}.reader",
        code_paths=[str(code)],
        data_path=str(data),
        mlflow_model=Model(run_id=run_id, model_uuid=model_id, model_id=model_id),
        signature=ModelSignature(inputs=Schema([images]), outputs=Schema([digit, scores])),
        input_example=np.zeros((1, 28, 28), np.uint8),
        pip_requirements=[f"{name}=={version(name).partition('+')[0]}" for name in REQUIREMENTS],
    )
    return folder / "model"


def _own_code(folder: Path) -> Path:
    """A package that is called by its content: models of two versions load side by side."""
    files = {
        file.name: file.read_text(encoding="utf8")
        for file in [*sorted(NETWORKS.glob("*.py")), READER]
    }
    digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:12]
    package = folder / f"lenet5_{digest}"
    package.mkdir()
    for name, text in files.items():
        own = text.replace("pipeline.networks", package.name)
        (package / name).write_text(own, encoding="utf8")
    return package
