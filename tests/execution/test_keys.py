import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from pipeline.evaluation.tasks.clean import EvaluationTask
from pipeline.execution.provenance import cpu_environment
from pipeline.execution.task import Context, Result, Task
from pipeline.networks.spec import NetworkSpec
from pipeline.training.hyperparameters import Hyperparameters
from pipeline.training.task import TrainingTask

ENVIRONMENT = cpu_environment()
# Linear output and no hidden layers: every field can change on its own.
NETWORK = NetworkSpec(
    input_size=32,
    connectivity="shared",
    feature_stages=2,
    c3_table="paper",
    subsampling="trainable",
    activation="scaled_tanh",
    output="linear",
    hidden_sizes=(),
    c5_units="paper",
)
TRAINING = TrainingTask(
    network=NETWORK,
    hyperparameters=Hyperparameters(learning_rate=0.004, init="fan_in", j=1.0),
    seed=0,
    epochs=8,
    batch_size=128,
    train_on="t",
    validate_on=None,
    data="d",
    environment=ENVIRONMENT,
)
EVALUATION = EvaluationTask(
    network=NETWORK,
    weights={"a": np.arange(6, dtype=np.float32)},
    images="i",
    environment=ENVIRONMENT,
)


@dataclass(frozen=True, kw_only=True)
class Small(Task):
    """One field, of whatever kind."""

    value: Any

    def run(self, context: Context) -> Result:
        raise NotImplementedError


@dataclass(frozen=True)
class Change:
    """A task, and the same task with one field of it, or of a part of it, changed."""

    path: str
    before: Task
    after: Task


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
            return value - 2  # no input is larger than 32 pixels
        case ():
            return (1,)
        case dict():
            return {name: array + 1 for name, array in value.items()}
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
    Change(f"{type(task).__name__}.{path}", task, changed)
    for task in (TRAINING, EVALUATION)
    for path, changed in changes(task)
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.path)
def test_key_changes_with_every_field(change: Change) -> None:
    assert change.after.key != change.before.key


def test_every_field_is_among_the_changes_and_all_keys_differ() -> None:
    # 9 fields of the network, 3 hyperparameters, 9 of the environment, 6 others; 9, 9 and 2.
    assert len(CHANGES) == (9 + 3 + 9 + 6) + (9 + 9 + 2)
    assert len({change.after.key for change in CHANGES}) == len(CHANGES)


def test_values_that_are_given_up_change_the_key_too() -> None:
    without = replace(TRAINING, hyperparameters=replace(TRAINING.hyperparameters, j=None))
    assert without.key != TRAINING.key


def test_values_that_swap_fields_change_the_key() -> None:
    swapped = replace(TRAINING, train_on=TRAINING.data, data=TRAINING.train_on)
    assert swapped.key != TRAINING.key


@dataclass(frozen=True, kw_only=True)
class Other(Small):
    """The same field, and another kind of task."""


def test_kinds_of_tasks_never_share_a_key() -> None:
    one, other = (kind(value=1, environment=ENVIRONMENT).key for kind in (Small, Other))
    assert one != other


WEIGHTS = np.arange(6, dtype=np.float32)


@pytest.mark.parametrize(
    "values",
    [
        [
            WEIGHTS,
            WEIGHTS.reshape(2, 3),
            WEIGHTS.reshape(3, 2),
            WEIGHTS.view(np.int32),
            WEIGHTS + 1,
            WEIGHTS.tolist(),
        ],
        [{"a": WEIGHTS}, {"b": WEIGHTS}, {"a": WEIGHTS, "b": WEIGHTS}, {}],
        [1, 1.0, "1", True, None, [1], {"1": 1}],
        [0.004, 0.004 * (1 + 2**-52), 0.0, -0.0],
    ],
    ids=["arrays", "mappings", "types", "last bits"],
)
def test_values_that_differ_in_anything_have_other_keys(values: list[Any]) -> None:
    keys = {Small(value=value, environment=ENVIRONMENT).key for value in values}
    assert len(keys) == len(values)


def test_arrays_count_by_their_content_alone() -> None:
    weights = {"a": np.zeros(3), "b": np.ones((2, 2))}
    again = {"b": np.ones((4, 4))[::2, ::2], "a": np.zeros(3)}
    one, other = (Small(value=value, environment=ENVIRONMENT) for value in (weights, again))
    assert one.key == other.key


def test_field_without_a_content_is_refused() -> None:
    with pytest.raises(TypeError, match="must have a content, but got object"):
        _ = Small(value=object(), environment=ENVIRONMENT).key


def test_key_is_a_file_name_of_64_hex_digits() -> None:
    for task in (TRAINING, EVALUATION):
        assert re.fullmatch("[0-9a-f]{64}", task.key)


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_equal_tasks_have_equal_keys_in_another_process(hash_seed: str) -> None:
    script = "import pickle, sys; print(*[c.key for c in pickle.load(sys.stdin.buffer)])"
    found = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps([replace(TRAINING), replace(EVALUATION)]),  # as if never asked
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
    )
    assert found.stdout.decode().split() == [TRAINING.key, EVALUATION.key]
