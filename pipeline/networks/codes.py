"""The ten output codes: stylised digits of 7x12 cells, designed by hand (figure 3)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

# '#' is +1, '.' is -1. Read cell for cell from the images in the authors' PDF.
_DIGITS_0_TO_4 = """
.#####.  ...##..  .#####.  #######  .#####.
.......  ..###..  .......  .....##  .......
..###..  .####..  .#####.  ....##.  .......
.##.##.  ...##..  ##...##  ...##..  .##..##
##...##  ...##..  #....##  ..####.  .##..##
##...##  ...##..  ....##.  .....##  ###..##
##...##  ...##..  ..###..  .....##  ##...##
##...##  ...##..  .##....  .....##  ##...##
.##.##.  ...##..  ##.....  ##...##  ##..###
..###..  .######  #######  .#####.  .######
.......  .......  .......  .......  .....##
.......  .......  .......  .......  .....##
"""
_DIGITS_5_TO_9 = """
.#####.  ..####.  #######  .#####.  .#####.
.......  .##....  .....##  ##...##  ##..###
#######  ##.....  .....##  ##...##  ##...##
##.....  ##.....  ....##.  ##...##  ##...##
##.....  ######.  ...##..  .#####.  ##..###
.####..  ###..##  ...##..  ##...##  .######
..####.  ##...##  ..##...  ##...##  .....##
.....##  ##...##  ..##...  ##...##  .....##
##...##  ###..##  ..##...  ##...##  ....##.
.#####.  .#####.  ..##...  .#####.  .####..
.......  .......  .......  .......  .......
.......  .......  .......  .......  .......
"""


def code_cells() -> list[list[int]]:
    """The codes of the digits 0 to 9, +1 and -1, flattened row by row: 10 of 84."""
    return [
        [
            1 if cell == "#" else -1
            for row in block.split("\n")[1:-1]
            for cell in row.split("  ")[digit]
        ]
        for block in (_DIGITS_0_TO_4, _DIGITS_5_TO_9)
        for digit in range(5)
    ]


def output_codes() -> "Tensor":
    """`code_cells` as a tensor. Shape [10, 84]."""
    import torch  # whoever describes a network has no need of it

    return torch.tensor(code_cells(), dtype=torch.float32)
