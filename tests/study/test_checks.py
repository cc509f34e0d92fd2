"""Every kind of mistake is told, with its path and what is allowed, all at once."""

import copy
from pathlib import Path
from typing import Any

import pytest

from pipeline.execution.errors import UserError
from pipeline.study import parse_study, read_yaml

PARAMS = read_yaml(Path("params.yaml"))


def changed(path: str, value: object) -> dict[str, Any]:
    """params.yaml with one value set; a path that ends in `!` is deleted."""
    written = copy.deepcopy(PARAMS)
    *sections, key = path.rstrip("!").split(".")
    section = written
    for name in sections:
        section = section[name]
    section[key] = value
    if path.endswith("!"):
        del section[key]
    return written


MISTAKES = [
    ("typo", 1, "typo: is not a key here; allowed are name, data, network"),
    ("network.typo", "x", "network.typo: is not a key here; allowed are input_size, connectivity"),
    ("variants.no_pooling.typo", "x", "variants.no_pooling.typo: is not a key here; allowed are"),
    ("variants.no_pooling.subsampling", "no", "variants.no_pooling.subsampling: input should be "),
    ("variants.Bad Name", {"output": "linear"}, "variants.Bad Name"),
    ("variants.x; rm -rf /", {"output": "linear"}, "string should match pattern"),
    ("variants.mlp.subsampling", "max", "variants.mlp: `hidden_sizes` replaces C1 to F6"),
    ("variants.mlp.output", "rbf", "variants.mlp: `hidden_sizes` must end in 84 units"),
    (
        "variants.mlp.hidden_sizes",
        [0],
        "variants.mlp: `hidden_sizes` widths must be at least 1, but got 0",
    ),
    (
        "variants.mlp.hidden_sizes",
        [1.5],
        "variants.mlp.hidden_sizes.0: input should be a valid integer",
    ),
    ("variants.mlp.hidden_sizes", 300, "variants.mlp.hidden_sizes: input should be a list"),
    ("variants.x", {"connectivity": "own"}, "variants.x.connectivity: input should be 'shared'"),
    ("variants.x", {"c3_table": "mine"}, "variants.x.c3_table: input should be 'paper' or 'compl"),
    ("variants.x", {"c3_table": 3}, "variants.x.c3_table: input should be a list, but got 3"),
    ("variants.x", {"c3_table": [[0, 1.5]]}, "x.c3_table.0.1: input should be a valid integer"),
    ("variants.x", {"c3_table": [[0], 1]}, "x.c3_table.1: input should be a list, but got"),
    (
        "variants.x",
        {"c3_table": [[0], [6]]},
        "variants.x: `c3_table` must name S2 maps, 0 to 5, b",
    ),
    ("variants.x", {"feature_stages": 1, "c3_table": "complete"}, "variants.x: with one stage"),
    ("variants.x", {"input_size": 12}, "variants.x: the image must not be too small for C3's 5x5"),
    (
        "variants.x",
        {"input_size": 30},
        "variants.x: C3's maps must have an even side to be halved",
    ),
    ("variants.x", {"c5_units": 0}, "variants.x: `c5_units` must be at least 1, but got 0"),
    ("network.input_size", 12, "network: the image must not be too small for C3's 5x5 kernels"),
    (
        "network.input_size",
        33,
        "network: `input_size` must be an even number of pixels up to 32, but got",
    ),
    ("network.match", "macs", "network.match: input should be 'none', but got 'macs'"),
    ("variants.x", {"match": "size"}, "variants.x.match: input should be 'none', 'parameters' or"),
    ("variants.x", {"match": "macs", "c5_units": 9}, "variants.x: `match` computes `c5_units`"),
    (
        "variants.x",
        {"match": "macs", "hidden_sizes": [84]},
        "variants.x: `match` must have a width to",
    ),
    (
        "variants.x",
        {"match": "parameters", "connectivity": "unshared"},
        "variants.x: `match` must be possible, but even with a width of 1 there are 274,517",
    ),
    ("variants.second", {}, "variants: exactly one must be {}, the baseline, but got"),
    ("variants", {}, "variants: "),
    ("seeds", [1, 1], "seeds: seeds must be distinct, but 1 is there twice"),
    ("seeds", [], "seeds: "),
    ("seeds", [0, 100], "seeds: must not be those of `search`, but 100 is in both"),
    ("seeds", [0, 103], "seeds: must not be those of `search`, but 103 is in both"),
    ("seeds", [105], "seeds: must not be those of `search`, but 105 is in both"),
    ("search.dimensions.j.low", 200.0, "j: `low < high` must hold, but got low=200.0, high=1"),
    ("search.dimensions.j.low", 100.0, "j: `low < high` must hold, but got low=100.0, high=1"),
    ("search.dimensions.j.low", 0.0, "j.low: input should be greater than 0, but got 0.0"),
    ("search.dimensions.j.low", "0", "dimensions.j.low: input should be a valid number, but got"),
    ("search.dimensions.j.step", 1, "dimensions.j.step: is not a key here; allowed are low, high"),
    ("search.dimensions.init", [], "dimensions.init: must name words, each once, but got []."),
    ("search.dimensions.init", ["paper", "paper"], "init: must name words, each once, but got"),
    ("search.dimensions.init", ["zero"], "init.0: input should be 'paper' or 'fan_in', but got"),
    ("search.dimensions.depth", [1], "search.dimensions.depth: is not a key here; allowed are le"),
    ("search.trials", 0, "search.trials: input should be greater than or equal to 1, but got 0."),
    ("search.epochs", 0, "search.epochs: input should be greater than or equal to 1, but got 0."),
    (
        "search.finalists",
        0,
        "search.finalists: input should be greater than or equal to 1, but",
    ),
    ("search.finalists", 13, "search.finalists: must be at most `trials` (12), but got 13."),
    (
        "search.finalist_seeds",
        [],
        "finalist_seeds: list should have at least 1 item, not 0, but",
    ),
    (
        "search.finalist_seeds",
        [100],
        "finalist_seeds: seeds must be distinct, but 100 is there",
    ),
    (
        "search.audit_seeds",
        [101],
        "search.audit_seeds: seeds must be distinct, but 101 is there",
    ),
    (
        "search.audit_seeds",
        [-1],
        "search.audit_seeds.0: input should be greater than or equal to 0",
    ),
    ("hyperparameters.learning_rate", "1e-3", "YAML reads this as a word: write it out"),
    ("hyperparameters.learning_rate", 0.5, "must lie in 0.0003 ... 0.03 (`search`), but got 0.5"),
    ("hyperparameters.learning_rate", True, "input should be a valid number"),
    ("hyperparameters.learning_rate", float("nan"), "hyperparameters.learning_rate"),
    ("notes.nobody", "text", "notes: must name variants"),
    ("evaluation.planned", [["mlp", "nobody"]], "evaluation.planned: must name variants"),
    ("evaluation.margin", 0, "evaluation.margin: input should be greater than 0"),
    ("samples!", None, "samples: must be given, but is missing"),
    ("samples.typo", 1, "samples.typo: is not a key here; allowed are variants, sizes"),
    ("samples.variants", ["mlp", "nobody"], "samples.variants: must name variants (lenet5, no_we"),
    ("samples.variants", ["mlp", "mlp"], "samples.variants: each variant must be there once, but"),
    ("samples.variants", "mlp", "samples.variants: input should be a list, but got 'mlp'"),
    ("samples.sizes", [], "samples.sizes: "),
    ("samples.sizes", [0, 10], "samples.sizes.0: input should be greater than or equal to 1"),
    ("samples.sizes", [1000, 500], "samples.sizes: sizes must grow, each there once, but got [10"),
    ("samples.sizes", [500, 500], "samples.sizes: sizes must grow, each there once, but got [500"),
    ("samples.sizes", ["1e3"], "samples.sizes.0: input should be a valid integer, but got '1e3'."),
    ("evaluation.planning!", None, "evaluation.planning: must be given, but is missing"),
    ("evaluation.planning.typo", 1, "evaluation.planning.typo: is not a key here; allowed are e"),
    ("evaluation.planning.error", 0, "evaluation.planning.error: input should be greater than 0"),
    ("evaluation.planning.error", 1, "evaluation.planning.error: input should be less than 1"),
    ("evaluation.planning.seed_effect", -0.1, "seed_effect: input should be greater than or equ"),
    ("evaluation.planning.seed_effect", 0.01, "evaluation.planning: `seed_effect < error` must"),
    ("evaluation.planning.seed_effect", "5e-4", "YAML reads this as a word: write it out"),
    (
        "evaluation.planning.correlation_between",
        0.95,
        "evaluation.planning: `0 < correlation_between <= correlation_within < 1` must hold, but "
        "got correlation_between=0.95, correlation_within=0.94.",
    ),
    ("evaluation.planning.correlation_between", 0, "must hold, but got correlation_between=0.0,"),
    ("evaluation.planning.correlation_within", 1, "must hold, but got correlation_between=0.9, c"),
    ("training.epochs", 0, "training.epochs: input should be greater than or equal to 1"),
    (
        "training.epochs",
        "1e1",
        "got '1e1'. YAML reads this as a word: write it out, as 0.001",
    ),
    ("training.epochs", 2.5, "training.epochs: input should be a valid integer"),
    ("data.split_seed!", None, "data.split_seed: must be given, but is missing"),
    ("data", None, "data: input should be a section, but got None"),
    (
        "network.input_size",
        "32",
        "network.input_size: input should be a valid integer, but got '32'",
    ),
    (
        "network.input_size",
        32.0,
        "network.input_size: input should be a valid integer, but got 32.0",
    ),
    (
        "network.input_size",
        True,
        "network.input_size: input should be a valid integer, but got True",
    ),
    ("network.c5_units", True, "network.c5_units: input should be a valid integer, but got True"),
    ("network.c3_table", [["0"]], "network.c3_table.0.0: input should be a valid integer, but"),
    ("network.c3_table", [[True]], "network.c3_table.0.0: input should be a valid integer, but"),
    (
        "network.hidden_sizes",
        ["84"],
        "network.hidden_sizes.0: input should be a valid integer, but got '84'",
    ),
    ("network.c5_units", "wide", "network.c5_units: input should be 'paper', but got 'wide'"),
    ("network.c5_units", 1.5, "network.c5_units: input should be a valid integer, but got 1.5"),
    ("network.c5_units", None, "network.c5_units: input should be 'paper', but got None"),
    ("network.output", None, "network.output: input should be 'rbf' or 'linear', but got None"),
    ("variants.x", {"connectivity": "shared"}, "variants.x: must be another network than the bas"),
    ("variants.x", {"c5_units": 120}, "variants.x: must be another network than the baseline"),
    ("variants.x", {"match": "macs"}, "variants.x: must be another network than the baseline"),
    ("variants.x", {"c5_units": 10**15}, "variants.x: there must be at most 100,000,000 paramete"),
    ("notes.lenet5", {1, 2}, "the file: must hold words, numbers and lists of them, but got: Obj"),
]


