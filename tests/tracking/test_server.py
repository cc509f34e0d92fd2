"""A study that is recorded on a server of the user's, and its champion served to others."""

import json
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from mlflow import MlflowClient

from pipeline.data.mnist import load_digits
from pipeline.study import load_study
from pipeline.tracking.backfill import backfill
from tests.test_pipeline import copy_with_three_variants, run_tiny
from tests.tracking.servers import serving, tracking_server

pytestmark = pytest.mark.slow

STUDY = Path("var/studies/tiny")
PASSWORD = "a password of twelve"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with tracking_server(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture(scope="module")
def repository(server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """After a study that was recorded on the server as it went."""
    folder = copy_with_three_variants(tmp_path_factory.mktemp("repository"))
    result = run_tiny(folder, MLFLOW_TRACKING_URI=server)
    assert result.returncode == 0, result.stderr
    assert "MLflow" not in result.stderr
    return folder


def statuses(address: str) -> list[str]:
    client = MlflowClient(address)
    known = [each.experiment_id for each in client.search_experiments() if "/" in each.name]
    return [run.info.status for run in client.search_runs(known)]


def test_a_server_gets_every_run_and_no_database_is_made_here(
    repository: Path, server: str
) -> None:
    # Three variants: trials, finalists, an audit; two seeds; and what stands above them.
    assert statuses(server) == ["FINISHED"] * (3 * (3 + 2 + 1) + 3 * 2 + 2 * 3 + 1)
    assert not (repository / "var/mlflow.db").exists()
    assert not (repository / "var/mlartifacts").exists()


@pytest.mark.usefixtures("repository")
def test_the_report_lies_in_the_servers_store(server: str) -> None:
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name("tiny/final")
    assert experiment
    [run] = client.search_runs([experiment.experiment_id], "tags.`ablation.report` = 'tiny'")
    assert str(run.info.artifact_uri).startswith("mlflow-artifacts:")
    assert {file.path for file in client.list_artifacts(run.info.run_id)} > {"ablation.html"}


def test_the_champion_is_served_and_reads_a_real_digit(
    repository: Path, server: str, tmp_path: Path
) -> None:
    digits = load_digits(repository / STUDY / "data/test")
    with np.load(repository / STUDY / "predictions/lenet5.npz") as stored:
        scores = stored["scores"][0]
    command = ["models", "serve", "-m", "models:/tiny-lenet5@champion", "--env-manager", "local"]
    env = {"MLFLOW_TRACKING_URI": server}
    with serving(command, tmp_path, "/ping", env) as address:
        answer = posted(f"{address}/invocations", {"inputs": digits.images[:2].tolist()})
    assert answer["predictions"]["digit"] == scores[:2].argmax(axis=1).tolist()
    np.testing.assert_allclose(answer["predictions"]["scores"], scores[:2], atol=1e-3)


def posted(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def test_a_server_with_passwords_takes_what_the_environment_signs(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "a key",
        "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
    }
    monkeypatch.chdir(repository / STUDY)
    study = load_study()
    with tracking_server(tmp_path, "--app-name", "basic-auth", env=secrets) as address:
        with pytest.raises(Exception, match=r"(?i)credentials|authenticat"):
            backfill(study, Path(), address)
        signed = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": PASSWORD}
        with patch.dict(os.environ, signed):
            backfill(study, Path(), address)
            assert set(statuses(address)) == {"FINISHED"}
