import subprocess
import sys

from pipeline.tracking.process import PROCESS, is_elsewhere, is_gone, this_process


def test_this_process_is_here_and_alive():
    assert not is_gone(this_process())
    assert not is_elsewhere(this_process())


def test_a_clock_that_was_set_does_not_make_a_process_another():
    number, _, began = this_process()[PROCESS].partition(" ")
    assert not is_gone(this_process() | {PROCESS: f"{number} {float(began) + 30:.2f}"})
    assert is_gone(this_process() | {PROCESS: f"{number} {float(began) - 3600:.2f}"})


def test_a_process_that_ended_is_gone_even_while_nobody_asked_for_its_end():
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
        reported = this_process() | {PROCESS: f"{child.pid} {this_process()[PROCESS].split()[1]}"}
        assert child.stdout
        child.stdout.read()  # until it has ended, but it stays in the list of processes
        for _ in range(1000):
            if is_gone(reported):
                break
        assert child.returncode is None
        assert is_gone(reported)
    assert is_gone(reported)


def test_of_other_machines_and_of_unknown_processes_nothing_is_known():
    assert not is_gone(this_process() | {"ablation.host": "elsewhere"})
    assert not is_gone({})
    assert is_elsewhere({})
