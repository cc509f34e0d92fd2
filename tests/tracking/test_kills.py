"""A process that writes is killed again and again, anywhere; the next one goes on."""

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.tracking.opening import open_client
from pipeline.tracking.record import Outcome
from tests.tracking.test_tracker import TRAINING, number_of, tracker, wait_for

pytestmark = pytest.mark.slow

KILLS, RUNS, EPOCHS = 20, 300, 6
STUDY = "killed"


def write(uri: str) -> None:
    """Trainings with the times of now, one after the other, as fast as they can be written."""
    with tracker(uri, f"{STUDY}/final") as track:
        for number in range(RUNS):
            training = replace(TRAINING, run_key=f"c{number}", name=f"run {number}")
            started = time.time()
            track.begin(training, started)
            history, ends = [], []
            for epoch in range(1, EPOCHS + 1):
                history.append({"epoch": epoch, "train_loss": 1 / epoch})
                ends.append(time.time())
                track.extend(training.run_key, history[-1], ends[-1])
            outcome = Outcome(
                history=history,
                epoch_ends=ends,
                started=started,
                ended=time.time(),
                failure=None,
            )
            track.record(training, outcome)


def runs_in(database: Path) -> int:
    """Of all that were ever begun."""
    if not database.exists():
        return 0
    with closing(sqlite3.connect(database)) as known:
        [(count,)] = known.execute("select count(*) from runs")
    return count


def test_kills_leave_one_whole_run_a_task_in_a_sound_database(tmp_path: Path) -> None:
    database = tmp_path / "var/mlflow.db"
    uri = f"sqlite:///{database}"
    code = f"from tests.tracking.test_kills import write; write({uri!r})"
    chance, caught = random.Random(1998), 0
    for _ in range(KILLS):
        before = runs_in(database)
        process = subprocess.Popen([sys.executable, "-c", code])
        wait_for(lambda before=before: runs_in(database) > before, patience_s=60)
        time.sleep(chance.uniform(0, 0.5))
        caught += process.poll() is None
        process.kill()
        process.wait()
    assert caught == KILLS
    write(uri)
    client = open_client(uri)
    runs = client.search_runs([number_of(uri, f"{STUDY}/final")])
    assert {run.info.status for run in runs} == {"FINISHED"}
    tasks = Counter(run.data.tags.get("ablation.run_key") for run in runs)
    assert tasks == {**{f"c{number}": 1 for number in range(RUNS)}, None: 1}
    with closing(sqlite3.connect(database)) as known:
        assert known.execute("pragma integrity_check").fetchall() == [("ok",)]
        points = known.execute(
            "select count(*), count(distinct run_uuid || step) from metrics"
            " join runs using (run_uuid) where lifecycle_stage = 'active'"
        ).fetchone()
        broken_off = known.execute(
            "select count(*) from runs where lifecycle_stage = 'deleted'"
        ).fetchone()
    assert broken_off[0] > KILLS / 4  # or hardly any kill hit a run that was being written
    assert points == (RUNS * EPOCHS, RUNS * EPOCHS)
