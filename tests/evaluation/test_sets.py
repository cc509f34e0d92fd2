from pathlib import Path

import numpy as np
import pytest

from pipeline.data.mnist import Digits
from pipeline.disturbances.catalogue import disturbed
from pipeline.evaluation import sets
from pipeline.evaluation.sets import kept


def test_a_set_is_made_once_and_is_what_the_catalogue_makes(
    few: Digits, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, digest = kept(few.images, "noise_0.2", "key")
    assert (frames == disturbed(few.images, "noise_0.2")).all()
    monkeypatch.setattr(sets, "disturbed", lambda *_: pytest.fail("made again"))
    again, same = kept(few.images, "noise_0.2", "key")
    assert (again == frames).all()
    assert digest == same
    assert len([path for path in (cache / "disturbed").iterdir() if not path.suffix]) == 1


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"0" * 64 + b"\nother bytes"])
def test_damaged_file_is_made_anew(few: Digits, cache: Path, damage: bytes) -> None:
    frames, digest = kept(few.images, "shift_2", "key")
    (file,) = (path for path in (cache / "disturbed").iterdir() if not path.suffix)
    file.write_bytes(damage)
    again, same = kept(few.images, "shift_2", "key")
    assert (again == frames).all()
    assert digest == same


def test_other_libraries_have_a_file_of_their_own(
    few: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sets, "libraries", lambda: "a scipy that is wrong")
    monkeypatch.setattr(sets, "disturbed", lambda images, _: np.zeros((len(images), 32, 32), "u1"))
    wrong, _ = kept(few.images, "shift_2", "key")
    monkeypatch.undo()
    assert not wrong.any()
    assert (kept(few.images, "shift_2", "key")[0] == disturbed(few.images, "shift_2")).all()


def test_other_pixels_have_another_digest(few: Digits) -> None:
    digests = {kept(few.images, name, name)[1] for name in ("shift_1", "shift_2", "blur_1")}
    assert len(digests) == 3


def test_names_of_libraries_say_their_versions() -> None:
    assert sets.libraries().startswith("scipy 1.")
    assert "scikit-image 0." in sets.libraries()
