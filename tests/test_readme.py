"""The README is true."""

import json
import re
from pathlib import Path

from pipeline.report.readme import include

README = Path("README.md").read_text(encoding="utf8")


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


def test_every_linked_file_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert Path(target).exists(), target


def test_every_make_target_it_names_is_one() -> None:
    makefile = Path("Makefile").read_text(encoding="utf8")
    phony = re.search(r"\.PHONY: (.*)", makefile)
    assert phony
    for target in re.findall(r"\bmake ([a-z-]+)", README):
        assert target in phony.group(1).split(), target
