"""The configuration of a network, and which of its values go together."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

FIELD = 28  # pixels; the digits without the background around them, and all that perceptrons see
INPUT_SIZE = 32  # pixels; the field with two pixels of background on each side (II.B)
KERNEL = 5
S2_MAPS = 6
CODE_UNITS = 84  # F6 has one unit for each cell of the 7x12 output codes
CLASSES = 10

Table = tuple[tuple[int, ...], ...]
Connectivity = Literal["shared", "unshared", "untied", "full"]

# The paper's values for what lies before F6: a perceptron has none of it.
BODY = {
    "input_size": INPUT_SIZE,
    "connectivity": "shared",
    "feature_stages": 2,
    "c3_table": "paper",
    "subsampling": "trainable",
    "c5_units": "paper",
}
# What these fields may hold besides.
BESIDES_CHOICES = {"c3_table": tuple, "c5_units": int}


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
    feature_stages: Literal[2, 1]
    """Stages of features: C1, S2 and C3, S4, or C1, S2 alone (II.A)."""
    c3_table: Literal["paper", "complete"] | Table
    """Which S2 maps feed a C3 map: the paper's table I, all of them, or a row a map (II.B)."""
    subsampling: Literal["trainable", "stride", "none", "average", "max"]
    """S2 and S4: the 2x2 sum with coefficient and bias, the same of one unit, and so on (II.B)."""
    activation: Literal["scaled_tanh", "relu"]
    """The activation function of every layer up to F6 (II.B, appendix A)."""
    output: Literal["rbf", "linear"]
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
        for field, words in CHOICES.items():
            word = getattr(self, field)
            spelled_out = isinstance(word, BESIDES_CHOICES.get(field, ()))
            if words and word not in words and not spelled_out:
                yield f"`{field}` must be one of {', '.join(map(str, words))}, but got {word!r}."

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
        if self.hidden_sizes and self.output == "rbf" and self.hidden_sizes[-1] != CODE_UNITS:
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


def _choices(hint: Any) -> tuple[Any, ...]:
    """The values that a field's type lists; () where it has none."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return next(filter(None, map(_choices, get_args(hint))), ())


CHOICES = {field: _choices(hint) for field, hint in get_type_hints(NetworkSpec).items()}
