"""Studies as files: params.yaml, and differences to it."""

import json
from collections import Counter
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.execution.errors import UserError
from pipeline.study.mistakes import Mistake, mistakes
from pipeline.study.parameters import Parameters
from pipeline.study.resolve import Study, resolve

PARAMS = Path("params.yaml")


def load_study(path: Path = PARAMS) -> Study:
    """Read and check a whole study.

    Raises:
        UserError: Naming every mistake with its path, all at once.
    """
    return parse_study(read_yaml(path), origin=str(path))


def parse_study(written: Any, *, origin: str) -> Study:
    """As `load_study`, from plain values; `origin` is what messages call them."""
    try:
        text = json.dumps(written)
    except (TypeError, ValueError, RecursionError) as problem:
        kinds = f"must hold words, numbers and lists of them, but got: {problem}."
        raise _refusal(origin, [("the file", kinds)]) from None
    try:
        parameters = Parameters.model_validate_json(text)
    except ValidationError as problem:
        raise _refusal(origin, mistakes(problem)) from None
    return resolve(parameters, written)


def _refusal(origin: str, found: Sequence[Mistake]) -> UserError:
    lines = [f"  {path}: {text}" for path, text in found]
    count = f"{len(lines)} mistake{'s' * (len(lines) > 1)}"
    return UserError("\n".join([f"{origin} has {count}:", *lines]))


def read_yaml(path: Path) -> Any:
    """The plain values of a YAML file, in which no key may stand twice."""
    try:
        return yaml.load(path.read_text(encoding="utf8"), Loader=_UniqueKeyLoader)
    except FileNotFoundError:
        raise UserError(f"`{path}` must exist, but there is no such file.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise UserError(f"`{path}` must be YAML, but {problem}") from problem


def merged(base: Any, difference: Any) -> Any:
    """`difference` laid over `base`, key by key; null removes a key (RFC 7386)."""
    if not isinstance(difference, dict):
        return difference
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in difference.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


class _UniqueKeyLoader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if not isinstance(key, str):  # `on` and `no`, say, are truth values to YAML
                raise yaml.MarkedYAMLError(
                    problem=f"a key must be a word, but got {key!r}: write it in quotes",
                    problem_mark=node.start_mark,
                )
        for key, times in Counter(map(str, keys)).items():
            if times > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key!r} stands there twice", problem_mark=node.start_mark
                )
        return super().construct_mapping(node, deep)


# Dates are words here: a note may begin with one.
_UniqueKeyLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
