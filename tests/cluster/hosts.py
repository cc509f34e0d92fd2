"""Machines of a test's own on this one: network namespaces on a bridge that leads nowhere else.

Each has its own address, repository, cache and working directory. They share the kernel, the
clock and the processors.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

# Names of this run's own: another may be going on, or have been killed and left its machines.
BRIDGE = f"ablate-{os.getpid()}"
PORT = 8786
DASK = str(Path(sys.executable).parent / "dask")
NEEDED = "needs root and `ip` of iproute2, for network namespaces"


def possible() -> bool:
    """Whether this machine lets us make others."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        return False
    made = subprocess.run(
        ["ip", "netns", "add", f"{BRIDGE}-try"], capture_output=True, check=False
    )
    subprocess.run(["ip", "netns", "delete", f"{BRIDGE}-try"], capture_output=True, check=False)
    return made.returncode == 0


@dataclass
class Host:
    """One machine, and what runs on it."""

    name: str
    address: str
    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, command: Sequence[str], *, log: str, **env: str) -> subprocess.Popen[bytes]:
        """Run `command` there, in the folder, with a cache of its own; it writes to `log`."""
        place = {"ABLATION_CACHE": str(self.folder / "cache")}
        with (self.folder / log).open("ab") as file:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, *command],
                cwd=self.folder,
                env=os.environ | place | env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self.running.append(process)
        return process

    def scheduler(self, *, protocol: str = "tcp", **env: str) -> str:
        """The address of a plain Dask scheduler, which knows nothing of this project."""
        place = ["--host", self.address, "--port", str(PORT), "--protocol", protocol]
        self.start([DASK, "scheduler", *place, "--no-dashboard"], log="scheduler.txt", **env)
        wait_for(self, "scheduler.txt", "Scheduler at:")
        return f"{protocol}://{self.address}:{PORT}"

    def worker(self, scheduler: str, **env: str) -> None:
        command = [sys.executable, "-m", "pipeline", "worker", scheduler]
        self.start(command, log="worker.txt", **{"ABLATION_WORKERS": "1"} | env)

    def study(self, scheduler: str, **env: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "pipeline", "study"]
        return self.start(command, log="log.txt", **{"DASK_SCHEDULER_ADDRESS": scheduler, **env})

    def said(self, log: str) -> str:
        file = self.folder / log
        return file.read_text(errors="replace") if file.exists() else ""

    def processes(self) -> list[psutil.Process]:
        listed = subprocess.run(
            ["ip", "netns", "pids", self.name], stdout=subprocess.PIPE, text=True, check=True
        )
        found: list[psutil.Process] = []
        for pid in listed.stdout.split():
            with suppress(psutil.NoSuchProcess):
                found.append(psutil.Process(int(pid)))
        return found

    def power_off(self) -> None:
        """Everything there ends at once, without a word."""
        for each in self.processes():
            with suppress(psutil.NoSuchProcess):
                each.kill()
        for process in self.running:
            process.wait()
        self.running.clear()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """The network cable is pulled out meanwhile."""
        _ip("link", "set", f"v-{self.name}", "down")
        yield
        _ip("link", "set", f"v-{self.name}", "up")

    @contextmanager
    def slow(self) -> Iterator[None]:
        """Whatever runs there stands still for four fifths of the time."""
        over = threading.Event()

        def brake() -> None:
            while not over.wait(0.1):
                for stop in (True, False):
                    for each in self.processes():
                        with suppress(psutil.NoSuchProcess):
                            each.suspend() if stop else each.resume()
                    time.sleep(0.4 if stop else 0)

        thread = threading.Thread(target=brake)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextmanager
def hosts(plain: Path, folder: Path, *, count: int) -> Iterator[list[Host]]:
    """Machines in `folder`, each with a copy of the repository in `plain`."""
    made: list[Host] = []
    _ip("link", "add", BRIDGE, "type", "bridge")
    _ip("link", "set", BRIDGE, "up")
    try:
        for number in range(1, count + 1):
            place = shutil.copytree(plain, folder / f"host-{number}")
            made.append(_host(number, place))
        yield made
    finally:
        for host in made:
            host.power_off()
        # The cables first: those of a namespace that is deleted stay for a while.
        for number in range(1, count + 1):
            _ip("link", "delete", f"v-{_name(number)}", check=False)
            _ip("netns", "delete", _name(number), check=False)
        _ip("link", "delete", BRIDGE)


def _host(number: int, folder: Path) -> Host:
    name, address = _name(number), f"10.77.0.{number}"
    _ip("netns", "add", name)
    _ip("link", "add", f"v-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("link", "set", f"v-{name}", "master", BRIDGE, "up")
    _ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
    for device in ("lo", "eth0"):
        _ip("-n", name, "link", "set", device, "up")
    # Dask asks which of its addresses reaches the internet; here there is none.
    _ip("-n", name, "route", "add", "default", "via", "10.77.0.254", "dev", "eth0", "onlink")
    return Host(name, address, folder)


def _name(number: int) -> str:
    return f"abl{number}-{os.getpid()}"


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check)


def wait_for(host: Host, log: str, words: str, *, seconds: float = 60, times: int = 1) -> None:
    """Until these words stand so often in what was logged there."""
    deadline = time.monotonic() + seconds
    while host.said(log).count(words) < times:
        assert time.monotonic() < deadline, f"no {words!r} in {host.folder / log}"
        time.sleep(0.1)
