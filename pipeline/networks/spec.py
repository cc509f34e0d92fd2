"""The words that describe a network, and which of them go together."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

CODE_UNITS = 84  # F6 has one unit for each cell of the 7x12 output codes


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A network of the family, one field for each mechanism of the paper.

    Raises:
        ValueError: When the words contradict each other.
    """

    # Read by pydantic where params.yaml is parsed, and by nothing else.
    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    connectivity: Literal["shared", "unshared"]
    """How C1 and C3 are wired: one kernel for all positions, or a kernel for each (II.A)."""
    c3_table: Literal["paper", "complete"]
    """Which S2 maps feed a C3 map: the paper's table I, or all of them (II.B)."""
    subsampling: Literal["trainable", "stride", "none", "average", "max"]
    """S2 and S4: the 2x2 sum with coefficient and bias, the same of one unit, and so on (II.B)."""
    activation: Literal["scaled_tanh", "relu"]
    """The squashing function of every layer up to F6 (II.B, appendix A)."""
    output: Literal["rbf", "linear"]
    """Euclidean distance to fixed codes with the MAP criterion, or ten logits (II.B, II.C)."""
    hidden: tuple[int, ...]
    """Widths of a plain multi-layer perceptron instead of the convolutional body; () for none."""

    def __post_init__(self) -> None:
        if narrow := [width for width in self.hidden if width < 1]:
            raise ValueError(f"`hidden` widths must be at least 1, but got {narrow[0]}.")
        if self.hidden and self.output == "rbf" and self.hidden[-1] != CODE_UNITS:
            raise ValueError(
                f"`hidden` must end in {CODE_UNITS} units, one for each cell of an output code, "
                f"when `output` is 'rbf', but got {list(self.hidden)}."
            )
        if self.hidden and (idle := self._idle_words()):
            raise ValueError(
                "`hidden` replaces C1 to F6, so these words would change nothing and must be left "
                f"as the paper's, but got {', '.join(idle)}."
            )

    def _idle_words(self) -> list[str]:
        body = {"connectivity": "shared", "c3_table": "paper", "subsampling": "trainable"}
        return [
            f"{field}={word!r}" for field in body if (word := getattr(self, field)) != body[field]
        ]

    @classmethod
    def from_words(cls, words: Mapping[str, Any]) -> Self:
        """From plain values, as `words` gives them."""
        fields: dict[str, Any] = {**words, "hidden": tuple(words["hidden"])}
        return cls(**fields)

    def words(self) -> dict[str, object]:
        """The fields as plain values, for records and keys."""
        return {**asdict(self), "hidden": list(self.hidden)}
