"""The account of a network for people and for programs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.networks.accounting import account, full, image
from pipeline.networks.sizes import Account, Layer
from pipeline.networks.spec import NetworkSpec

SIZES = ("parameters", "connections", "macs", "activation_bytes")
HEADS = ("parameters", "connections", "MACs", "bytes")
LEGEND = """\
connections: as the paper counts them, biases included. MACs: uses of weights. sees: side of the
square of pixels that a unit sees. bytes: of the units, for one image in single precision.
*: differs from the baseline."""


def as_dict(
    variant: str, difference: Mapping[str, object], network: NetworkSpec
) -> dict[str, Any]:
    """Plain values: totals and layers."""
    sizes = account(network)
    return {
        "variant": variant,
        "difference": dict(difference),
        **_sizes(sizes),
        "layers": [_layer(layer) for layer in sizes.layers],
    }


def as_text(described: Sequence[Mapping[str, Any]]) -> str:
    """The family in a table, then a table of layers for each variant, then what size means."""
    baseline = next(variant for variant in described if not variant["difference"])
    tables = [_table(variant, baseline) for variant in described]
    return "\n\n".join([_family(described), *tables, LEGEND, claim(baseline["parameters"])])


def in_words(difference: Mapping[str, object]) -> str:
    """As in "output: linear, hidden: 300-100"; "" for none."""
    return ", ".join(f"{field}: {_word(word)}" for field, word in difference.items())


def claim(parameters: int) -> str:
    """Why full connection does not scale, with the numbers of this account."""
    weights = full("h1", image(40), 100, squash=None).macs
    return (
        f"A 40x40 image seen by 100 fully connected units takes {weights:,} weights in its first "
        f"layer alone; the baseline has {parameters:,} parameters in all."
    )


def _sizes(of: Account | Layer) -> dict[str, int]:
    return {size: getattr(of, size) for size in SIZES}


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "name": layer.name,
        "form": layer.form,
        "squash": layer.squash,
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


def _family(described: Sequence[Mapping[str, Any]]) -> str:
    names = ["variant", *(variant["variant"] for variant in described)]
    words = ["differs in", *(in_words(variant["difference"]) or "-" for variant in described)]
    numbers = [_aligned(HEADS), *map(_numbers, described)]
    rows = zip(_padded(names), _padded(words), numbers, strict=True)
    return "\n".join("".join(row) for row in rows)


def _table(variant: Mapping[str, Any], baseline: Mapping[str, Any]) -> str:
    heads = f"  {'layer':<8}{'output':>12}{'sees':>6}{_aligned(HEADS)}  form"
    known = [_itself(layer) for layer in baseline["layers"]]
    rows = [_row(layer, changed=_itself(layer) not in known) for layer in variant["layers"]]
    words = in_words(variant["difference"]) or "the baseline"
    total = f"  {'total':<26}{_numbers(variant)}"
    return "\n".join([f"{variant['variant']}  ({words})", heads, *rows, total])


def _itself(layer: Mapping[str, Any]) -> dict[str, Any]:
    """Without what follows from the layers before it."""
    return {key: value for key, value in layer.items() if key != "receptive_field"}


def _row(layer: Mapping[str, Any], *, changed: bool) -> str:
    shape = "x".join(map(str, layer["output_shape"]))
    form = f"{layer['form']}, {layer['squash']}" if layer["squash"] else layer["form"]
    mark = "*" if changed else " "
    cells = f"{layer['name']:<8}{shape:>12}{layer['receptive_field']:>6}{_numbers(layer)}"
    return f"{mark} {cells}  {form}"


def _numbers(sizes: Mapping[str, Any]) -> str:
    return _aligned([f"{sizes[size]:,}" for size in SIZES])


def _padded(cells: Sequence[str]) -> list[str]:
    width = max(map(len, cells)) + 2
    return [f"{cell:<{width}}" for cell in cells]


def _aligned(cells: Iterable[str]) -> str:
    return "".join(f"{cell:>13}" for cell in cells)
