"""How an interrupted stage ends: at once, quietly, and never as an orphan.

Finished runs are in the cache by then; closing every worker would take seconds and print pages.
Workers notice that the coordinator is gone and leave by themselves.
"""

import os
import signal
import sys
import threading
import time
from types import FrameType

PARENT = "ABLATION_PARENT"
SHOW_CURSOR = "\x1b[?25h"  # a progress bar may have hidden it


def end_at_once_when_interrupted() -> None:
    """Ctrl-C and SIGTERM end this process within a moment, with the shell's exit codes."""
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)


def end_with_parent() -> None:
    """Leave when the process that started this one is gone, DVC being killed for example."""
    # A process that starts DVC leaves its number there: it may be gone by now.
    parent = int(os.environ.get(PARENT) or os.getppid())

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent watch").start()


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    cursor = SHOW_CURSOR if sys.stderr.isatty() else ""
    print(f"{cursor}\ninterrupted; finished runs are kept.", file=sys.stderr, flush=True)
    os._exit(128 + number)
