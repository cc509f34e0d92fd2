"""What a result depends on beside the fields of its task: the code and the environment."""

import ast
import hashlib
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

PACKAGE = Path(__file__).parents[1]  # all of ours, by whatever name


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The part of a machine that changes the last bits of a result."""

    device: str
    """The name of the CPU or GPU."""
    device_type: str = "cpu"
    """cpu or cuda."""
    cpu_capability: str
    """The vector instructions that torch picks its CPU kernels for."""
    kernels: str = "torch"
    """Whose kernels compute; those that are compiled on the machine name their compiler."""
    threads: int
    stack_size: int
    """Tasks computed as one; alone and stacked differ in the last bits."""
    torch: str
    numpy: str
    pytorch_lightning: str


def cpu_environment(*, kernels: str = "torch") -> Environment:
    """This machine's CPU, one torch thread. Does not import torch."""
    return Environment(
        device=_cpu_info("model name") or platform.processor() or platform.machine(),
        cpu_capability=_cpu_capability(),
        kernels=kernels,
        threads=1,
        stack_size=1,
        torch=version("torch"),
        numpy=version("numpy"),
        pytorch_lightning=version("pytorch-lightning"),
    )


@cache
def code_digest(*modules: str) -> str:
    """Digest of these modules and of all of this package that they import.

    Comments, docstrings and layout of Python do not count: changing them computes nothing again.
    """
    digest = hashlib.sha256()
    for path in sorted(imported_files(*modules)):
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\n".encode())
        source = path.read_text(encoding="utf8")
        digest.update(f"{_bare(source) if path.suffix == '.py' else source}\n".encode())
    return digest.hexdigest()


def imported_files(*modules: str) -> set[Path]:
    """The files of this package that importing `modules` runs, lazy imports included.

    With them the C sources beside them, which they may compile.
    """
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        for path in _files(waiting.pop()):
            if path not in found:
                found.add(path)
                waiting += _imports(ast.parse(path.read_text(encoding="utf8")))
    return found | {source for path in found for source in path.parent.glob("*.c")}


def _files(module: str) -> Iterator[Path]:
    """The file of a module and the __init__ files above it; nothing for a name inside one."""
    parts = module.split(".")[1:]
    for depth in range(len(parts) + 1):
        path = PACKAGE.joinpath(*parts[:depth])
        for file in (path / "__init__.py", path.with_suffix(".py")):
            if path != PACKAGE.with_suffix(".py") and file.is_file():
                yield file


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith(PACKAGE.name))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE.name):
            yield f"{node.module}"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _bare(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            bare = [statement for statement in body if not _is_string(statement)]
            node.body = bare or [ast.Pass()]  # pyright: ignore[reportAttributeAccessIssue]
    return ast.unparse(tree)


def _is_string(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _cpu_capability() -> str:
    forced = os.environ.get("ATEN_CPU_CAPABILITY")
    if forced in ("default", "avx2", "avx512"):  # torch ignores any other word
        return forced.upper()
    flags = set(_cpu_info("flags").split())
    if {"avx512f", "avx512vl", "avx512bw", "avx512dq", "fma"} <= flags:
        return "AVX512"
    return "AVX2" if {"avx2", "fma"} <= flags else "DEFAULT"


def _cpu_info(field: str) -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")
