"""`python -m pipeline COMMAND ...`: DVC's stages and people's tools, each the main() of a module.

A command's module is imported when it is run: a stage depends on no other's, and a worker process,
which imports this module again, pays for nothing but these lines.
"""

import ast
import gc
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

PACKAGE = Path(__file__).parent
COMMANDS = {
    path.stem: path
    for room in ("stages", "tools")
    for path in sorted((PACKAGE / room).glob("[a-z]*.py"))
}


def fail(message: str, code: int) -> int:
    """Print the message, and leave it in a file for the command that started DVC to repeat."""
    print(f"error: {message}", file=sys.stderr)
    if file := os.environ.get("ABLATION_ERROR_FILE"):
        Path(file).write_text(f"{code}\n{message}", encoding="utf8")
    return code


def application(invoked: str) -> "typer.Typer":
    """Every command by its name and its module's docstring; `invoked` alone is imported."""
    import typer

    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="An ablation study of LeNet-5: what it costs to remove each of its ideas.",
    )
    for name, file in COMMANDS.items():
        module = f"pipeline.{file.parent.name}.{name}"
        main = importlib.import_module(module).main if name == invoked else _not_invoked
        summary = ast.get_docstring(ast.parse(file.read_text(encoding="utf8")))
        app.command(name, help=summary, rich_help_panel=file.parent.name.capitalize())(main)
    return app


def _not_invoked() -> None:
    raise AssertionError("only the command that is invoked has its own main()")


def main() -> int:
    from pipeline.execution.errors import UserError
    from pipeline.interruption import end_at_once_when_interrupted, end_with_parent

    words = sys.argv[1:] or ["--help"]
    if not (words[0] in COMMANDS or words[0] in ("-h", "--help")):
        return fail(f"a command must be one of {', '.join(COMMANDS)}, but got {words[0]!r}.", 2)
    end_at_once_when_interrupted()
    if "DVC_STAGE" in os.environ:
        end_with_parent()
    try:
        application(words[0])(args=words, prog_name="python -m pipeline")
    except UserError as mistake:
        return fail(str(mistake), 2)
    except FileNotFoundError as problem:  # not there the next time either
        return fail(f"{problem}. If another stage makes it, `dvc repro` runs that first.", 1)
    except OSError as problem:
        return fail(f"{problem}. Finished runs are kept; run the same command again.", 1)
    finally:
        gc.freeze()  # otherwise the last garbage collection, with MLflow and Dask, takes a second
    return 0


if __name__ == "__main__":
    sys.exit(main())
