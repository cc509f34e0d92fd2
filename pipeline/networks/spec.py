"""The configuration of a network, and which of its values go together."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from pipeline.networks.mechanisms import MECHANISMS, OUTPUT, S2_MAPS, Table

FIELD = 28  # pixels; the digits without the background around them, and all that perceptrons see
INPUT_SIZE = 32  # pixels; the field with two pixels of background on each side (II.B)
KERNEL = 5
CODE_UNITS = 84  # F6 has one unit for each cell of the 7x12 output codes
CLASSES = 10

if TYPE_CHECKING:
    Connectivity = C3Table = Subsampling = Activation = Output = str
    FeatureStages = int
else:  # for whoever parses a configuration: the values that have a row
    Connectivity, FeatureStages, C3Table, Subsampling, Activation, Output = (
        Literal[*rows] for rows in MECHANISMS.values()
    )

# The paper's values for what lies before F6: a perceptron has none of it.
BODY = {
    "input_size": INPUT_SIZE,
    "connectivity": "shared",
    "feature_stages": 2,
    "c3_table": "paper",
    "subsampling": "trainable",
    "c5_units": "paper",
}


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A network of the family, one field for each mechanism of the paper.

    Raises:
        ValueError: When a value is not known, or when values contradict each other.
    """

    # Read by pydantic where params.yaml is parsed, and by nothing else.
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    input_size: int
    """Side of the image: 32 leaves room around the digits, 28 does not (II.B)."""
    connectivity: Connectivity
    """How C1 and C3 are wired: one kernel for all positions, a kernel for each, the same starting
    from equal ones, or no kernels: every unit sees whole maps (II.A)."""
    feature_stages: FeatureStages
    """Stages of features: C1, S2 and C3, S4, or C1, S2 alone (II.A)."""
    c3_table: C3Table | Table
    """Which S2 maps feed a C3 map: the paper's table I, all of them, or a row a map (II.B)."""
    subsampling: Subsampling
    """S2 and S4: the 2x2 sum with coefficient and bias, the same of one unit, and so on (II.B)."""
    activation: Activation
    """The activation function of every layer up to F6 (II.B, appendix A)."""
    output: Output
    """Euclidean distance to fixed codes with the MAP criterion, or ten logits (II.B, II.C)."""
    hidden_sizes: tuple[int, ...]
    """Widths of a plain multi-layer perceptron instead of the convolutional body; () for none."""
    c5_units: Literal["paper"] | int
    """Width of C5: the paper's 120, or with one stage the 47 that come nearest to LeNet-5's number
    of parameters; or any other."""

    def __post_init__(self) -> None:
        if problems := [*self._unknown(), *self._sizes(), *self._contradictions()]:
            raise ValueError(" ".join(problems))

    def _unknown(self) -> Iterator[str]:
        for field, rows in MECHANISMS.items():
            word = getattr(self, field)
            known = any(word == each and type(word) is type(each) for each in rows)  # 1 == True
            if not known and not (field == "c3_table" and isinstance(word, tuple)):
                yield f"`{field}` must be one of {', '.join(map(str, rows))}, but got {word!r}."
        if isinstance(self.c5_units, str) and self.c5_units != "paper":
            yield f"`c5_units` must be 'paper' or a number, but got {self.c5_units!r}."

    def _sizes(self) -> Iterator[str]:
        if self.input_size % 2 or not 2 <= self.input_size <= INPUT_SIZE:
            yield (
                f"`input_size` must be an even number of pixels up to {INPUT_SIZE}, "
                f"but got {self.input_size}."
            )
        if narrow := [width for width in self.hidden_sizes if width < 1]:
            yield f"`hidden_sizes` widths must be at least 1, but got {narrow[0]}."
        if isinstance(self.c5_units, int) and self.c5_units < 1:
            yield f"`c5_units` must be at least 1, but got {self.c5_units}."
        if isinstance(self.c3_table, tuple):
            yield from _table_problems(self.c3_table)

    def _contradictions(self) -> Iterator[str]:
        if self.hidden_sizes and OUTPUT[self.output].codes and self.hidden_sizes[-1] != CODE_UNITS:
            yield (
                f"`hidden_sizes` must end in {CODE_UNITS} units, one for each cell of an output "
                f"code, when `output` is 'rbf', but got {list(self.hidden_sizes)}."
            )
        if self.hidden_sizes and (idle := self._idle(BODY)):
            yield (
                "`hidden_sizes` replaces C1 to F6, so these words would change nothing and must "
                f"be left as the paper's, but got {', '.join(idle)}."
            )
        if self.feature_stages == 1 and (idle := self._idle(["c3_table"])):
            yield (
                "with one stage there is no C3, so its table would change nothing and must be "
                f"left as the paper's, but got {', '.join(idle)}."
            )

    def _idle(self, fields: Iterable[str]) -> list[str]:
        return [
            f"{field}={word!r}"
            for field in fields
            if (word := getattr(self, field)) != BODY[field]
        ]

    @classmethod
    def from_dict(cls, words: Mapping[str, Any]) -> Self:
        """From plain values, as `to_dict` gives them."""
        table = words["c3_table"]
        rows = table if isinstance(table, str) else tuple(map(tuple, table))
        values: dict[str, Any] = {
            **words,
            "c3_table": rows,
            "hidden_sizes": tuple(words["hidden_sizes"]),
        }
        return cls(**values)

    def to_dict(self) -> dict[str, object]:
        """The fields as plain values, for records and keys."""
        table = self.c3_table
        rows = table if isinstance(table, str) else [list(row) for row in table]
        return {**asdict(self), "c3_table": rows, "hidden_sizes": list(self.hidden_sizes)}


def _table_problems(table: Table) -> Iterator[str]:
    if not table:
        yield "`c3_table` must have a row for each C3 map, but got none."
    for number, row in enumerate(table):
        if not row or len(set(row)) < len(row):
            yield f"`c3_table` rows must name S2 maps, each once, but row {number} is {list(row)}."
        if unknown := [s2 for s2 in row if not 0 <= s2 < S2_MAPS]:
            yield (
                f"`c3_table` must name S2 maps, 0 to {S2_MAPS - 1}, but row {number} names "
                f"{unknown[0]}."
            )
