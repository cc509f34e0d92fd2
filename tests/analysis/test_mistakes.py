import numpy as np

from pipeline.analysis.mistakes import FIGURE_8, as_what, confusions, of_figure_8, shared


def test_figure_8_has_the_paper_s_82_images() -> None:
    assert len(FIGURE_8) == len(set(FIGURE_8)) == 82
    assert list(FIGURE_8) == sorted(FIGURE_8)
    assert FIGURE_8[0] == 247
    assert FIGURE_8[-1] == 9904


def test_confusions_count_every_image_of_every_network() -> None:
    labels = np.array([3, 3, 7])
    scores = np.zeros((2, 3, 10), np.float32)
    for seed, read in enumerate(([3, 5, 7], [3, 3, 1])):
        scores[seed, range(3), read] = 1
    counts = np.array(confusions(scores, labels))
    assert counts.sum() == 6
    assert (counts[3, 3], counts[3, 5], counts[7, 7], counts[7, 1]) == (3, 1, 1, 1)


def test_of_the_paper_s_mistakes_ours_are_counted_by_seed() -> None:
    wrong = np.zeros((2, 10_000), bool)
    wrong[0, [247, 449, 1]] = True
    assert of_figure_8(wrong)["per_seed"] == [2, 0]
    assert of_figure_8(wrong)["mean"] == 1


def test_an_image_is_shared_where_most_networks_of_every_variant_misread_it() -> None:
    one = np.array([[1, 1, 0, 1], [1, 1, 0, 0], [1, 0, 0, 1]], bool)
    other = np.array([[1, 0, 1, 0], [1, 1, 1, 1]], bool)
    assert shared({"one": one, "other": other}) == [0]
    assert shared({"one": one}) == [0, 1, 3]


def test_each_image_is_told_with_what_most_networks_take_it_for() -> None:
    answers = np.array([[7, 4], [7, 9], [9, 4], [255, 4]], dtype=np.uint8)
    silent = np.full((2, 2), 255, dtype=np.uint8)
    found = as_what([0, 1], {"a": answers, "b": silent}, np.array([1, 4]))
    assert found == [
        {
            "image": 0,
            "label": 1,
            "variants": {
                "a": {"answer": 7, "share": 1.0},
                "b": {"answer": None, "share": 1.0},
            },
        },
        {
            "image": 1,
            "label": 4,
            "variants": {
                "a": {"answer": 9, "share": 0.25},
                "b": {"answer": None, "share": 1.0},
            },
        },
    ]
