"""Kernels are compiled once, and whatever goes wrong leaves torch's own or a clear error."""

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.native.build import BuildError, _compiler_name, _level

ROOT = Path(__file__).parents[2]
SWITCH = "ABLATION_NATIVE"
TINY = "int lanes(void) { return 8; }\n"
# What a stage does, for a source and limits (s) of ours.
SCRIPT = """
import json, sys
from pathlib import Path
from pipeline.execution.errors import UserError
from pipeline.native import build
build.KERNELS, build.COMPILE_LIMIT_S, build.CHECK_LIMIT_S = Path("tiny.c"), *map(int, sys.argv[1:])
try:
    library = build.library()
    print(json.dumps([build.kernels_name(), library and library.lanes(), build.explain()]))
except UserError as problem:
    print(json.dumps(f"error: {problem}"))
assert "torch" not in sys.modules
"""
GCC = "gcc (Fake) 12.2.0\nCopyright (C) 2022 Free Software Foundation, Inc."
TO_OUTPUT = 'while [ "$1" != -o ]; do shift; done; '
ZIG = importlib.util.find_spec("ziglang")
COMPILER = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="no C compiler in PATH")
needs_x86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="not an x86-64 CPU")


def cpu_problem() -> str:
    try:
        _level(platform.machine(), Path("/proc/cpuinfo"))
    except BuildError as problem:
        return str(problem)
    return ""


pytestmark = pytest.mark.skipif(bool(cpu_problem()), reason=cpu_problem())


