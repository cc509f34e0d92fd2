"""Folders of studies."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.execution.errors import UserError
from pipeline.study import (
    is_standard,
    known_networks,
    load_study,
    materialise,
    prune_outputs,
    repository_root,
)
from pipeline.study.workspace import study_names

REPOSITORY = Path(__file__).parents[2]


def a_repository(folder: Path) -> None:
    """Enough of this one to make studies in."""
    (folder / ".dvc").mkdir()
    for name in ("params.yaml", "dvc.yaml", ".dvcignore", ".dvc/plots", "studies", "pipeline"):
        (folder / name).symlink_to(REPOSITORY / name)


def test_a_study_of_its_own_belongs_to_the_repository_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_standard()
    study = tmp_path / "var" / "studies" / "quick"
    study.mkdir(parents=True)
    monkeypatch.chdir(study)
    assert repository_root() == tmp_path
    assert not is_standard()


@pytest.mark.parametrize("name", study_names())
def test_every_study_is_valid_in_its_own_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    folder = materialise(name)
    assert load_study(folder / "params.yaml").name == name
    assert (folder / "dvc.yaml").read_text() == (REPOSITORY / "dvc.yaml").read_text()
    assert (folder / "pipeline/study/workspace.py").is_file()
    assert not (tmp_path / "reports").exists()


def test_a_study_finds_its_digits_from_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    folder = materialise("tiny")
    source = load_study(folder / "params.yaml").data.source
    assert (folder / source).resolve() == (tmp_path / "tests/digits").resolve()


def test_a_difference_with_a_mistake_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("params.yaml", "dvc.yaml", ".dvcignore", "pipeline"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies/mine.yaml").write_text("training: {epochs: 0}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"studies/mine.yaml over params.yaml has 1 mistake"):
        materialise("mine")
    assert not (tmp_path / "var").exists()


def test_an_unknown_study_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        UserError, match="must be one of full, lattice, quick, tiny, but got 'huge'"
    ):
        materialise("huge")


@pytest.fixture
def with_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Gives a copy of the repository's parameters a study `mine`."""
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    (tmp_path / "studies").mkdir()
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> None:
        (tmp_path / "studies/mine.yaml").write_text(text, encoding="utf8")

    return write


@pytest.mark.parametrize("text", ["", "[1]", "words"])
def test_a_study_without_sections_is_refused_with_its_file(
    with_study: Callable[[str], None], text: str
) -> None:
    with_study(text)
    with pytest.raises(UserError, match=r"`studies/mine.yaml` must hold sections of params.yaml"):
        known_networks()


def test_parameters_without_a_name_are_refused(with_study: Callable[[str], None]) -> None:
    with_study("training: {epochs: 1}")
    text = Path("params.yaml").read_text(encoding="utf8")
    Path("params.yaml").write_text(text.replace("name: standard\n", ""), encoding="utf8")
    with pytest.raises(UserError, match="name: must be given, but is missing"):
        known_networks()


def test_another_network_under_a_known_name_is_known_as_its_studys(
    with_study: Callable[[str], None],
) -> None:
    with_study("variants: {no_pooling: {subsampling: average}, mine: {subsampling: max}}")
    known = known_networks()
    assert known["no_pooling"][1].subsampling == "stride"
    assert known["mine/no_pooling"][1].subsampling == "average"
    assert known["mine"][1].subsampling == "max"
    assert "mine/lenet5" not in known


def test_variants_of_all_studies_are_known() -> None:
    known = known_networks()
    assert list(known)[:6] == list(load_study(Path("params.yaml")).variants)
    assert {"modern", "max_pooling"} <= known.keys()


def test_outs_of_variants_that_are_gone_are_removed_and_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = ["models/a/spec.json", "predictions/a.npz", "timings/train-a.json"]
    gone = ["models/b/spec.json", "predictions/b.npz", "timings/train-b.json"]
    touch(*kept, *gone, "timings/download.json")
    prune_outputs(["a"], sampled=[])
    assert files() == sorted([*kept, "timings/download.json"])


def test_outs_of_variants_that_are_no_longer_trained_on_fewer_images_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = ["predictions/b-corrupted.npz", "predictions/b.npz", "timings/train-b.json"]
    kept += ["predictions/a-samples.npz", "timings/samples-a.json"]
    gone = [*sample_outs("b"), *sample_outs("c")]
    touch(*kept, *gone)
    prune_outputs(["a", "b"], sampled=["a"])
    assert files() == sorted(kept)


def test_variant_called_samples_keeps_its_outs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = ["models/samples/spec.json", "predictions/samples.npz", "timings/train-samples.json"]
    touch(*kept, *sample_outs("samples"))
    prune_outputs(["samples"], sampled=[])
    assert files() == sorted(kept)


def sample_outs(variant: str) -> list[str]:
    return [f"predictions/{variant}-samples.npz", f"timings/samples-{variant}.json"]


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def files() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())
