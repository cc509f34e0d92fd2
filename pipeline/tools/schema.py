"""Print the JSON schema of params.yaml, which editors check it by."""

import json

from pipeline.study import json_schema


def main() -> None:
    print(json.dumps(json_schema(), indent=2))
