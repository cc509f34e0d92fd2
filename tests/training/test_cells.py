import hashlib
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from pipeline.networks.spec import NetworkSpec
from pipeline.training.cells import Cell, EvaluationCell, Hyperparameters, TrainingCell
from pipeline.training.provenance import Environment

ENVIRONMENT = Environment(
    device="a CPU",
    cpu_capability="AVX2",
    threads=1,
    group=1,
    torch="2.13.0",
    numpy="2.4.6",
    pytorch_lightning="2.6.6",
)
# Linear output and no hidden layers: every field can change on its own.
NETWORK = NetworkSpec(
    frame=32,
    connectivity="shared",
    hierarchy="two",
    c3_table="paper",
    subsampling="trainable",
    activation="scaled_tanh",
    output="linear",
    hidden=(),
    c5_units="paper",
)
TRAINING = TrainingCell(
    network=NETWORK,
    hyperparameters=Hyperparameters(learning_rate=0.004, init="fan_in", j=1.0),
    seed=0,
    epochs=8,
    batch_size=128,
    train_on="t",
    validate_on=None,
    data="d",
    code="c",
    environment=ENVIRONMENT,
)
EVALUATION = EvaluationCell(
    network=NETWORK, weights="w", images="i", code="c", environment=ENVIRONMENT
)


@dataclass(frozen=True)
class Change:
    """A cell, and the same cell with one field of it, or of a part of it, changed."""

    path: str
    before: Cell
    after: Cell


def other(value: Any, kind: Any) -> Any:
    kinds = (kind, *get_args(kind))
    if words := next((get_args(each) for each in kinds if get_origin(each) is Literal), ()):
        return next((word for word in words if word != value), 3)
    match value:
        case None:
            return 3
        case str():
            return f"{value}."
        case int() | float():
            return value - 2  # a larger frame than 32 there is not
        case ():
            return (1,)
    raise AssertionError(kind)


def changes(part: Any) -> Iterator[tuple[str, Any]]:
    """Path and changed copy for every field, however deep."""
    kinds = get_type_hints(type(part))
    for field in fields(part):
        value = getattr(part, field.name)
        if is_dataclass(value):
            for path, changed in changes(value):
                yield f"{field.name}.{path}", replace(part, **{field.name: changed})
        else:
            yield field.name, replace(part, **{field.name: other(value, kinds[field.name])})


CHANGES = [
    Change(f"{type(cell).__name__}.{path}", cell, changed)
    for cell in (TRAINING, EVALUATION)
    for path, changed in changes(cell)
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.path)
def test_key_changes_with_every_field(change: Change) -> None:
    assert change.after != change.before
    assert change.after.key != change.before.key


def test_every_field_is_among_the_changes_and_all_keys_differ() -> None:
    # 9 words, 3 hyperparameters, 7 of the environment, 7 of its own; 9, 7 and 3.
    assert len(CHANGES) == (9 + 3 + 7 + 7) + (9 + 7 + 3)
    assert len({change.after.key for change in CHANGES}) == len(CHANGES)


def test_values_that_are_given_up_change_the_key_too() -> None:
    without = replace(TRAINING, hyperparameters=replace(TRAINING.hyperparameters, j=None))
    assert without.key != TRAINING.key


def test_values_that_change_places_change_the_key() -> None:
    swapped = replace(TRAINING, train_on=TRAINING.data, data=TRAINING.train_on)
    assert swapped.key != TRAINING.key
    assert replace(EVALUATION, weights="i", images="w").key != EVALUATION.key


def test_training_and_evaluation_never_share_a_key() -> None:
    same = {"train_on": "x", "validate_on": "x", "data": "x", "code": "x"}
    training = replace(TRAINING, **same)
    assert training.key != replace(EVALUATION, weights="x", images="x", code="x").key


def test_key_is_the_hash_of_everything_in_alphabetical_order() -> None:
    # Written out, so that moving a field in the source loses no result, and so that whatever
    # loses them all is a choice.
    text = (
        '{"code":"c","environment":{"cpu_capability":"AVX2","device":"a CPU","group":1,'
        '"numpy":"2.4.6","pytorch_lightning":"2.6.6","threads":1,"torch":"2.13.0"},"images":"i",'
        '"kind":"evaluation","network":{"activation":"scaled_tanh","c3_table":"paper",'
        '"c5_units":"paper","connectivity":"shared","frame":32,"hidden":[],"hierarchy":"two",'
        '"output":"linear","subsampling":"trainable"},'
        '"weights":"w"}'
    )
    assert EVALUATION.key == hashlib.sha256(text.encode()).hexdigest()


def test_key_is_a_file_name_of_64_hex_digits() -> None:
    for cell in (TRAINING, EVALUATION):
        assert re.fullmatch("[0-9a-f]{64}", cell.key)


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_equal_cells_have_equal_keys_in_another_process(hash_seed: str) -> None:
    script = "import pickle, sys; print(*[c.key for c in pickle.load(sys.stdin.buffer)])"
    found = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps([TRAINING, EVALUATION]),
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
    )
    assert found.stdout.decode().split() == [TRAINING.key, EVALUATION.key]


def test_learning_rates_that_differ_in_the_last_bit_are_different_cells() -> None:
    rate = TRAINING.hyperparameters.learning_rate
    near = replace(TRAINING.hyperparameters, learning_rate=rate * (1 + 2**-52))
    assert replace(TRAINING, hyperparameters=near).key != TRAINING.key