@pytest.mark.parametrize(("path", "value", "message"), MISTAKES)
def test_a_mistake_is_told_with_its_path_and_what_is_allowed(
    path: str, value: object, message: str
) -> None:
    with pytest.raises(UserError) as mistake:
        parse_study(changed(path, value), origin="params.yaml")
    assert message in str(mistake.value)


def test_all_mistakes_are_told_at_once() -> None:
    written = changed("variants.no_pooling.subsampling", "no")
    written["seeds"] = [1, 1]
    written["typo"] = 1
    written["variants"]["mlp"]["subsampling"] = "max"
    written["hyperparameters"]["j"] = "1e-3"
    paths = (
        *("variants.no_pooling.subsampling", "variants.mlp", "seeds", "typo"),
        "hyperparameters.j",
    )
    with pytest.raises(UserError, match=rf"params.yaml has {len(paths)} mistakes") as mistake:
        parse_study(written, origin="params.yaml")
    for path in paths:
        assert f"\n  {path}: " in str(mistake.value)


def test_all_mistakes_of_one_section_are_told_at_once() -> None:
    written = changed("evaluation.planned", [["mlp", "nobody"], ["noone", "lenet5"]])
    written["search"] |= {"trials": 0, "epochs": 0, "finalist_seeds": [100], "audit_seeds": [-1]}
    with pytest.raises(UserError, match=r"params.yaml has 6 mistakes") as mistake:
        parse_study(written, origin="params.yaml")
    for part in ("'nobody'", "'noone'", "search.trials: ", "search.epochs: "):
        assert part in str(mistake.value)


