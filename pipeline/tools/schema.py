"""Print the JSON schema of params.yaml, by which editors check the file."""

import json

from pipeline.study import json_schema


def main() -> None:
    print(json.dumps(json_schema(), indent=2))
