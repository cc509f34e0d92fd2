"""Which stage makes which file, for messages about missing files."""

from itertools import pairwise
from pathlib import Path

from pipeline.execution.errors import UserError


def require_outputs(*paths: Path) -> None:
    """Refuse to begin a stage while the outputs of other stages that it reads are missing.

    Raises:
        UserError: Naming every stage that has to run first, and a file that it makes.
    """
    missing = {made_by(path): path for path in paths if not path.exists()}
    if missing:
        first = [
            f"\n  python -m pipeline {stage}  (makes {path.as_posix()})"
            for stage, path in missing.items()
        ]
        raise UserError(
            "what this command reads must be there, but is not; run `dvc repro`, or first:"
            + "".join(first)
        )


def made_by(path: Path) -> str | None:
    """The stage, and the variant if it has one, that makes a file; as on the command line.

    None of a file that is no stage's.
    """
    parts = path.parts[-3:]
    for room, name in pairwise(parts):
        variant, _, kind = Path(name).stem.partition("-")
        match room:
            case "data":
                return "download"
            case "sweeps":
                return f"sweep {name}"
            case "models":
                return f"train {name}"
            case "predictions":
                return f"{'samples' if kind == 'samples' else 'evaluate'} {variant}"
            case "timings":
                return Path(name).stem.replace("-", " ", 1)
            case "reports":
                return "report"
            case _:
                pass
    return None
