"""Pydantic's errors about a params.yaml, in terms of YAML."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from pipeline.study.parameters import Parameters

Mistake = tuple[str, str]  # where, what
# Pydantic's names for what a field may hold, and for the name of a field itself.
HIDDEN = ("literal[", "tuple[", "[key]")
# Its words for what JSON has, in those of YAML's users.
PLAIN = {
    "a valid array": "a list",
    "tuple": "list",
    "an object": "a section",
    "a valid dictionary": "a section",
    " after validation": "",
}


def mistakes(found: ValidationError) -> list[Mistake]:
    """All of them, in the order of the sections, each with its path and what is allowed."""
    return [_mistake(error) for error in found.errors() if _is_meant(error)]


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
