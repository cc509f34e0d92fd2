import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipeline.execution.errors import UserError
from pipeline.tools.ui import free_port, main, page_of, recorded_at, run_lists
from pipeline.tracking.address import tracking_uri
from pipeline.tracking.opening import find_run, open_client
from pipeline.tracking.record import Dataset, Outcome, Training
from pipeline.tracking.tracker import Tracker

REPOSITORY = Path(__file__).parents[2]
RUN_KEY = "c0ffee"


@pytest.fixture(autouse=True)
def _no_tracker_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def study(root: Path, *, recorded: bool) -> Path:
    (root / "var").mkdir(parents=True)
    for name in ("params.yaml", "dvc.yaml", *(["var/mlflow.db"] if recorded else [])):
        (root / name).touch()
    return root


@pytest.fixture(scope="module")
def recorded_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with a real database that holds one run."""
    root = study(tmp_path_factory.mktemp("a study"), recorded=False)
    training = Training(
        name="lenet5 seed 0",
        run_key=RUN_KEY,
        variant="lenet5",
        seed=0,
        stage="train",
        network={},
        settings={},
        tags={},
        dataset=Dataset(name="mnist", digest="d1", source="https://example.org/"),
    )
    outcome = Outcome(
        history=[{"epoch": 1, "train_loss": 0.5}],
        epoch_ends=[20.0],
        started=10.0,
        ended=30.0,
        failure=None,
    )
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("MLFLOW_TRACKING_URI", raising=False)
        uri = tracking_uri(root)
    with Tracker(uri=uri, study="standard", experiment="final") as tracker:
        tracker.record(training, outcome)
    return root


def test_the_study_is_found_from_any_of_its_folders(tmp_path: Path):
    root = study(tmp_path, recorded=True)
    (root / "pipeline" / "stages").mkdir(parents=True)
    assert recorded_at(root) == f"sqlite:///{root}/var/mlflow.db"
    assert recorded_at(root / "pipeline" / "stages") == f"sqlite:///{root}/var/mlflow.db"


def test_a_derived_study_is_recorded_with_the_repositorys(tmp_path: Path):
    root = study(tmp_path, recorded=True)
    quick = study(root / "var" / "studies" / "quick", recorded=False)
    assert recorded_at(quick / "var") == f"sqlite:///{root}/var/mlflow.db"


def test_before_anything_is_recorded_the_user_is_told_what_to_run(tmp_path: Path):
    with pytest.raises(UserError, match="make repro` or `make quick` first"):
        recorded_at(study(tmp_path, recorded=False))


def test_outside_of_a_repository_the_user_is_told_so(tmp_path: Path):
    with pytest.raises(UserError, match=re.escape(str(tmp_path))):
        recorded_at(tmp_path)


def test_a_server_of_the_user_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(study(tmp_path, recorded=False))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@tracker.example/")
    main()
    assert capsys.readouterr().out == (
        "MLflow: https://tracker.example/#/experiments?workflowType=machine_learning\n"
    )


def test_a_run_key_leads_to_the_page_of_its_run(recorded_study: Path):
    uri = recorded_at(recorded_study)
    run = find_run(open_client(uri), RUN_KEY)
    assert run
    assert page_of(uri, RUN_KEY) == (
        f"/#/experiments/1/runs/{run.info.run_id}?workflowType=machine_learning"
    )
    assert page_of(uri, "") == "/#/experiments?workflowType=machine_learning"


@pytest.mark.parametrize("run_key", ["c0ffe", "' or tags.`ablation.run_key` != '"])
def test_a_run_key_without_a_run_is_the_users_mistake(recorded_study: Path, run_key: str):
    with pytest.raises(UserError, match="must be the key of a recorded run"):
        page_of(recorded_at(recorded_study), run_key)


def test_a_server_that_is_down_is_named_with_the_reason_and_soon():
    begun = time.monotonic()
    with pytest.raises(UserError) as raised:
        page_of("http://me:secret@127.0.0.1:9", RUN_KEY)
    assert time.monotonic() - begun < 30  # by default MLflow tries for minutes
    assert str(raised.value) == (
        "`http://127.0.0.1:9` must answer, but got: [Errno 111] Connection refused."
    )


def test_a_server_that_is_no_tracker_is_named_with_its_answer():
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:  # knows no method
        threading.Thread(target=server.handle_request, daemon=True).start()
        uri = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(UserError, match=f"`{uri}` must answer, but got: .* 501 "):
            page_of(uri, RUN_KEY)


def test_every_experiment_has_an_address_of_its_runs(recorded_study: Path):
    lists = run_lists(recorded_at(recorded_study))
    assert list(lists) == ["standard/final"]
    run = find_run(open_client(recorded_at(recorded_study)), RUN_KEY)
    assert run
    assert lists["standard/final"] == (
        f"/#/experiments/{run.info.experiment_id}/runs"
        "?viewStateShareKey=variants&workflowType=machine_learning"
    )


def test_a_port_in_use_is_left_alone():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        usual = taken.getsockname()[1]
        other = free_port(usual)
        assert other != usual
    assert free_port(usual) == usual


@pytest.fixture
def address(recorded_study: Path) -> Iterator[str]:
    """What a real server, started in a folder of the study, says that its address is."""
    folder = recorded_study / "var"
    server = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "ui", "--run", RUN_KEY],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert server.stdout
        yield server.stdout.readline().split()[1]
    finally:
        os.killpg(server.pid, signal.SIGINT)
        server.communicate(timeout=30)


def answer(url: str, patience_s: float = 60) -> tuple[int, str]:
    end = time.monotonic() + patience_s
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return response.status, response.read().decode()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


@pytest.mark.slow
def test_the_pages_are_served_on_loopback_at_the_address_that_is_printed(
    address: str, recorded_study: Path
):
    base, run_id = address.split("/#/")[0], address.rsplit("/", 1)[1].partition("?")[0]
    assert base.startswith("http://127.0.0.1:")
    assert answer(f"{base}/health") == (200, "OK")
    status, page = answer(base)
    assert status == 200
    assert "<title>MLflow</title>" in page
    status, run = answer(f"{base}/api/2.0/mlflow/runs/get?run_id={run_id}")
    assert status == 200
    assert f'"value": "{RUN_KEY}"' in run
    files = sorted(path.name for path in recorded_study.rglob("*") if "-" not in path.name)
    assert files == ["dvc.yaml", "mlflow.db", "mlflow.db.lock", "params.yaml", "var"]
    with Tracker(uri=base, study="standard", experiment="final") as tracker:
        tracker.measure(RUN_KEY, {"test_error": 0.25}, at=40.0)
    recorded = find_run(open_client(base), RUN_KEY)
    assert recorded
    assert recorded.data.metrics["test_error"] == 0.25
