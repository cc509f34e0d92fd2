import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pipeline.execution.errors import UserError
from pipeline.study import known_networks
from pipeline.tools.describe import family, main

DRAWING = Path("docs/family.svg")


def test_every_known_variant_is_described_once(capsys: pytest.CaptureFixture[str]) -> None:
    main(as_json=True)
    described = json.loads(capsys.readouterr().out)
    assert [variant["variant"] for variant in described] == list(known_networks())
    sizes = {variant["variant"]: variant["parameters"] for variant in described}
    assert sizes["lenet5"] == 60_000
    assert sizes["fully_connected"] == 6_057_528
    assert sizes["one_stage"] == 59_519


def test_people_get_the_same_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    text = capsys.readouterr().out
    assert all(f"\n{variant}  (" in text for variant in known_networks())
    assert "160,000 weights" in text


def test_drawing_of_the_family_is_that_of_its_summary() -> None:
    drawn = family()
    assert drawn == DRAWING.read_text(encoding="utf8"), (
        f"`python -m pipeline describe --drawing {DRAWING}` draws it again"
    )
    words = {text.strip() for text in ET.fromstring(drawn).itertext()}
    assert words >= set(known_networks())


def test_table_and_drawing_tell_what_match_computed(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    text, drawn = capsys.readouterr().out, family()
    for reported in ("match: macs (535 units in C5)", "match: macs (360-120)"):
        assert text.count(reported) == 2  # in the family's table and over its own
        assert drawn.count(reported) == 1


def test_drawing_in_a_folder_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match=r"folder that exists, but there is no `.*nowhere`"):
        main(drawing=tmp_path / "nowhere" / "family.svg")
    assert capsys.readouterr().out == ""


def test_drawing_is_written_where_asked(tmp_path: Path) -> None:
    main(drawing=tmp_path / "family.svg")
    assert (tmp_path / "family.svg").read_text(encoding="utf8").startswith("<svg")
