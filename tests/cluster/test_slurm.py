"""The script for SLURM that the documentation shows, with a stand-in for `srun`."""

import re
import sys
from pathlib import Path

import pytest

from tests.cluster.runs import Cluster, same, succeeds
from tests.faults import Undisturbed

pytestmark = pytest.mark.slow

# Runs the command as one task on each of the other machines, in that machine's repository.
SRUN = """#!/bin/sh
[ "$1" = "--cpus-per-task=16" ] || exit 9
shift
for machine in $MACHINES; do
  cd $FOLDER/host-$((number = ${number:-1} + 1))
  ip netns exec $machine "$@" > worker.txt 2>&1 &
done
wait
"""


def test_the_documented_script_runs_the_study(
    cluster: Cluster, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    page = Path("docs/cluster.md").read_text(encoding="utf8")
    script = re.search(r"```sh\n(#!/bin/bash\n#SBATCH.*?)```", page, re.DOTALL)
    assert script
    first = cluster[0]
    (first.folder / "job.sh").write_text(script[1])
    (first.folder / ".venv").symlink_to(sys.prefix)
    programs = {"srun": SRUN, "hostname": f"#!/bin/sh\necho {first.address}\n"}
    (tmp_path / "bin").mkdir()
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    job = first.start(
        ["sh", "-c", 'PATH=$STAND_INS:$PATH; exec bash -c ". ./job.sh"'],
        log="log.txt",
        FOLDER=str(tmp_path),
        MACHINES=" ".join(host.name for host in cluster[1:]),
        STAND_INS=str(tmp_path / "bin"),
        SLURM_CPUS_PER_TASK="16",
        ABLATION_WORKERS="1",
    )
    succeeds(job, first)
    same(first, undisturbed)
    for host in cluster[1:]:
        assert "workers for tcp://10.77.0.1:8786: 1" in host.said("worker.txt")
