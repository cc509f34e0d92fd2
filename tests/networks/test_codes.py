from itertools import combinations

import torch

from pipeline.networks.codes import output_codes

# Figure 3 by eye, '#' where it is black.
ONE = """
...##..
..###..
.####..
...##..
...##..
...##..
...##..
...##..
...##..
.######
.......
.......
"""


def hamming() -> dict[tuple[int, int], int]:
    codes = output_codes()
    return {(a, b): int((codes[a] != codes[b]).sum()) for a, b in combinations(range(10), 2)}


def test_codes_have_84_cells_of_plus_and_minus_one() -> None:
    codes = output_codes()
    assert codes.shape == (10, 84)
    assert codes.dtype == torch.float32
    assert codes.unique().tolist() == [-1, 1]


def test_cells_of_plus_one_are_as_many_as_in_the_figure() -> None:
    black = (output_codes() == 1).sum(1).tolist()
    assert black == [35, 27, 33, 32, 41, 35, 39, 25, 43, 39]


def test_code_is_flattened_row_by_row() -> None:
    rows = ["".join(".#"[int(cell > 0)] for cell in row) for row in output_codes()[1].view(12, 7)]
    assert rows == ONE.split()


def test_distances_between_codes_are_those_of_the_figure() -> None:
    distances = hamming()
    pairs = {far: {pair for pair in distances if distances[pair] == far} for far in range(85)}
    assert [far for far in range(21) if pairs[far]] == [12, 18, 20]
    assert pairs[12] == {(6, 8)}
    assert pairs[18] == {(0, 4), (8, 9)}
    assert pairs[20] == {(2, 5), (4, 6), (4, 8)}
    assert max(distances.values()) == 50
    assert pairs[50] == {(1, 4), (1, 8), (4, 7)}
    assert round(sum(distances.values()) / 45, 1) == 31.1
