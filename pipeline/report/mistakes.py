"""What the report says and shows of misread digits: which, and as what."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import numpy.typing as npt

from pipeline.analysis.mistakes import FIGURE_8
from pipeline.outputs.filters import Filters
from pipeline.report import captions, numbers, rows, theme, titles
from pipeline.report.figure import WIDTH, Figure, canvas, data, figure, picked, tooltips
from pipeline.report.png import png
from pipeline.report.tables import Table

ACROSS, SIDE, LINE = 12, 44, 16  # digits in a row, a digit's side and its line of text, in pixels
PANEL = 210


def gallery(results: Mapping[str, Any], filters: Mapping[str, Filters]) -> Figure | None:
    """The digits that most networks of every variant misread; None where there are none."""
    drawn = _digits(results, filters)
    if not drawn:
        return None
    height = (drawn[-1]["place"] // ACROSS + 1) * (SIDE + 2 * LINE)
    base = alt.Chart().encode(**canvas(height))
    image = base.mark_image(width=SIDE, height=SIDE, aspect=False, smooth=False)
    frame = base.mark_square(size=(SIDE + 4) ** 2, filled=False, color=theme.COLOURS[1])
    words = base.mark_text(dy=SIDE / 2 + LINE / 2 + 2, fontSize=11)
    return figure(
        "mistakes",
        alt.LayerChart(
            data=data(drawn),
            layer=[
                image.encode(url="picture:N", description="read:N", tooltip=tooltips(drawn)),
                frame.transform_filter("datum.known").encode(opacity=alt.value(1)),
                words.encode(text="words:N"),
            ],
            height=height,
        ),
        fixed=True,
        title=titles.mistakes(results),
        caption=captions.MISTAKES + (captions.FIGURE_8 if results["mistakes"]["figure_8"] else ""),
    )


def confusions(results: Mapping[str, Any]) -> Figure | None:
    """A panel for each variant: how often a network takes one digit for another."""
    drawn = [row for name, each in results["variants"].items() for row in _pairs(name, each)]
    if not drawn:
        return None
    axis = alt.Axis(labelAngle=0, domain=False, ticks=False, grid=False)
    base = alt.Chart().encode(
        x=alt.X("answer:O", title="read as", axis=axis),
        y=alt.Y("label:O", title="digit", axis=axis),
        opacity=picked(),
    )
    most = max(row["times"] for row in drawn)
    ink = alt.condition(f"datum.times > {0.8 * most}", alt.value("#fff"), alt.value("#222"))
    shade = alt.Color("times:Q", scale=alt.Scale(range=theme.SHADES), legend=None)
    panel = alt.LayerChart(
        data=data(drawn),
        layer=[
            base.mark_rect().encode(color=shade, tooltip=tooltips(drawn)),
            base.mark_text(fontSize=9).encode(text="written:N", color=ink),
        ],
        width=PANEL,
        height=PANEL,
    )
    order = alt.Facet("variant:N", title=None, sort=list(results["variants"]))
    return figure(
        "confusions",
        panel.facet(order, columns=3),
        title=titles.confusions(drawn),
        caption=captions.CONFUSIONS,
        drawn=drawn,
    )


def confusion_table(results: Mapping[str, Any]) -> Table:
    """A row a variant: what it takes for what, most often."""
    figure_8 = f"Of the {len(FIGURE_8)} of figure 8"
    real = results["mistakes"]["figure_8"]
    return Table(
        caption="The three most frequent mistakes, in times a network"
        + (
            ", and how many of the digits that the paper's network misread (figure 8) a network "
            "misreads, too, with a 95 % interval over seeds."
            if real
            else "."
        ),
        columns=("Variant", "Read as", *([figure_8] if real else [])),
        numeric=(False, False, *([True] if real else [])),
        rows=tuple(
            (
                name,
                _most_often(variant),
                *([numbers.value(variant["figure_8"], 1)] if real else []),
            )
            for name, variant in results["variants"].items()
        ),
    )


def shared(results: Mapping[str, Any]) -> str:
    """Which digits defeat every variant."""
    mistakes = results["mistakes"]
    images, known = mistakes["shared"], mistakes["figure_8"]
    text = (
        f"{numbers.counted(len(images), 'image')} of "
        f"{numbers.count(results['study']['test_images'])} "
        f"{'is' if len(images) == 1 else 'are'} misread by more than half of the networks of "
        "every variant"
    )
    if not known:
        return f"{text}."
    return f"{text}; the paper's figure 8 shows {len(known['shared'])} of them."


def _digits(results: Mapping[str, Any], filters: Mapping[str, Filters]) -> rows.Rows:
    """A row for each digit, those of the paper's figure 8 first."""
    known = (results["mistakes"]["figure_8"] or {"shared": []})["shared"]
    shown = next(iter(filters.values()))
    pixels = dict(zip(shown.misclassified.tolist(), shown.images, strict=True))
    found = sorted(results["mistakes"]["shared"], key=lambda each: each["image"] not in known)
    return [
        {
            "place": place,
            "x": (place % ACROSS + 0.5) * WIDTH / ACROSS,
            "y": place // ACROSS * (SIDE + 2 * LINE) + SIDE / 2 + 4,
            "picture": png(255 - pixels[each["image"]]),
            "known": each["image"] in known,
            "image": each["image"],
            **_texts(each, known),
        }
        for place, each in enumerate(found)
    ]


def _texts(digit: Mapping[str, Any], known: Sequence[int]) -> dict[str, str]:
    """What stands under it, and what is said of it: the first variant is the baseline."""
    first = next(iter(digit["variants"].values()))["answer"]
    answers = [
        f"{name} {_answer(each['answer'])} ({100 * each['share']:.0f} %)"
        for name, each in digit["variants"].items()
    ]
    paper = ", in the paper's figure 8" if digit["image"] in known else ""
    return {
        "words": f"{digit['label']} → {_answer(first)}",
        "read": f"test image {digit['image']}{paper}: a {digit['label']}, read as "
        + ", ".join(answers),
    }


def _answer(digit: int | None) -> str:
    return numbers.NONE if digit is None else str(digit)


def _pairs(name: str, variant: Mapping[str, Any]) -> rows.Rows:
    """A row for each pair of different digits; none where no network has an answer."""
    times, networks = _times(variant)
    return [
        {
            "variant": name,
            "label": label,
            "answer": answer,
            "times": times[label, answer],
            "written": f"{times[label, answer]:.1f}" if times[label, answer] >= 1 else "",
            "estimate": f"{times[label, answer]:.1f} times a network",
            "n": numbers.counted(round(networks), "seed"),
        }
        for label in range(10)
        for answer in range(10)
        if networks and label != answer
    ]


def _most_often(variant: Mapping[str, Any]) -> str:
    times, _ = _times(variant)
    np.fill_diagonal(times, 0)
    order = np.argsort(-times, axis=None, kind="stable")[:3]
    pairs = [divmod(int(place), 10) for place in order if times.flat[place]]
    return ", ".join(f"{a} as {b} ({times[a, b]:.1f})" for a, b in pairs) or numbers.NONE


def _times(variant: Mapping[str, Any]) -> tuple[npt.NDArray[np.float64], float]:
    """How often a network takes each digit (row) for each (column), and the number of networks."""
    counts = np.array(variant["confusions"])
    networks = counts.sum() / variant["test_error"]["n_images"]
    return counts / (networks or 1), networks
