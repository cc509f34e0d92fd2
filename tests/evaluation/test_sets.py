from pathlib import Path

import numpy as np
import pytest

from pipeline.corruptions.corruption import Group
from pipeline.corruptions.registry import corrupt, set_names
from pipeline.data.mnist import Digits
from pipeline.evaluation import sets
from pipeline.evaluation.sets import corrupted_set

NAME = set_names(Group.MEAN)[-1]  # as good as any


def test_a_set_is_made_once_and_is_what_the_registry_makes(
    few: Digits, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, digest = corrupted_set(few.images, NAME, "key")
    assert (frames == corrupt(few.images, NAME)).all()
    monkeypatch.setattr(sets, "corrupt", lambda *_: pytest.fail("made again"))
    again, same = corrupted_set(few.images, NAME, "key")
    assert (again == frames).all()
    assert digest == same
    assert len([path for path in (cache / "corrupted").iterdir() if not path.suffix]) == 1


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"0" * 64 + b"\nother bytes"])
def test_damaged_file_is_made_again(few: Digits, cache: Path, damage: bytes) -> None:
    frames, digest = corrupted_set(few.images, NAME, "key")
    (file,) = (path for path in (cache / "corrupted").iterdir() if not path.suffix)
    file.write_bytes(damage)
    again, same = corrupted_set(few.images, NAME, "key")
    assert (again == frames).all()
    assert digest == same


def test_other_libraries_have_a_file_of_their_own(
    few: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sets, "libraries", lambda: "a scipy that is wrong")
        patched.setattr(sets, "corrupt", lambda images, _: np.zeros((len(images), 32, 32), "u1"))
        wrong, _ = corrupted_set(few.images, NAME, "key")
    assert not wrong.any()
    assert (corrupted_set(few.images, NAME, "key")[0] == corrupt(few.images, NAME)).all()


def test_other_pixels_have_another_digest(few: Digits) -> None:
    digests = {corrupted_set(few.images, name, name)[1] for name in set_names(Group.SMALL)}
    assert len(digests) == len(set_names(Group.SMALL))


def test_names_of_libraries_say_their_versions() -> None:
    assert sets.libraries().startswith("scipy 1.")
    assert "scikit-image 0." in sets.libraries()
