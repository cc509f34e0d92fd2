import numpy as np
import torch
from torch import Tensor, nn

from pipeline.data.mnist import Digits, frame
from pipeline.evaluation.reading import NO_ANSWER, answers, rebuilt
from pipeline.training.models import TrainedNetwork

CPU = torch.device("cpu")


class Fixed(nn.Module):
    """Scores that do not depend on what is seen."""

    def __init__(self, scores: list[list[float]]) -> None:
        super().__init__()
        self.scores = torch.tensor(scores)

    def forward(self, frames: Tensor) -> Tensor:
        return self.scores[: len(frames)]


def test_answer_is_the_best_score_and_none_where_there_is_no_best() -> None:
    scores = [[0.0] * 10 for _ in range(4)]
    scores[0][7] = 1.0
    scores[1][3] = scores[1][9] = 2.0
    scores[2][5] = float("nan")
    scores[3] = [float("nan")] * 10
    found = answers(Fixed(scores), torch.zeros(4, 32, 32, dtype=torch.uint8))
    assert found.dtype == np.uint8
    assert found.tolist() == [7, NO_ANSWER, NO_ANSWER, NO_ANSWER]


def test_answers_are_those_of_the_scores_batch_by_batch(
    models: list[TrainedNetwork], digits: Digits
) -> None:
    network = rebuilt(models[0].network, models[0].weights, CPU)
    frames = torch.from_numpy(frame(digits.images))  # two batches
    with torch.no_grad():
        scores = torch.cat([network(batch) for batch in frames.split(250)])
    assert answers(network, frames).tolist() == scores.argmax(dim=1).tolist()
    assert len(set(answers(network, frames).tolist())) > 2
