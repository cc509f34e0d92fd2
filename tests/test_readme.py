"""The README is true, and so is what the pages in docs/ say of files."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from pipeline.report.readme import include

README = Path("README.md").read_text(encoding="utf8")
PAGES = (Path("README.md"), *sorted(Path("docs").glob("*.md")))
ROOMS = ("benchmarks", "docs", "pipeline", "reports", "studies", "tests")
# What lies in no clone: outputs as dvc.yaml has them, and what is written beside them.
WRITTEN = (
    *("data/", "models/", "sweeps/*/", "timings/", "var/mlflow.db", "var/validation.json"),
    *("models/*/", "seed-*.safetensors", "models/lenet5/seed-0.safetensors"),
    "models/no_weight_sharing/seed-0.safetensors",
    *("var/before-1/", "var/studies/*/", "var/studies/lattice/reports/"),
)
ENDINGS = "css|csv|db|html|js|json|lock|md|npz|py|safetensors|svg|toml|txt|yaml"
FILE = re.compile(rf"(?<![\w/.:<>~-])[\w.][\w.<>*/-]*(?:\.(?:{ENDINGS})\b|/)(?![\w/])")


def test_the_results_are_those_of_the_committed_report() -> None:
    # Renew them with `make readme`.
    results = json.loads(Path("reports/results.json").read_text(encoding="utf8"))
    assert include(README, results) == README


def test_the_map_names_every_room_and_every_top_level_file_of_code() -> None:
    rooms = [
        path for path in Path("pipeline").iterdir() if not path.name.startswith("__pycache__")
    ]
    for path in rooms:
        assert f"{path.name}{'/' if path.is_dir() else ''}" in README, path


def test_every_departure_in_the_code_is_listed() -> None:
    listed = README.partition("## Where this differs from the paper")[2].partition("\n## ")[0]
    departures = [
        section
        for path in Path("pipeline").rglob("*.py")
        for section in re.findall(r"# DEPARTURE \((.*?)\):", path.read_text(encoding="utf8"))
    ]
    assert departures
    for section in departures:
        assert f"({section})" in listed, section


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_linked_file_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text(encoding="utf8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_file_it_names_is_in_the_repository_or_written_by_a_stage(page: Path) -> None:
    text = re.sub(r"\w+://\S+", "", page.read_text(encoding="utf8"))
    names = {re.sub(r"<\w+>|NAME", "*", name.removeprefix("../")) for name in FILE.findall(text)}
    known, code = committed(), literals()
    unknown = [
        name
        for name in names
        if name not in WRITTEN
        and name not in code
        and not any(fnmatch(f"/{path}", f"*/{name}") for path in known)
    ]
    assert unknown == []


def committed() -> list[str]:
    """Files, and folders with a slash behind."""
    paths = [*Path().glob("*"), *(path for room in ROOMS for path in Path(room).rglob("*"))]
    return [f"{path.as_posix()}{'/' if path.is_dir() else ''}" for path in paths]


def literals() -> set[str]:
    """Words in quotes of the code, and the outputs of stages; `*` for a variant."""
    code = "".join(path.read_text(encoding="utf8") for path in Path("pipeline").rglob("*.py"))
    outputs = re.findall(r"      - (\S+?):?\n", Path("dvc.yaml").read_text(encoding="utf8"))
    quoted = re.findall(r'"([\w.-]+)"', code)
    return {*quoted, *(re.sub(r"\$\{\w+\}", "*", each) for each in outputs)}


def test_every_make_target_it_names_is_one() -> None:
    makefile = Path("Makefile").read_text(encoding="utf8")
    phony = re.search(r"\.PHONY: (.*)", makefile)
    assert phony
    for target in re.findall(r"\bmake ([a-z-]+)", README):
        assert target in phony.group(1).split(), target