@pytest.mark.parametrize("written", [None, [], "text", 3])
def test_a_file_that_is_no_table_of_sections_is_refused(written: object) -> None:
    with pytest.raises(UserError, match="the file: input should be a section"):
        parse_study(written, origin="params.yaml")


def test_a_mistake_in_the_baseline_is_not_repeated_for_every_variant() -> None:
    with pytest.raises(UserError, match=r"params.yaml has 1 mistake\b"):
        parse_study(changed("network.input_size", 12), origin="params.yaml")


def test_all_contradictions_of_a_network_are_told() -> None:
    written = changed("variants.x", {"input_size": 27, "hidden_sizes": [0], "output": "linear"})
    with pytest.raises(UserError) as mistake:
        parse_study(written, origin="params.yaml")
    for part in (
        "`input_size` must be an even",
        "widths must be at least 1",
        "would change nothing",
    ):
        assert part in str(mistake.value)


def test_a_word_that_is_wrong_in_two_ways_is_told_once() -> None:
    with pytest.raises(UserError, match=r"params.yaml has 1 mistake\b"):
        parse_study(changed("network.c3_table", "mine"), origin="params.yaml")


def test_a_dimension_that_applies_to_no_variant_is_refused() -> None:
    written = changed("network.output", "linear")
    del written["variants"]["linear_output"]
    written["evaluation"]["planned"] = []
    del written["notes"]["linear_output"]
    with pytest.raises(UserError, match=r"search.dimensions.j: must apply to a variant, but none"):
        parse_study(written, origin="params.yaml")


