"""`python -m pipeline STAGE ...`: finds the stage and runs its main().

Stages are imported by name, so that a worker process, which imports this module again, pays for
nothing but these lines.
"""

import gc
import importlib
import os
import sys
from pathlib import Path

STAGES = tuple(sorted(path.stem for path in (Path(__file__).parent / "stages").glob("[a-z]*.py")))


def fail(message: str, code: int) -> int:
    """Say it now, and leave it for the command that started DVC to say again as its last word."""
    print(f"error: {message}", file=sys.stderr)
    if file := os.environ.get("ABLATION_ERROR_FILE"):
        Path(file).write_text(f"{code}\n{message}", encoding="utf8")
    return code


def main() -> int:
    import typer

    from pipeline.execution.errors import UserError
    from pipeline.interruption import end_at_once_when_interrupted, end_with_parent

    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("-h", "--help"):
        print("usage: python -m pipeline STAGE ...\n\nstages: " + ", ".join(STAGES))
        return 0
    if name not in STAGES:
        return fail(f"a stage must be one of {', '.join(STAGES)}, but got {name!r}.", 2)
    end_at_once_when_interrupted()
    if "DVC_STAGE" in os.environ:
        end_with_parent()
    stage = importlib.import_module(f"pipeline.stages.{name}")
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(help=stage.__doc__)(stage.main)
    try:
        app(args=sys.argv[2:], prog_name=f"python -m pipeline {name}")
    except UserError as mistake:
        return fail(str(mistake), 2)
    except FileNotFoundError as problem:  # not there the next time either
        return fail(f"{problem}. If another stage makes it, `dvc repro` runs that first.", 1)
    except OSError as problem:
        return fail(f"{problem}. Finished cells are kept; run the same command again.", 1)
    finally:
        gc.freeze()  # or its last search for garbage, in all of MLflow and Dask, takes a second
    return 0


if __name__ == "__main__":
    sys.exit(main())
