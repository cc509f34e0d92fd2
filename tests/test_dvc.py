"""dvc.yaml: stages depend on no less than what they import, and on no more than they need."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.__main__ import COMMANDS
from pipeline.evaluation.test_set_log import LOG
from pipeline.execution.provenance import PACKAGE, imported_files

DVC: dict[str, Any] = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
# A view: outputs do not change with it, so a change to it must rerun nothing.
VIEWS = ("pipeline/tracking/",)
ROOMS_OF_A_BARE_WORKER = ("data", "execution", "networks", "training")


def stage(name: str) -> dict[str, Any]:
    return DVC[name].get("do", DVC[name])


def imports_of(module: str) -> set[str]:
    return {str(path.relative_to(PACKAGE.parent)) for path in imported_files(module)}


@pytest.mark.parametrize("name", DVC)
def test_a_stage_depends_on_every_module_it_imports(name: str) -> None:
    needed = imports_of("pipeline.__main__") | imports_of(f"pipeline.stages.{name}")
    deps = stage(name)["deps"]
    for file in sorted(needed):
        covered = any(file == dep or file.startswith(f"{dep}/") for dep in deps)
        assert covered or file.startswith(VIEWS), f"{name} imports {file}"


@pytest.mark.parametrize("name", DVC)
def test_every_code_dependency_is_imported(name: str) -> None:
    needed = imports_of("pipeline.__main__") | imports_of(f"pipeline.stages.{name}")
    for dep in stage(name)["deps"]:
        if dep.startswith("pipeline/"):
            assert any(file == dep or file.startswith(f"{dep}/") for file in needed), dep


@pytest.mark.parametrize("name", ["download", "train", "evaluate", "samples"])
def test_report_code_retrains_nothing(name: str) -> None:
    deps = stage(name)["deps"]
    assert not [dep for dep in deps if dep.startswith(("pipeline/report", "pipeline/analysis"))]
    assert "pipeline" not in deps


@pytest.mark.parametrize("name", ["download", "sweep", "train"])
def test_only_what_judges_depends_on_the_test_images(name: str) -> None:
    assert "data/test" not in stage(name)["deps"]
    for judging in ("evaluate", "samples"):
        assert "data/test" in stage(judging)["deps"]


@pytest.mark.parametrize("name", DVC)
def test_a_command_replaces_its_shell_and_names_a_stage(name: str) -> None:
    words = stage(name)["cmd"].split()
    assert words[:4] == ["exec", "python", "-m", "pipeline"]
    assert words[4] == name
    assert COMMANDS[name].parent.name == "stages"


@pytest.mark.parametrize("name", COMMANDS)
def test_stages_and_tools_import_none_of_each_other(name: str) -> None:
    room = COMMANDS[name].parent.name
    found = {file for file in imports_of(f"pipeline.{room}.{name}") if "__init__" not in file}
    commands = {file for file in found if file.split("/")[1] in ("stages", "tools")}
    assert commands == {f"pipeline/{room}/{name}.py"}


def test_every_stage_is_one_of_dvcs() -> None:
    assert {name for name, file in COMMANDS.items() if file.parent.name == "stages"} == {*DVC}


@pytest.mark.parametrize("room", ROOMS_OF_A_BARE_WORKER)
def test_a_worker_needs_no_database_and_no_tracker(room: str) -> None:
    for path in (PACKAGE / room).glob("*.py"):
        for name in ("mlflow", "optuna", "dvc", "pydantic"):
            assert f"import {name}" not in path.read_text(), path
            assert f"from {name}" not in path.read_text(), path


def test_only_the_tracking_room_imports_mlflow() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name != "tracking":
            text = path.read_text()
            assert "import mlflow" not in text, path
            assert "from mlflow" not in text, path


def test_one_module_alone_imports_optuna() -> None:
    importing = [path for path in PACKAGE.rglob("*.py") if "import optuna" in path.read_text()]
    assert [str(path.relative_to(PACKAGE)) for path in importing] == ["search/record.py"]


@pytest.mark.parametrize(
    "room",
    [
        "data",
        "execution",
        "networks",
        "native",
        "training",
        "outputs",
        "search",
        "corruptions",
        "evaluation",
        "analysis",
        "report",
        "study",
    ],
)
def test_rooms_import_one_way(room: str) -> None:
    networks = {"networks", "data", "execution"}
    training = {"training", "native", *networks}
    outputs = {"outputs", *training}
    analysis = {"analysis", "corruptions", *outputs}
    allowed = {
        "execution": {"execution"},
        "data": {"data", "execution"},
        "networks": {"networks", "execution"},
        "native": {"native", *networks},
        "training": training,
        "corruptions": {"corruptions", "data", "execution"},
        "analysis": analysis,
        "report": {"report", "search", "training", "networks", *analysis},
        "outputs": outputs,
        "search": {"search", *outputs},
        "evaluation": {"evaluation", "corruptions", *outputs},
        "study": {"study", "search", *training},
    }[room]
    for path in (PACKAGE / room).glob("*.py"):
        module = f"pipeline.{room}" if path.stem == "__init__" else f"pipeline.{room}.{path.stem}"
        rooms = {file.split("/")[1] for file in imports_of(module)}
        assert rooms - {"__init__.py", "interruption.py"} <= allowed, path


def test_every_out_is_ignored_by_git_or_committed_uncached() -> None:
    ignored = Path(".gitignore").read_text().splitlines()
    for name in DVC:
        for out in [*stage(name).get("outs", []), *stage(name).get("metrics", [])]:
            if isinstance(out, str):
                assert f"/{out.split('/')[0]}/" in ignored
            else:
                ((path, flags),) = out.items()
                assert path.startswith("reports/")
                kept = {"persist": True} if path == str(LOG) else {}
                assert flags == {"cache": False} | kept
