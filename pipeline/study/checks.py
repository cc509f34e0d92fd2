"""The mistakes in a params.yaml: all of them at once, each with its path and what is allowed."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from pipeline.networks.accounting import account
from pipeline.networks.spec import NetworkSpec
from pipeline.study.parameters import Parameters
from pipeline.study.resolve import network_spec

Mistake = tuple[str, str]  # where, what
# Pydantic's names for what a field may hold, and for the name of a field itself.
HIDDEN = ("literal[", "tuple[", "[key]")
# Its words for what JSON has, in those of YAML's users.
PLAIN = {"a valid array": "a list", "an object": "a section", "a valid dictionary": "a section"}


def mistakes(written: Any) -> list[Mistake]:
    """Everything that is wrong with the plain values of a params.yaml."""
    found = _field_mistakes(written)
    invalid = {path.partition(".")[0] for path, _ in found}
    if isinstance(written, dict):
        if "network" not in invalid:
            found += _combinations(written["network"], _sound_variants(written, found))
        for sections, check in CHECKS:
            if not invalid & set(sections):
                found += check(*(written[section] for section in sections))
    return found


def _sound_variants(written: Any, found: Iterable[Mistake]) -> dict[str, Any]:
    """Those without a mistake of their own."""
    paths = [path.split(".") for path, _ in found]
    if ["variants"] in paths or not isinstance(written.get("variants"), dict):
        return {}
    unsound = {path[1] for path in paths if path[0] == "variants"}
    return {name: words for name, words in written["variants"].items() if name not in unsound}


def _field_mistakes(written: Any) -> list[Mistake]:
    try:
        Parameters.model_validate_json(json.dumps(written))
    except ValidationError as problem:
        return [_mistake(error) for error in problem.errors() if _is_meant(error)]
    except (TypeError, ValueError, RecursionError) as problem:
        return [("the file", f"must hold words, numbers and lists of them, but got: {problem}.")]
    return []


def _is_meant(error: Any) -> bool:
    """Pydantic says what is wrong with a value both as a word and as a table: one is enough."""
    branch = str(error["loc"][-1]) if error["loc"] else ""
    as_word = error["input"] is None or isinstance(error["input"], str)
    if branch.startswith("literal["):
        return as_word
    return not (as_word and (branch == "int" or branch.startswith("tuple[")))


def _mistake(error: Any) -> Mistake:
    parts = [str(part) for part in error["loc"]]
    shown = [part for part in parts if part != "int" and not part.startswith(HIDDEN)]
    path = ".".join(shown) or "the file"
    match error["type"]:
        case "extra_forbidden" | "unexpected_keyword_argument":
            return (
                path,
                f"is not a key here; allowed are {', '.join(_allowed(error['loc'][:-1]))}.",
            )
        case "missing":
            return path, "must be given, but is missing."
        case "value_error":
            return path, f"{str(error['ctx']['error']).rstrip('.')}."
    text = error["msg"][0].lower() + error["msg"][1:]
    for theirs, ours in PLAIN.items():
        text = text.replace(theirs, ours)
    hint = ""
    is_number = error["type"] in ("float_type", "int_type")
    if is_number and re.fullmatch(r"[\d.]+e[-+]?\d+", str(error["input"])):
        hint = " YAML reads this as a word: write it out, as 0.001 or 1000."
    return path, f"{text}, but got {error['input']!r}.{hint}"


def _allowed(path: Iterable[object]) -> list[str]:
    """The keys that the section at `path` may have, from the schema."""
    schema = Parameters.model_json_schema()
    section: Any = schema
    for part in path:
        of_any_name = section.get("patternProperties", {"": None})
        section = section.get("properties", {}).get(part) or next(iter(of_any_name.values()))
        section = next(iter(section.get("anyOf", [section])))  # the other one is null
        while "$ref" in section:
            section = schema["$defs"][section["$ref"].rpartition("/")[2]]
    return list(section["properties"])


def _combinations(network: Any, variants: Any) -> Iterator[Mistake]:
    baseline = _resolved(network, {})
    if isinstance(baseline, str):
        yield "network", baseline
        return  # or every variant would repeat it
    for name, difference in variants.items():
        found = _resolved(network, difference)
        if isinstance(found, str):
            yield f"variants.{name}", found
        elif difference and _same(found, baseline):
            yield f"variants.{name}", "must be another network than the baseline, but is the same."


def _resolved(network: Any, difference: Any) -> NetworkSpec | str:
    """Or why there is none."""
    try:
        return network_spec(network, difference)
    except ValueError as problem:
        return str(problem)


def _same(network: NetworkSpec, other: NetworkSpec) -> bool:
    """Whether the two are one, though one of them writes out what the other leaves open."""
    words = [replace(each, c5_units="paper") for each in (network, other)]
    return words[0] == words[1] and account(network) == account(other)


def _one_baseline(variants: Any) -> Iterator[Mistake]:
    baselines = [name for name, difference in variants.items() if not difference]
    if len(baselines) != 1:
        text = f"exactly one must be {{}}, the baseline, but got {baselines}."
        yield "variants", text


def _known_names(variants: Any, notes: Any, evaluation: Any) -> Iterator[Mistake]:
    used = {
        "notes": list(notes),
        "evaluation.planned": [name for pair in evaluation["planned"] for name in pair],
    }
    for path, names in used.items():
        yield from _unknown(path, names, variants)


def _known_samples(variants: Any, samples: Any) -> Iterator[Mistake]:
    yield from _unknown("samples.variants", samples["variants"], variants)


def _unknown(path: str, names: Iterable[str], variants: Any) -> Iterator[Mistake]:
    for name in dict.fromkeys(names):
        if name not in variants:
            yield path, f"must name variants ({', '.join(variants)}), but got {name!r}."


def _fresh_seeds(search: Any, seeds: Any) -> Iterator[Mistake]:
    tuning = {search["trial_seed"], *search["finalist_seeds"], *search["audit_seeds"]}
    if shared := sorted(tuning & set(seeds)):
        yield "seeds", f"must not be those of `search`, but {shared[0]} is in both."


def _defaults_searched(search: Any, hyperparameters: Any) -> Iterator[Mistake]:
    """The first trial is the default: it must be one of the points that may be tried."""
    searched = {name: values for name, values in search["dimensions"].items() if values}
    for name, values in searched.items():
        default, path = hyperparameters[name], f"hyperparameters.{name}"
        if isinstance(values, list):
            if default not in values:
                yield path, f"must be one of {values} (`search`), but got {default!r}."
        elif not values["low"] <= default <= values["high"]:
            low, high = values["low"], values["high"]
            yield path, f"must lie in {low} ... {high} (`search`), but got {default}."


def _useful_dimensions(network: Any, variants: Any, search: Any) -> Iterator[Mistake]:
    outputs = {{**network, **difference}["output"] for difference in variants.values()}
    if search["dimensions"].get("j") and "rbf" not in outputs:
        yield "search.dimensions.j", "must apply to a variant, but none has the output rbf."


# What holds between sections: checked where the sections themselves are right.
CHECKS: tuple[tuple[tuple[str, ...], Callable[..., Iterator[Mistake]]], ...] = (
    (("variants",), _one_baseline),
    (("variants", "notes", "evaluation"), _known_names),
    (("variants", "samples"), _known_samples),
    (("search", "seeds"), _fresh_seeds),
    (("search", "hyperparameters"), _defaults_searched),
    (("network", "variants", "search"), _useful_dimensions),
)