def test_defaults_are_among_what_may_be_tried() -> None:
    written = changed("search.dimensions.init", ["paper"])
    with pytest.raises(UserError, match=r"hyperparameters.init: must be one of \['paper'\]"):
        parse_study(written, origin="params.yaml")


@pytest.mark.parametrize("name", ["learning_rate", "init", "j"])
def test_a_dimension_may_be_left_out(name: str) -> None:
    written = changed(f"search.dimensions.{name}!", None)
    study = parse_study(written, origin="params.yaml")
    assert getattr(study.search.dimensions, name) is None


@pytest.mark.parametrize(
    ("path", "value", "variant"),
    [
        ("network.input_size", 28, "mlp"),
        ("network.subsampling", "max", "mlp_60k"),
        ("network.c3_table", "complete", "one_stage"),
    ],
)
def test_what_a_variant_has_no_use_for_is_not_inherited(
    path: str, value: object, variant: str
) -> None:
    written = changed(path, value)
    written["variants"]["one_stage"] = {"feature_stages": 1}
    study = parse_study(written, origin="params.yaml")
    word = path.split(".")[1]
    assert study.networks["lenet5"].to_dict()[word] == value
    assert study.networks[variant].to_dict()[word] != value


def test_the_standard_study_has_no_mistakes() -> None:
    assert parse_study(PARAMS, origin="params.yaml").baseline == "lenet5"
