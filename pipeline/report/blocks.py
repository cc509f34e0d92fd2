"""What a section of the report is built of."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.report.figure import Figure
from pipeline.report.tables import Table


@dataclass(frozen=True)
class Prose:
    """A paragraph of ours, with `code`, [links](to) and *stress* in it."""

    text: str


@dataclass(frozen=True)
class Items:
    """Paragraphs of ours, as a list."""

    texts: Sequence[str]


@dataclass(frozen=True)
class Terms:
    """Names, and a paragraph of ours on each."""

    entries: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Notes:
    """A user's text on each variant."""

    entries: Mapping[str, str]


@dataclass(frozen=True)
class Folded:
    """A table that is seen when asked for."""

    summary: str
    table: Table


Block = Prose | Items | Terms | Notes | Folded | Table | Figure


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        """What links to it, as code hosts make it of a heading."""
        return re.sub(r"[^a-z0-9 -]", "", self.title.lower()).replace(" ", "-")


def section(title: str, *blocks: Block | None) -> Section:
    """Of the blocks that there are, and have something in them."""
    return Section(title, tuple(block for block in blocks if block and not _empty(block)))


def _empty(block: Block) -> bool:
    match block:
        case Prose(text):
            return not text
        case Items(entries) | Terms(entries) | Notes(entries):
            return not entries
        case Table():
            return not block.rows
        case _:
            return False