def start(folder: Path, limits: tuple[int, int], **variables: str) -> "subprocess.Popen[str]":
    inherited = {name: os.environ[name] for name in os.environ if name not in ("CC", SWITCH)}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *map(str, limits)],
        cwd=folder,
        env={
            **inherited,
            "PYTHONPATH": str(ROOT),
            "ABLATION_CACHE": str(folder / "cache"),
            **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(folder: Path, limits: tuple[int, int] = (60, 10), **variables: str) -> Any:
    """Name, lanes and explanation in a process of its own, or its error; nothing on stderr."""
    printed, complaint = start(folder, limits, **variables).communicate(timeout=120)
    assert complaint == ""
    return json.loads(printed)


def libraries(folder: Path) -> list[Path]:
    return sorted((folder / "cache/native").glob("*.so"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.c").write_text(TINY, encoding="utf8")
    return tmp_path


@pytest.fixture
def fake(folder: Path) -> Callable[..., str]:
    """A compiler that answers `--version` and runs a line of shell to compile."""

    def made(compile_: str, *, version: str = GCC) -> str:
        path = folder / "fakecc"
        answer = f"if [ \"$1\" = --version ]; then echo '{version}'; exit; fi"
        path.write_text(f"#!/bin/sh\n{answer}\n{compile_}\n", encoding="utf8")
        path.chmod(0o755)
        return str(path)

    return made


@needs_compiler
def test_kernels_are_compiled_and_named_by_level_and_compiler(folder: Path) -> None:
    name, lanes, problem = outcome(folder)
    level, _, compiler = name.partition(", ")
    assert level in ("native x86-64-v3", "native armv8-a")
    assert compiler.rpartition(" ")[0] in ("gcc", "clang", "Apple clang")
    assert (lanes, problem) == (8, None)
    assert len(libraries(folder)) == 1
    assert sorted(path.suffix for path in (folder / "cache/native").iterdir()) == [".lock", ".so"]


@needs_compiler
@needs_x86_64
def test_kernels_are_for_avx2_and_keep_the_rules_of_floating_point(folder: Path) -> None:
    (folder / "tiny.c").write_text(
        "#if !__AVX2__ || !__FMA__ || __AVX512F__ || __FAST_MATH__\n#error other\n#endif\n" + TINY
    )
    assert outcome(folder)[1:] == [8, None]


@needs_compiler
def test_second_process_loads_what_the_first_compiled(folder: Path) -> None:
    first = outcome(folder)
    before = [(path, path.stat().st_mtime_ns) for path in libraries(folder)]
    assert outcome(folder) == first
    assert [(path, path.stat().st_mtime_ns) for path in libraries(folder)] == before


@needs_compiler
def test_changed_source_is_compiled_again(folder: Path) -> None:
    assert outcome(folder)[1] == 8
    (folder / "tiny.c").write_text(TINY.replace("8", "4"))
    assert outcome(folder)[1] == 4


@needs_compiler
def test_compiled_again_the_bytes_are_the_same(folder: Path) -> None:
    outcome(folder)
    first = [path.name for path in libraries(folder)]
    shutil.rmtree(folder / "cache")
    outcome(folder)
    assert [path.name for path in libraries(folder)] == first


@needs_compiler
def test_processes_that_start_at_once_compile_once(folder: Path, fake: Callable[..., str]) -> None:
    compiler = fake(f'echo >> {folder}/calls; sleep 1; exec {COMPILER} "$@"')
    started = [start(folder, (60, 10), CC=compiler) for _ in range(3)]
    found = [json.loads(process.communicate(timeout=120)[0]) for process in started]
    assert [lanes for _, lanes, _ in found] == [8, 8, 8]
    assert (folder / "calls").read_text() == "\n"


@needs_compiler
@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_damaged_library_is_compiled_again(folder: Path, damage: bytes | None) -> None:
    first = outcome(folder)
    (path,) = libraries(folder)
    whole = path.read_bytes()
    path.write_bytes(whole[:5000] if damage is None else damage)
    assert outcome(folder) == first
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("compile_", "reason"),
    [
        ("echo made by me; echo kernels.c:1: error: no vectors >&2; exit 1", "error: no vectors"),
        ("echo something broke >&2; exit 1", "something broke"),
        ("exit 3", "exit status 3"),
        ("kill -SEGV $$", "exit status -11"),
        (":", "no library"),
        (f'{TO_OUTPUT} : > "$2"', "no library"),
        (f'{TO_OUTPUT} echo a text > "$2"', "no library"),
        (f'{TO_OUTPUT} head -c 20000 /dev/urandom > "$2"', "no library"),
    ],
)
def test_compiler_that_fails_leaves_torchs_kernels_and_its_message(
    folder: Path, fake: Callable[..., str], compile_: str, reason: str
) -> None:
    name, lanes, problem = outcome(folder, CC=fake(compile_))
    assert (name, lanes) == ("torch", None)
    assert reason in problem
    assert "\n" not in problem
    assert libraries(folder) == []


@pytest.mark.parametrize("version", ["hello", "", "tcc version 0.9.27 (x86_64 Linux)"])
def test_compiler_that_is_neither_gcc_nor_clang_is_not_used(
    folder: Path, fake: Callable[..., str], version: str
) -> None:
    name, lanes, problem = outcome(folder, CC=fake(":", version=version))
    assert (name, lanes) == ("torch", None)
    assert "must be GCC or Clang" in problem


def test_compiler_that_hangs_is_ended_with_its_children(
    folder: Path, fake: Callable[..., str]
) -> None:
    began = time.monotonic()
    compiler = fake(f"sleep 100 & echo $! > {folder}/child; wait")
    name, _, problem = outcome(folder, (2, 10), CC=compiler)
    assert name == "torch"
    assert "hangs" in problem
    assert time.monotonic() - began < 60
    child = int((folder / "child").read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"


@needs_compiler
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("int lanes(void) { __builtin_trap(); }\n", "exit status -"),  # as on another CPU
        ("int lanes(void) { for (volatile int i = 0;; i = 1) ; }\n", "hangs"),
        ("int lanes(void) { return 0; }\n", "lanes() fails"),
        ("int width(void) { return 8; }\n", "undefined symbol: lanes"),
        ("int missing(void); int lanes(void) { return missing(); }\n", "no library"),
    ],
)
def test_library_that_cannot_run_here_is_not_used(folder: Path, source: str, reason: str) -> None:
    (folder / "tiny.c").write_text(source)
    name, lanes, problem = outcome(folder, (60, 3))
    assert (name, lanes) == ("torch", None)
    assert reason in problem
    assert libraries(folder) == []


@pytest.mark.skipif(ZIG is not None, reason="ziglang is installed")
def test_without_a_compiler_the_line_says_what_to_install(folder: Path) -> None:
    (folder / "empty").mkdir()
    name, lanes, problem = outcome(folder, PATH=str(folder / "empty"))
    assert (name, lanes) == ("torch", None)
    assert "install gcc or clang, or `pip install ziglang`" in problem


def test_compiler_that_is_not_there_is_named(folder: Path) -> None:
    name, _, problem = outcome(folder, CC="/no/such/compiler")
    assert name == "torch"
    assert "/no/such/compiler" in problem


@pytest.mark.skipif(ZIG is None, reason="the package ziglang is not installed")
def test_zig_compiles_where_there_is_no_other(folder: Path) -> None:
    (folder / "empty").mkdir()
    name, lanes, problem = outcome(folder, PATH=str(folder / "empty"))
    assert "zig clang" in name
    assert (lanes, problem) == (8, None)


@needs_compiler
def test_cache_folder_that_cannot_be_written_is_done_without(folder: Path) -> None:
    (folder / "cache").write_text("a file")
    assert outcome(folder)[1:] == [8, None]


@needs_compiler
@pytest.mark.parametrize("everywhere", [False, True])
def test_folder_where_nothing_may_be_executed_is_done_without(
    folder: Path, everywhere: bool
) -> None:
    room = folder / "noexec"
    room.mkdir()
    mount = f"mount -t tmpfs -o noexec tmpfs {room}"
    if subprocess.run(["unshare", "--mount", "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("must be allowed to mount")
    command = [sys.executable, "-c", SCRIPT, "60", "10"]
    variables = {"PYTHONPATH": str(ROOT), "ABLATION_CACHE": str(room), SWITCH: ""}
    found = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh", *command],
        cwd=folder,
        env={**os.environ, **variables, **({"TMPDIR": str(room)} if everywhere else {})},
        capture_output=True,
        check=True,
    )
    name, lanes, problem = json.loads(found.stdout)
    if everywhere:
        assert (name, lanes) == ("torch", None)
        assert "no library" in problem
    else:
        assert (lanes, problem) == (8, None)


def test_kernels_that_are_turned_off_are_not_tried_and_not_missed(
    folder: Path, fake: Callable[..., str]
) -> None:
    compiler = fake(f"echo >> {folder}/calls")
    assert outcome(folder, CC=compiler, ABLATION_NATIVE="0") == ["torch", None, None]
    assert not (folder / "calls").exists()
    assert not (folder / "cache").exists()


@needs_compiler
@pytest.mark.parametrize("switch", ["", "1"])
def test_kernels_are_used_where_asked_for_or_nothing_is_said(folder: Path, switch: str) -> None:
    assert outcome(folder, ABLATION_NATIVE=switch)[1:] == [8, None]


def test_kernels_that_are_asked_for_and_missing_are_an_error(
    folder: Path, fake: Callable[..., str]
) -> None:
    error = outcome(folder, CC=fake("echo broken; exit 1"), ABLATION_NATIVE="1")
    assert error.startswith("error: `ABLATION_NATIVE=1` needs the C kernels, but")
    assert "broken" in error


@pytest.mark.parametrize("switch", ["2", "yes", " "])
def test_switch_of_another_value_is_an_error(folder: Path, switch: str) -> None:
    error = outcome(folder, ABLATION_NATIVE=switch)
    assert error == f"error: `ABLATION_NATIVE` must be 0 or 1, but got {switch!r}."


def test_cpu_without_the_instructions_is_not_compiled_for(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("flags\t\t: fpu sse2 avx bmi1 bmi2 f16c abm movbe\n")
    with pytest.raises(BuildError, match="lacks avx2, fma"):
        _level("x86_64", cpuinfo)
    cpuinfo.write_text("flags\t\t: fpu sse2 avx avx2 bmi1 bmi2 f16c fma abm movbe\n")
    assert _level("x86_64", cpuinfo) == "x86-64-v3"
    assert _level("arm64", tmp_path / "none") == "armv8-a"
    with pytest.raises(BuildError, match="riscv64"):
        _level("riscv64", tmp_path / "none")


def test_x86_64_without_linux_is_not_compiled_for(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="on an x86_64 CPU they need Linux"):
        _level("x86_64", tmp_path / "none")


@needs_compiler
def test_words_of_cc_are_in_the_name_and_cannot_change_arithmetic(folder: Path) -> None:
    source = "int same(float x) { return x == x; }\nfloat half(float x) { return x / 3; }\n"
    (folder / "tiny.c").write_text(source + TINY, encoding="utf8")
    name, *_ = outcome(folder, CC=COMPILER or "")
    words = "-ffinite-math-only -freciprocal-math"
    assert outcome(folder, CC=f"{COMPILER} {words}") == [f"{name} {words}", 8, None]
    first, second = libraries(folder)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("version", "name"),
    [
        (GCC.replace("Fake", "Debian 12.2.0-14+deb12u1"), "gcc 12.2.0"),
        (
            "cc (GCC) 13.2.1 20231205 (Red Hat 13.2.1-6)\nFree Software Foundation",
            "gcc 13.2.1",
        ),
        ("Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu", "clang 14.0.6"),
        ("Ubuntu clang version 18.1.3 (1ubuntu1)", "clang 18.1.3"),
        ("Apple clang version 15.0.0 (clang-1500.3.9.4)", "Apple clang 15.0.0"),
        (
            "clang version 20.1.2 (https://github.com/ziglang/zig-bootstrap d6daf9e8)",
            "zig clang 20.1.2",
        ),
        (
            "clang version 22.1.8\nInstalledDir: /lib/python3.11/site-packages/ziglang",
            "zig clang 22.1.8",
        ),
    ],
)
def test_compiler_is_named_by_its_kind_and_version(version: str, name: str) -> None:
    assert _compiler_name(version) == name
