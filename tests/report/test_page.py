import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from pipeline.networks.sizes import Account
from pipeline.report import charts
from pipeline.report.beyond import ensemble_table
from pipeline.report.page import to_html, to_markdown
from pipeline.report.paper import cost_table
from pipeline.report.tables import main_table, markdown_table
from pipeline.report.tuning import candidate_table, chosen_table, fairness

Accounts = dict[str, Account]
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
def html(study: Any, accounts: Accounts) -> str:
    return to_html(study[0], charts.figures(*study, accounts=accounts))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


@pytest.fixture(scope="module")
def markdown(study: Any, accounts: Accounts) -> str:
    return to_markdown(study[0], charts.figures(*study, accounts=accounts))


def test_both_pages_are_the_same_bytes_each_time(
    study: Any, accounts: Accounts, html: str, markdown: str
) -> None:
    assert to_html(study[0], charts.figures(*study, accounts=accounts)) == html
    assert to_markdown(study[0], charts.figures(*study, accounts=accounts)) == markdown


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
    assert headings == ["h1", *["h2"] * (len(headings) - 1)]


def test_table_headings_say_what_they_head(page: Page) -> None:
    headings = [attributes for tag, attributes in page.tags if tag == "th"]
    assert {attributes.get("scope") for attributes in headings} == {"col", "row"}


def test_every_table_has_a_caption_and_scrolls_by_itself(page: Page) -> None:
    tags = [tag for tag, _ in page.tags]
    wide = [attributes for _, attributes in page.tags if attributes.get("class") == "wide"]
    assert tags.count("table") == tags.count("caption") == len(wide) == 17
    assert tags.count("figure") == tags.count("figcaption") == 6


def test_the_figures_of_the_page_have_a_place_and_a_specification(html: str, page: Page) -> None:
    [specs] = re.findall(r'id="specs">(.*?)</script>', html, re.DOTALL)
    places = [attributes.get("id") for _, attributes in page.tags]
    for name, spec in json.loads(specs).items():
        assert name in places
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


def test_markdown_shows_every_figure(markdown: str) -> None:
    names = (
        *("differences", "errors", "learning_curves"),
        *("architectures", "robustness", "tuning"),
    )
    assert re.findall(r"\]\(figures/(\w+)\.svg\)", markdown) == list(names)


def test_every_figure_stands_in_its_section(html: str, markdown: str) -> None:
    headings = ["Results", "Architectures", "Comparisons", "Tuning"]
    assert [text for text in re.findall("<h2>(.*)</h2>", html) if text in headings] == headings
    sections = dict(part.split("\n", 1) for part in markdown.split("\n## ")[1:])
    for heading, name in (("Architectures", "architectures"), ("Tuning", "tuning")):
        assert re.findall(r"\]\(figures/(\w+)\.svg\)", sections[heading]) == [name]
    assert sections["Architectures"].startswith("\n![4 variants, drawn to scale")


def test_both_pages_tell_how_the_settings_were_chosen(
    study: Any, page: Page, markdown: str
) -> None:
    for table in (chosen_table(study[0]), candidate_table(study[0])):
        assert markdown_table(table) in markdown
        assert {cell for row in table.rows for cell in row} <= set(page.text)
    assert fairness(study[0]) in markdown
    assert any(text.startswith("Every variant was tuned with") for text in page.text)


def test_importance_is_shown_where_there_is_any(
    make_study: Callable[..., Any], accounts: Accounts, markdown: str
) -> None:
    results, curves = make_study()
    results["variants"]["mlp"]["tuning"]["importance"] = {"learning_rate": 0.75}
    figures = charts.figures(results, curves, accounts)
    row = "| mlp | 0.75 |"
    assert row in to_markdown(results, figures)
    assert row not in markdown
    assert "0.75" in Page(to_html(results, figures)).text


def test_sections_come_in_one_order_on_both_pages(html: str, markdown: str) -> None:
    sections = re.findall("^## (.*)$", markdown, re.MULTILINE)
    assert re.findall("<h2>(.*)</h2>", RUNTIME.sub("", html)) == sections
    assert sections == [
        *("Answer", "Results", "The essay's claims", "Architectures", "Comparisons"),
        *("What each idea is worth", "Robustness", "Stage by stage", "Beyond the error"),
        *("Beside the paper", "Tuning", "Notes", "Methods", "How this was made"),
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
    make_study: Callable[..., Any], accounts: Accounts, changes: dict[str, Any], words: str
) -> None:
    results, curves = make_study(**changes)
    figures = charts.figures(results, curves, accounts)
    assert words in to_markdown(results, figures)
    found = Page(to_html(results, figures))
    assert words in " ".join(found.text)
    assert found.open == []
