import json
import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from pipeline.networks.sizes import ModelSummary
from pipeline.report.beyond import ensemble_table
from pipeline.report.costs import cost_table
from pipeline.report.page import to_html, to_markdown
from pipeline.report.tables import main_table, markdown_table
from pipeline.report.tuning import candidate_table, chosen_table, fairness
from tests.report.conftest import draw, outline

Summaries = dict[str, ModelSummary]
VOID = {"meta", "link", "br", "hr", "img", "input"}
RUNTIME = re.compile(r"<script>.*?</script>", re.DOTALL)


class Page(HTMLParser):
    """Tags with their attributes, the text outside scripts, and whether all tags close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


@pytest.fixture(scope="module")
def html(study: Any, summaries: Summaries) -> str:
    return to_html(study[0], outline(study[0], draw(study, summaries)))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.fixture(scope="module")
def markdown(study: Any, summaries: Summaries) -> str:
    return to_markdown(study[0], outline(study[0], draw(study, summaries)))


def test_both_pages_are_the_same_bytes_each_time(
    study: Any, summaries: Summaries, html: str, markdown: str
) -> None:
    assert to_html(study[0], outline(study[0], draw(study, summaries))) == html
    assert to_markdown(study[0], outline(study[0], draw(study, summaries))) == markdown


def test_every_tag_closes(page: Page) -> None:
    assert page.open == []


def test_the_page_loads_nothing(html: str, page: Page) -> None:
    for tag, attributes in page.tags:
        loads = attributes.get("src") or (attributes.get("href") if tag == "link" else None)
        assert loads is None or loads.startswith("data:")
        assert tag not in {"iframe", "object", "embed", "base"}
    outside = RUNTIME.sub("", html)
    assert not re.search(r"@import|url\(", outside)
    addresses = set(re.findall(r"https?://[^/\"' ]+", outside))
    assert addresses <= {"http://www.w3.org", "https://vega.github.io"}


def test_headings_are_one_title_and_its_sections(page: Page) -> None:
    headings = [tag for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert headings[:2] == ["h1", "h2"]
    assert set(headings[2:]) == {"h2", "h3"}


def test_table_headings_say_what_they_head(page: Page) -> None:
    headings = [attributes for tag, attributes in page.tags if tag == "th"]
    assert {attributes.get("scope") for attributes in headings} == {"col", "row"}


def test_every_table_has_a_caption_and_scrolls_by_itself(page: Page) -> None:
    tags = [tag for tag, _ in page.tags]
    wide = [attributes for _, attributes in page.tags if attributes.get("class") == "wide"]
    assert tags.count("table") == tags.count("caption") == len(wide) == 18
    assert tags.count("figure") == tags.count("figcaption") == 12


def test_the_figures_of_the_page_have_a_place_and_a_specification(html: str, page: Page) -> None:
    [specs] = re.findall(r'id="specs">(.*?)</script>', html, re.DOTALL)
    places = [attributes.get("id") for _, attributes in page.tags]
    for name, spec in json.loads(specs).items():
        assert f"figure-{name}" in places
        assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/v6")


def test_a_note_cannot_leave_its_place(html: str, page: Page, markdown: str) -> None:
    assert "<script>alert" not in html
    assert any("a | b <script>alert(1)</script> *stress*" in text for text in page.text)
    assert "a \\| b &lt;script&gt;alert(1)&lt;/script&gt; \\*stress\\* \\`code\\`" in markdown
    assert "<script" not in markdown


def test_both_pages_hold_the_main_table_and_the_answer(
    study: Any, page: Page, markdown: str
) -> None:
    assert markdown_table(main_table(study[0])) in markdown
    for cell in (cell for row in main_table(study[0]).rows for cell in row):
        assert cell in page.text
    assert "Removing weight sharing cost" in markdown
    assert any(text.startswith("Removing weight sharing cost") for text in page.text)


def test_every_figure_stands_in_its_section_on_both_pages(html: str, markdown: str) -> None:
    sections = dict(part.split("\n", 1) for part in markdown.split("\n## ")[1:])
    image = re.compile(r"\]\(figures/(\w+)\.svg\)")
    found = {title: image.findall(text) for title, text in sections.items()}
    assert {title: names for title, names in found.items() if names} == {
        "Results": ["differences", "errors"],
        "What was removed": ["architectures"],
        "Robustness": ["robustness"],
        "Learning curves": ["learning_curves"],
        "Tuning": ["tuning"],
        "Cost": ["costs"],
        "Stage by stage": ["stages"],
        "What the networks learned": ["kernels", "maps"],
        "Misread digits": ["mistakes", "confusions"],
    }
    drawn = [name for names in found.values() for name in names]
    assert re.findall(r'class="chart" id="figure-(\w+)"', html) == drawn


def test_both_pages_tell_how_the_settings_were_chosen(
    study: Any, page: Page, markdown: str
) -> None:
    for table in (chosen_table(study[0]), candidate_table(study[0])):
        assert markdown_table(table) in markdown
        assert {cell for row in table.rows for cell in row} <= set(page.text)
    assert fairness(study[0]) in markdown
    assert any(text.startswith("Every variant was tuned with") for text in page.text)


def test_importance_is_shown_where_there_is_any(
    make_study: Callable[..., Any], summaries: Summaries, markdown: str
) -> None:
    results, curves = make_study()
    results["variants"]["mlp"]["tuning"]["importance"] = {"learning_rate": 0.75}
    said = outline(results, draw((results, curves), summaries))
    row = "| mlp | 0.75 |"
    assert row in to_markdown(results, said)
    assert row not in markdown
    assert "0.75" in Page(to_html(results, said)).text


def test_sections_come_in_one_order_on_both_pages(html: str, markdown: str) -> None:
    sections = re.findall("^## (.*)$", markdown, re.MULTILINE)
    headings = re.findall('<h2 id=".*">(.*)</h2>', RUNTIME.sub("", html))
    assert [unescape(heading) for heading in headings] == sections
    assert sections == [
        *("Answer", "Results", "What was removed", "What each idea is worth", "Robustness"),
        *("The essay's claims", "Comparisons", "Learning curves", "Tuning", "Cost"),
        *("Stage by stage", "What the networks learned", "Misread digits"),
        *("How sure they are, and what they say together", "Beside the paper"),
        *("Methods", "Time", "How this was made"),
    ]


def test_both_pages_hold_ensembles_and_costs(study: Any, page: Page, markdown: str) -> None:
    for table in (ensemble_table(study[0]), cost_table(study[0])):
        assert table
        assert markdown_table(table) in markdown
        assert {cell for row in table.rows for cell in row} <= set(page.text)


def test_no_template_mark_is_left(html: str, markdown: str) -> None:
    for text in (RUNTIME.sub("", html), markdown):
        assert not re.search(r"\{\{|\{%|\}\}|%\}|\bNone\b|\bnan\b", re.sub(r"\{.*\}", "", text))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seeds": 1}, "One seed only"),
        ({"seeds": 2}, "Too few seeds"),
        ({"variants": ("lenet5",)}, "One variant only"),
        ({"diverged": "mlp"}, "diverged with seed 1"),
        ({"improving": {"mlp": 0.0123}}, "still improving (mlp)"),
        ({"source": "tests/digits"}, "These are not MNIST results"),
        ({"name": "quick"}, "make quick"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_study_out_of_the_ordinary_is_reported_and_says_so(
    make_study: Callable[..., Any], summaries: Summaries, changes: dict[str, Any], words: str
) -> None:
    results, curves = make_study(**changes)
    said = outline(results, draw((results, curves), summaries))
    assert words in to_markdown(results, said)
    found = Page(to_html(results, said))
    assert words in " ".join(found.text)
    assert found.open == []
