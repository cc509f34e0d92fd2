"""Which process writes a run, so that a later one can check whether it is still there."""

import platform

import psutil

HOST, PROCESS = "ablation.host", "ablation.process"
CLOCK_S = 60


def this_process() -> dict[str, str]:
    """As tags."""
    return {HOST: platform.node(), PROCESS: _process_tag(psutil.Process())}


def is_elsewhere(tags: dict[str, str]) -> bool:
    """Whether another process than this one wrote these tags, or none is known."""
    return any(tags.get(name) != value for name, value in this_process().items())


def is_gone(tags: dict[str, str]) -> bool:
    """Whether the process of these tags was of this machine and has ended."""
    number, _, began = tags.get(PROCESS, "").partition(" ")
    if tags.get(HOST) != platform.node() or not began:
        return False
    try:
        process = psutil.Process(int(number))
        return process.status() == psutil.STATUS_ZOMBIE or not _same(process, began)
    except psutil.NoSuchProcess:
        return True


def _same(process: psutil.Process, began: str) -> bool:
    """Starts are counted from the machine's, which moves when its clock is set."""
    return abs(process.create_time() - float(began)) < CLOCK_S


def _process_tag(process: psutil.Process) -> str:
    """With its start, which distinguishes it from an earlier one of the same number."""
    return f"{process.pid} {process.create_time():.2f}"
