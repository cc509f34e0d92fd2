"""What it costs to log the standard study to MLflow, as a share of its time.

`make bench-tracking` after `make repro`, for minutes: every training of the study is told once
more, from its beginning on, in a process for each stage, to an empty database and to an empty
server that answers late. It writes to temporary folders and to `benchmarks/tracking.json`.
"""

import http.client
import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from benchmarks.race import REPOSITORY
from pipeline.study import load_study
from pipeline.tracking.backfill import backfill
from pipeline.tracking.outputs import final_trainings, sweep_trainings
from pipeline.tracking.tracker import Tracker
from pipeline.tracking.views import FINAL, SWEEP
from tests.tracking.servers import tracking_server

RESULTS = REPOSITORY / "benchmarks/tracking.json"
LATE_S = 0.05
STAGES = {"sweep": (SWEEP, sweep_trainings), "train": (FINAL, final_trainings)}


def main() -> None:
    timing = json.loads((REPOSITORY / "reports/timing.json").read_text(encoding="utf8"))
    found: dict[str, Any] = {"study_s": timing["total_s"], "workers": timing["workers"]}
    with TemporaryDirectory() as folder:
        found["sqlite"] = logging_cost(f"sqlite:///{folder}/mlflow.db", timing)
    with (
        TemporaryDirectory() as folder,
        tracking_server(Path(folder)) as server,
        late(server) as uri,
    ):
        found["late server"] = logging_cost(uri, timing)
    RESULTS.write_text(f"{json.dumps(found, indent=1)}\n", encoding="utf8")
    print(json.dumps(found, indent=1))


def logging_cost(uri: str, timing: dict[str, Any]) -> dict[str, float]:
    """Seconds of a processor, of writing, and the former as a share of all that there were."""
    study = load_study(REPOSITORY / "params.yaml")
    cpu = wall = 0.0
    stages = [f"{stage}@{variant}" for stage in STAGES for variant in study.variants]
    for stage in [*stages, "backfill"]:
        with_it, without = (_child(stage, address) for address in (uri, ""))
        cpu += with_it[0] - without[0]
        wall += with_it[1] - without[1]
        print(f"{stage}: {with_it[0] - without[0]:.1f} s of a processor", file=sys.stderr)
    share = cpu / (timing["total_s"] * timing["workers"])
    return {"cpu_s": round(cpu, 1), "writing_s": round(wall, 1), "share": round(share, 4)}


def _child(stage: str, uri: str) -> tuple[float, float]:
    """Its processor's time and the clock's; without an address it reads and logs nothing."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    code = f"from benchmarks.tracking import log_stage; log_stage({stage!r}, {uri!r})"
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - began


def log_stage(stage: str, uri: str) -> None:
    """What a stage logs; runs in a process of its own."""
    study = load_study()
    if stage == "backfill":
        if uri:
            backfill(study, Path(), uri)
        return
    name, _, variant = stage.partition("@")
    experiment, outputs = STAGES[name]
    trainings = list(outputs(study, variant, Path()))
    if not uri:
        return
    with Tracker(uri=uri, study=study.name, experiment=experiment) as track:
        for training, outcome in trainings:
            track.begin(training, outcome.started)
            for row, end in zip(outcome.history, outcome.epoch_ends, strict=True):
                track.extend(training.run_key, row, end)
            track.record(training, outcome)


@contextmanager
def late(server: str) -> Iterator[str]:
    """The address of what passes everything on to a server, later than it could."""
    place = server.removeprefix("http://")

    class Late(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            time.sleep(LATE_S)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            way = http.client.HTTPConnection(place)
            way.request(self.command, self.path, body, dict(self.headers))
            answer = way.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Late) as between:
        threading.Thread(target=between.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{between.server_port}"
        between.shutdown()


if __name__ == "__main__":
    typer.run(main)
