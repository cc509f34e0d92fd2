"""The schema that editors read."""

import json
from pathlib import Path

from pipeline.study import json_schema


def test_the_committed_schema_is_the_current_one() -> None:
    # Renew it with `python -m pipeline schema > params.schema.json`.
    assert json.loads(Path("params.schema.json").read_text()) == json_schema()
