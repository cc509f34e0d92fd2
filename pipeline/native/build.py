"""The C kernels: compiled on first use, kept in the cache folder, loaded once in each process."""

import ctypes
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
from filelock import FileLock

from pipeline.execution.errors import UserError
from pipeline.execution.files import cache_folder

SWITCH = "ABLATION_NATIVE"
KERNELS = Path(__file__).with_name("kernels.c")
COMPILE_LIMIT_S, CHECK_LIMIT_S = 60, 10
# What to compile for, by machine, and zig's names of that. Never the CPU at hand: one source and
# one compiler must give the same bytes on every CPU that can run them.
LEVELS = {"x86_64": "x86-64-v3", "aarch64": "armv8-a", "arm64": "armv8-a"}
ZIG_LEVELS = {"x86-64-v3": "x86_64_v3", "armv8-a": "generic"}
X86_64_V3 = {"avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"}  # as Linux names them
# They win over words of CC, which stand before them. -ffast-math would delete the rounding trick
# of a fast exponential; what turns it off stands first, because it changes other settings, too.
FLAGS = (
    *("-fno-fast-math", "-std=c11", "-O3", "-ffp-contract=fast", "-fno-math-errno"),
    *("-fno-trapping-math", "-fPIC", "-shared"),
)
# In a process of its own, because a broken library may crash or hang the one that calls it.
CHECK = "import ctypes, sys; assert ctypes.CDLL(sys.argv[1]).lanes() > 0, 'lanes() fails'"


class BuildError(Exception):
    """Why the kernels cannot be compiled here, in any folder."""


@dataclass(frozen=True, kw_only=True)
class _Kernels:
    name: str
    library: ctypes.CDLL | None = None
    problem: str | None = None


def library() -> ctypes.CDLL | None:
    """The kernels, compiled if need be; None where torch's own are used.

    Raises:
        UserError: If `ABLATION_NATIVE` is neither 0 nor 1, or is 1 and there are no kernels.
    """
    return _kernels().library


def kernels_name() -> str:
    """What results depend on: instructions, compiler and further words of `CC`; or "torch".

    Raises as `library` does.
    """
    return _kernels().name


def explain() -> str | None:
    """One line for people where the kernels are missing though nobody turned them off."""
    return _kernels().problem


@cache
def _kernels() -> _Kernels:
    switch = os.environ.get(SWITCH, "")
    if switch not in ("", "0", "1"):
        raise UserError(f"`{SWITCH}` must be 0 or 1, but got {switch!r}.")
    if switch == "0":
        return _Kernels(name="torch")
    try:
        level = _level(platform.machine(), Path("/proc/cpuinfo"))
        compiler = _compiler()
        version = _run([*compiler, "--version"], limit_s=CHECK_LIMIT_S)
        called = _compiler_name(version)
        target = f"-mcpu={ZIG_LEVELS[level]}" if called.startswith("zig") else f"-march={level}"
        further = os.environ.get("CC", "").split()[1:]
        name = " ".join([f"native {level}, {called}", *further])
        return _Kernels(name=name, library=_loaded([*compiler, *FLAGS, target], version))
    except (BuildError, OSError) as problem:
        if switch == "1":
            raise UserError(f"`{SWITCH}=1` needs the C kernels, but {problem}.") from problem
        line = f"the C kernels cannot be used, so training is slower: {problem}."
        return _Kernels(name="torch", problem=line)


def _level(machine: str, cpuinfo: Path) -> str:
    if machine not in LEVELS:
        raise BuildError(f"they are for {', '.join(LEVELS)}, and this CPU is {machine!r}")
    if machine == "x86_64":
        if not cpuinfo.exists():
            raise BuildError(f"on an {machine} CPU they need Linux, and here is no {cpuinfo}")
        if missing := X86_64_V3 - set(cpuinfo.read_text().split()):
            raise BuildError(f"this CPU lacks {', '.join(sorted(missing))}")
    return LEVELS[machine]


def _compiler() -> list[str]:
    if chosen := os.environ.get("CC", "").split():
        return chosen
    if found := next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None):
        return [found]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    raise BuildError("no C compiler is in PATH; install gcc or clang, or `pip install ziglang`")


def _compiler_name(version: str) -> str:
    """Name and number, from all that `--version` prints."""
    first = version.partition("\n")[0]
    if found := re.search(r"((?:Apple )?clang) version (\d+(?:\.\d+)+)", first):
        zig = "zig " if re.search(r"\bzig(lang)?\b", version) else ""  # there, or where it lies
        return f"{zig}{found[1]} {found[2]}"
    numbers = re.findall(r"\d+(?:\.\d+)+", first)
    if numbers and "Free Software Foundation" in version:  # GCC is also called cc
        return f"gcc {numbers[-1]}"
    raise BuildError(f"the compiler must be GCC or Clang, but calls itself {first[:60]!r}")


def _loaded(compiler: list[str], version: str) -> ctypes.CDLL:
    words = [KERNELS.read_text(encoding="utf8"), version, *compiler, platform.machine()]
    key = _digest("\0".join(words).encode())
    try:
        return _load_from(cache_folder() / "native", key, compiler)
    except OSError:  # of a folder that cannot be written, or where nothing may be executed
        with tempfile.TemporaryDirectory() as folder:
            return _load_from(Path(folder), key, compiler)


def _load_from(folder: Path, key: str, compiler: list[str]) -> ctypes.CDLL:
    if not (path := _intact(folder, key)):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{key}.lock", timeout=COMPILE_LIMIT_S + CHECK_LIMIT_S):
            path = _intact(folder, key) or _build(folder, key, compiler)
    return ctypes.CDLL(str(path))


def _intact(folder: Path, key: str) -> Path | None:
    """A library whose bytes are those that were checked: their digest is in its name."""
    for path in folder.glob(f"{key}.*.so"):
        if path.suffixes[0] == f".{_digest(path.read_bytes())}":
            return path
    return None


def _build(folder: Path, key: str, compiler: list[str]) -> Path:
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"{key}.") as scratch:
        built = Path(scratch) / "kernels.so"
        _run([*compiler, "-o", str(built), str(KERNELS)], limit_s=COMPILE_LIMIT_S)
        try:
            _run([sys.executable, "-ISc", CHECK, str(built)], limit_s=CHECK_LIMIT_S)
        except BuildError as problem:  # perhaps of this folder alone
            raise OSError(f"what `{compiler[0]}` made is no library: {problem}") from problem
        return built.replace(folder / f"{key}.{_digest(built.read_bytes())}.so")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _run(command: list[str], *, limit_s: float) -> str:
    """What a command prints, which must succeed in time."""
    # To a file: a child that outlives the command would keep a pipe open, and us waiting.
    with tempfile.TemporaryFile("w+", encoding="utf8", errors="replace") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
        )
        try:
            status = process.wait(limit_s)
        except subprocess.TimeoutExpired as problem:
            # A driver's or a script's children would go on without it.
            for each in (process, *psutil.Process(process.pid).children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            process.wait()
            raise BuildError(f"`{command[0]}` must end in {limit_s} s, but hangs") from problem
        output.seek(0)
        printed = output.read()
    if status:
        lines = printed.splitlines() or [f"exit status {status}"]
        message = next((line for line in lines if "error" in line.lower()), lines[0])
        raise BuildError(f"`{command[0]}` fails: {message.strip()}")
    return printed
