"""The summary of a network for people and for programs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.networks.sizes import Layer, ModelSummary
from pipeline.networks.summary import full, image

COUNTS = ("parameters", "connections", "macs")
SIZES = (*COUNTS, "activation_bytes")
HEADS = ("parameters", "connections", "MACs", "bytes")
# Of the perceptron that shows why full connection does not scale.
SIDE, UNITS = 40, 100
LEGEND = """\
connections: as the paper counts them, biases included. MACs: uses of weights. sees: side of the
square of pixels that a unit sees. bytes: of the units, for one image in single precision.
*: differs from the baseline."""


def as_dict(variant: str, difference: Mapping[str, object], sizes: ModelSummary) -> dict[str, Any]:
    """Plain values: totals and layers."""
    return {
        "variant": variant,
        "difference": {field: _plain(word) for field, word in difference.items()},
        **_sizes(sizes),
        "layers": [_layer(layer) for layer in sizes.layers],
    }


def as_text(
    summaries: Mapping[str, ModelSummary], differences: Mapping[str, Mapping[str, object]]
) -> str:
    """The family in a table, then a table of layers for each variant, then what size means."""
    baseline = next(summaries[name] for name, difference in differences.items() if not difference)
    words = {
        name: describe_difference(differences[name], sizes) for name, sizes in summaries.items()
    }
    tables = [_table(name, words[name], sizes, baseline) for name, sizes in summaries.items()]
    return "\n\n".join([_family(summaries, words), *tables, LEGEND, claim(baseline.parameters)])


def describe_difference(
    difference: Mapping[str, object], sizes: ModelSummary | None = None
) -> str:
    """As in "hidden_sizes: 300-100, output: linear"; "" for none.

    With the network's `sizes` it also tells the widths that `match` computed.
    """
    reported = {field: _word(word) for field, word in difference.items()}
    if sizes and reported.get("match", "none") != "none":
        reported["match"] += f" ({_widths(sizes)})"
    return ", ".join(f"{field}: {word}" for field, word in reported.items())


def claim(parameters: int) -> str:
    """Why full connection does not scale, with the numbers of this summary."""
    weights = full("h1", image(SIDE), UNITS, activation=None).macs
    return (
        f"A {SIDE}x{SIDE} image seen by {UNITS} fully connected units takes {weights:,} weights "
        f"in its first layer alone; the baseline has {parameters:,} parameters in all."
    )


def _plain(word: object) -> object:
    """As JSON reads it back."""
    return [_plain(part) for part in word] if isinstance(word, list | tuple) else word


def _sizes(of: ModelSummary | Layer) -> dict[str, int]:
    return {size: getattr(of, size) for size in SIZES}


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "form": layer.form,
        "activation": layer.activation,
        "output_shape": list(layer.output_shape),
        "receptive_field": layer.receptive_field,
        **_sizes(layer),
    }


def _word(word: object) -> str:
    if not isinstance(word, list | tuple):
        return "null" if word is None else str(word)
    if any(isinstance(row, list | tuple) for row in word):
        return f"a table of {len(word)} maps"
    return "-".join(map(str, word))


def _widths(sizes: ModelSummary) -> str:
    """Of the layers that `match` sets: C5, or all of a perceptron's but its output."""
    if c5 := sizes.get("c5"):
        return f"{c5.output_shape[0]:,} units in C5"
    return _word([layer.output_shape[0] for layer in sizes.layers[:-1]])


def _family(summaries: Mapping[str, ModelSummary], words: Mapping[str, str]) -> str:
    names = ["variant", *summaries]
    differing = ["differs in", *(words[name] or "-" for name in summaries)]
    numbers = [_aligned(HEADS), *map(_numbers, summaries.values())]
    rows = zip(_padded(names), _padded(differing), numbers, strict=True)
    return "\n".join("".join(row) for row in rows)


def _table(variant: str, words: str, sizes: ModelSummary, baseline: ModelSummary) -> str:
    heads = f"  {'layer':<8}{'output':>12}{'sees':>6}{_aligned(HEADS)}  form"
    rows = [_row(layer, changed=layer != baseline.get(layer.name)) for layer in sizes.layers]
    total = f"  {'total':<26}{_numbers(sizes)}"
    return "\n".join([f"{variant}  ({words or 'the baseline'})", heads, *rows, total])


def _row(layer: Layer, *, changed: bool) -> str:
    shape = "x".join(map(str, layer.output_shape))
    form = f"{layer.form}, {layer.activation}" if layer.activation else layer.form
    mark = "*" if changed else " "
    cells = f"{layer.name:<8}{shape:>12}{layer.receptive_field:>6}{_numbers(layer)}"
    return f"{mark} {cells}  {form}"


def _numbers(of: ModelSummary | Layer) -> str:
    return _aligned([f"{number:,}" for number in _sizes(of).values()])


def _padded(cells: Sequence[str]) -> list[str]:
    width = max(map(len, cells)) + 2
    return [f"{cell:<{width}}" for cell in cells]


def _aligned(cells: Iterable[str]) -> str:
    return "".join(f"{cell:>13}" for cell in cells)
