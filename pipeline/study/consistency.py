"""What must hold between the sections of params.yaml: each check yields what is wrong."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from pipeline.search.space import Search
from pipeline.study.variants import Changes, Written
from pipeline.training.hyperparameters import TUNED

Problem = tuple[tuple[str, ...], str]  # where in the section, what


def refuse(problems: Iterable[Problem]) -> None:
    """Raise all of them at once, each at its path below the field that is being validated."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("value_error", "{error}", {"error": text}),
            loc=where,
            input=None,
        )
        for where, text in problems
    ]
    if details:
        raise ValidationError.from_exception_data("params.yaml", details)


def unknown(
    where: tuple[str, ...], names: Iterable[str], variants: Mapping[str, object]
) -> Iterator[Problem]:
    """Names of variants that do not exist."""
    for name in dict.fromkeys(names):
        if name not in variants:
            yield where, f"must name variants ({', '.join(variants)}), but got {name!r}."


def idle_dimensions(
    search: Search, network: Written, variants: Mapping[str, Changes]
) -> Iterator[Problem]:
    """Dimensions of hyperparameters that apply to no variant."""
    for name, tuned in TUNED.items():
        if getattr(search.dimensions, name) is None or tuned.network is None:
            continue
        field, value = tuned.network
        values = {
            getattr(each if each.has(field) else network, field) for each in variants.values()
        }
        if value not in values:
            text = f"must apply to a variant, but none has the {field} {value}."
            yield ("dimensions", name), text


def seeds_of_search(seeds: tuple[int, ...], search: Search) -> Iterator[Problem]:
    """Final trainings must not use a seed of a sweep."""
    if shared := sorted({*search.seeds} & {*seeds}):
        yield (), f"must not be those of `search`, but {shared[0]} is in both."


def defaults_not_searched(defaults: Any, search: Search) -> Iterator[Problem]:
    """The first trial is the default: it must be one of the points that may be tried."""
    for name in TUNED:
        default, values = getattr(defaults, name), getattr(search.dimensions, name)
        if isinstance(values, tuple):
            if default not in values:
                yield (name,), f"must be one of {[*values]} (`search`), but got {default!r}."
        elif values is not None and not values.low <= default <= values.high:
            ends = f"{values.low} ... {values.high}"
            yield (name,), f"must lie in {ends} (`search`), but got {default}."
