"""The study: params.yaml (and a study's difference to it) as frozen, validated values."""

from pipeline.study.files import PARAMS, load_study, merged, parse_study, read_yaml
from pipeline.study.parameters import json_schema
from pipeline.study.repro import reproduce, sole_run
from pipeline.study.resolve import Study
from pipeline.study.workspace import (
    STUDIES,
    is_standard,
    known_networks,
    materialise,
    prune_outputs,
    repository_root,
    written_study,
)

__all__ = [
    "PARAMS",
    "STUDIES",
    "Study",
    "is_standard",
    "json_schema",
    "known_networks",
    "load_study",
    "materialise",
    "merged",
    "parse_study",
    "prune_outputs",
    "read_yaml",
    "repository_root",
    "reproduce",
    "sole_run",
    "written_study",
]
