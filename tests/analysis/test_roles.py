import json
from pathlib import Path

from pipeline.analysis.roles import LATTICE, ROLES, cast
from pipeline.study import load_study, merged, parse_study, read_yaml


def test_roles_of_the_standard_study_are_cast_by_what_its_variants_are() -> None:
    assert cast(load_study().variants) == {
        "LSP": "lenet5",
        "LP": "no_weight_sharing",
        "LS": "no_pooling",
        "MLP": "mlp",
        "small MLP": "mlp_60k",
    }


def test_lattice_study_has_all_roles() -> None:
    words = merged(read_yaml(Path("params.yaml")), read_yaml(Path("studies/lattice.yaml")))
    study = parse_study({**words, "name": "lattice"}, origin="a test")
    assert cast(study.variants).keys() == ROLES.keys()


def test_names_do_not_matter_and_words_do() -> None:
    found = cast({"mlp": {}, "other": {"subsampling": "stride"}, "lenet5": {"output": "linear"}})
    assert found == {"LSP": "mlp", "LS": "other"}


def test_every_cell_of_the_lattice_is_another() -> None:
    assert len({json.dumps(words, sort_keys=True) for words in LATTICE.values()}) == 6
