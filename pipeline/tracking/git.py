"""The commit of the code, as tags of a run."""

import subprocess
from pathlib import Path


def git_state(root: Path) -> dict[str, str]:
    """`git.sha`, and whether files differ from it in `git.dirty`; empty where there is no git."""
    # What a study writes itself does not make it another study.
    own = [":(top,exclude)dvc.lock", ":(top,exclude)reports"]
    try:
        sha = _output(root, "rev-parse", "HEAD")
        changes = _output(root, "status", "--porcelain", "--", ":/", *own)
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"git.sha": sha, "git.dirty": "true" if changes else "false"}


def _output(root: Path, *arguments: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()
