"""The workspace of a study: the repository itself, or a folder under var/studies/."""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.execution.errors import UserError
from pipeline.networks.spec import NetworkSpec
from pipeline.study.files import PARAMS, load_study, merged, parse_study, read_yaml
from pipeline.study.resolve import Study

STUDIES = Path("var/studies")
DIFFERENCES = Path("studies")
# The cache is the repository's; git knows nothing of this folder.
DVC_CONFIG = """\
[core]
    analytics = false
    no_scm = true
[cache]
    dir = ../../../../.dvc/cache
"""


def repository_root(folder: Path | None = None) -> Path:
    """The repository that the study in `folder` (the working directory) belongs to."""
    folder = (folder or Path.cwd()).absolute()
    depth = len(STUDIES.parts)
    return folder.parents[depth] if folder.parts[-depth - 1 : -1] == STUDIES.parts else folder


def is_standard() -> bool:
    """Whether the study in the working directory is the repository's own."""
    return repository_root() == Path.cwd()


def study_names() -> list[str]:
    """The studies that are differences to params.yaml."""
    return sorted(path.stem for path in DIFFERENCES.glob("*.yaml"))


def written_study(name: str) -> Any:
    """The plain values of params.yaml with the difference called `name` laid over them."""
    if name not in study_names():
        raise UserError(f"the study must be one of {', '.join(study_names())}, but got {name!r}.")
    path = DIFFERENCES / f"{name}.yaml"
    if not isinstance(difference := read_yaml(path), dict):
        raise UserError(f"`{path}` must hold sections of {PARAMS}, but got {difference!r}.")
    return {**merged(read_yaml(PARAMS), difference), "name": name}


def known_studies() -> list[Study]:
    """The standard study and those beside it."""
    others = [parse_study(written_study(name), origin=_origin(name)) for name in study_names()]
    return [load_study(PARAMS), *others]


def known_networks() -> dict[str, tuple[Mapping[str, object], NetworkSpec]]:
    """Difference and configuration of every variant of every known study.

    Where studies mean different networks by one name, that of the later comes before it.
    """
    known: dict[str, tuple[Mapping[str, object], NetworkSpec]] = {}
    for study in known_studies():
        for variant, difference in study.variants.items():
            meant = (difference, study.networks[variant])
            if known.setdefault(variant, meant) != meant:
                known[f"{study.name}/{variant}"] = meant
    return known


def materialise(name: str) -> Path:
    """Give a study a folder of its own, so that the standard study's outputs stay untouched.

    Raises:
        UserError: Naming every mistake in the merged parameters; nothing is written then.
    """
    written = written_study(name)
    parse_study(written, origin=_origin(name))
    folder = STUDIES / name
    if (source := written["data"]["source"]) != "mnist":
        written["data"]["source"] = os.path.relpath(source, folder)
    (folder / ".dvc").mkdir(parents=True, exist_ok=True)
    (folder / ".dvc/config").write_text(DVC_CONFIG, encoding="utf8")
    (folder / PARAMS).write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf8")
    shutil.copytree(".dvc/plots", folder / ".dvc/plots", dirs_exist_ok=True)
    for file in ("dvc.yaml", ".dvcignore"):
        shutil.copy2(file, folder / file)
    shutil.rmtree(folder / "pipeline", ignore_errors=True)
    shutil.copytree("pipeline", folder / "pipeline")
    return folder


def _origin(study: str) -> str:
    return f"{DIFFERENCES / study}.yaml over {PARAMS}"


def prune_outputs(variants: Iterable[str], *, sampled: Iterable[str]) -> None:
    """Remove the outputs of variants that are no longer declared: `report` reads whole folders.

    `sampled` are the variants that are still trained on fewer images.
    """
    kept, kept_samples = set(variants), set(sampled)
    outputs = {
        *((path, path.name) for room in ("models", "sweeps") for path in Path(room).glob("*")),
        *((path, path.stem.partition("-")[0]) for path in Path("predictions").glob("*")),
        *((path, path.stem.partition("-")[2]) for path in Path("timings").glob("*-*.json")),
    }
    for path, variant in sorted(outputs):
        of_samples = path.stem in (f"{variant}-samples", f"samples-{variant}")
        if variant not in (kept_samples if of_samples else kept):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
