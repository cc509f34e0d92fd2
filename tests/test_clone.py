"""What is committed: the reference run belongs to the code beside it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="a download without git"),
]


def test_a_fresh_clone_shows_no_changed_code_or_parameters(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
    status = subprocess.run(
        [str(Path(sys.executable).parent / "dvc"), "status", "--json"],
        cwd=clone,
        capture_output=True,
        check=True,
    )
    stages = json.loads(status.stdout)
    changed = [
        f"{stage}: {dep} {state}"
        for stage, changes in stages.items()
        for change in changes
        for dep, state in (
            change.get("changed deps", {}) if isinstance(change, dict) else {}
        ).items()
        if dep == "params.yaml" or dep.startswith("pipeline")
    ]
    assert changed == []
    assert "changed command" not in [change for each in stages.values() for change in each]
    # Outs are not in git: a clone that showed none missing would not have been looked at.
    assert stages
