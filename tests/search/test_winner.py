from pathlib import Path

from pipeline.networks.spec import NetworkSpec
from pipeline.search.outs import write_sweep
from pipeline.search.winner import read_winner
from pipeline.training.task import TrainingTask
from tests.search.conftest import MakeBench


def error(cell: TrainingTask) -> float:
    return cell.hyperparameters.learning_rate


def test_settings_are_those_that_the_sweep_chose(
    bench: MakeBench, linear: NetworkSpec, tmp_path: Path
) -> None:
    for network in (bench().network, linear):
        tried = bench(network=network)
        found = tried.sweep(error)
        write_sweep(tmp_path, "v", found, dimensions=tried.dimensions, importance=None)
        assert read_winner(tmp_path) == found.winner
        assert (found.winner.j is None) == (network is linear)
