"""The page in a real browser: drawn, usable and readable on both widths and in both themes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import vl_convert
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from pipeline.networks.sizes import ModelSummary
from pipeline.report.page import to_html
from tests.chromium import NEEDS_CHROMIUM
from tests.report.conftest import LONG, VARIANTS, draw, outline

pytestmark = NEEDS_CHROMIUM
WIDTHS = (360, 1280)
THEMES = ("light", "dark")
# How many times as long to load as a page of the drawing library alone the report may take:
# three times what was measured. Seconds would measure how fast and how busy the machine is.
LOADED_RATIO = 20
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
PALE = "[opacity='0.125'], [fill-opacity='0.125'], [stroke-opacity='0.125']"


@dataclass
class Opened:
    """A page, whatever it complained of, and whatever it asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """A function that opens a file and waits until its figures are drawn."""
    contexts = []

    def opened(file: Path, *, width: int = 1280, theme: Any = "light") -> Opened:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=theme)
        contexts.append(context)
        found = Opened(context.new_page())
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        found.page.on("console", lambda message: found.complaints.append(message.text))
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.goto(file.absolute().as_uri())
        found.page.wait_for_selector(f"body[data-drawn={theme}]")
        return found

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def small(study: Any, summaries: dict[str, ModelSummary], tmp_path_factory: Any) -> Path:
    """The page of the small study, in which a note tries to leave its place."""
    return _written(study, summaries, tmp_path_factory.mktemp("page"))


def _written(study: Any, summaries: dict[str, ModelSummary], folder: Path) -> Path:
    file = folder / "ablation.html"
    file.write_text(to_html(study[0], outline(study[0], draw(study, summaries))), encoding="utf8")
    return file


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_committed_report_is_drawn_and_asks_for_nothing(
    open_page: Callable[..., Opened], width: int, theme: str
) -> None:
    report = Path("reports/ablation.html")
    opened = open_page(report, width=width, theme=theme)
    assert opened.complaints == []
    assert {url for url in opened.requests if not url.startswith("data:")} == {
        report.absolute().as_uri()
    }
    page = opened.page
    drawn = page.locator(".chart.vega-embed svg.marks").count()
    assert page.locator(".chart").count() == drawn == page.locator("svg.marks").count() > 10
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(set(ids)) == len(ids)
    assert _overflow(page) == 0


def test_the_committed_report_loads_in_a_few_times_what_its_library_takes(
    browser: Browser, tmp_path: Path
) -> None:
    library = tmp_path / "library.html"
    script = vl_convert.javascript_bundle()  # pyright: ignore[reportCallIssue]
    library.write_text(f"<!doctype html><title>-</title><script>{script}</script>", "utf8")
    took: dict[Path, list[float]] = {library: [], Path("reports/ablation.html"): []}
    for _ in range(4):  # in turns; whatever else a machine does may disturb some
        for file, times in took.items():
            times.append(_loaded_ms(browser, file))
    alone, report = (min(times) for times in took.values())
    assert report < LOADED_RATIO * alone, took


def _loaded_ms(browser: Browser, file: Path) -> float:
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto(file.absolute().as_uri())
        page.wait_for_function(f"{LOADED} > 0")
        return page.evaluate(LOADED)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_serious_violation_of_accessibility(
    open_page: Callable[..., Opened], width: int, theme: str
) -> None:
    page = open_page(Path("reports/ablation.html"), width=width, theme=theme).page
    page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in serious] == []


def _overflow(page: Page) -> int:
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def test_a_picked_variant_stands_out_in_figures_and_tables(
    open_page: Callable[..., Opened], small: Path
) -> None:
    page = open_page(small).page
    assert page.locator(PALE).count() == 0
    button = page.locator(".picker [value=no_pooling]")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    for name in ("differences", "robustness", "tuning", "costs", "kernels", "confusions"):
        assert page.locator(f"#figure-{name}").locator(PALE).count() > 0, name
    chosen = page.locator("tr.chosen th").all_text_contents()
    assert set(chosen) == {"no_pooling"}
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert page.locator(PALE).count() == page.locator("tr.chosen").count() == 0


def test_a_variant_is_picked_with_the_keyboard_alone(
    open_page: Callable[..., Opened], small: Path
) -> None:
    page = open_page(small).page
    for _ in ("the contents", "the first variant", "the second"):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == list(VARIANTS)[1]
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"


def test_a_click_on_a_mark_picks_its_variant(
    open_page: Callable[..., Opened], small: Path
) -> None:
    page = open_page(small).page
    page.locator("#figure-errors [aria-roledescription='point']").first.click()
    picked = page.locator(".picker [aria-pressed=true]")
    assert picked.all_inner_texts() == ["lenet5"]


def test_a_tooltip_tells_estimate_interval_and_n(
    open_page: Callable[..., Opened], small: Path
) -> None:
    page = open_page(small).page
    page.locator("#figure-errors [aria-roledescription='point']").first.hover()
    reported = page.locator("#vg-tooltip-element").inner_text()
    for word in ("lenet5", "estimate", "95 % interval", "10 seeds × 2,000 images"):
        assert word in reported


def test_a_table_is_sorted_by_the_numbers_of_a_column_and_back(
    open_page: Callable[..., Opened], small: Path
) -> None:
    page = open_page(small).page
    table = page.locator("table").first
    names = list(VARIANTS)

    def order() -> list[str]:
        return [text.split()[0] for text in table.locator("tbody th").all_inner_texts()]

    heading = table.get_by_role("button", name="Change, points")
    assert order() == names
    heading.click()
    assert order() == ["no_pooling", "no_weight_sharing", "mlp", "lenet5"]
    cell = table.locator("th[aria-sort]")
    assert cell.get_attribute("aria-sort") == "ascending"
    heading.click()
    assert order() == ["mlp", "no_weight_sharing", "no_pooling", "lenet5"]
    assert cell.get_attribute("aria-sort") == "descending"
    heading.click()
    assert order() == names
    assert cell.count() == 0


def test_contents_lead_on_in_a_frame_that_knows_no_address(
    open_page: Callable[..., Opened], small: Path
) -> None:
    """As MLflow shows an artifact."""
    page = open_page(small).page
    page.evaluate(
        """(html) => {
            const frame = document.createElement("iframe");
            frame.sandbox = "allow-scripts";
            frame.src = URL.createObjectURL(new Blob([html], { type: "text/html" }));
            document.body.replaceChildren(frame);
        }""",
        small.read_text(encoding="utf8"),
    )
    frame = page.frame_locator("iframe")
    frame.locator("body[data-drawn]").wait_for()
    frame.get_by_text("Contents").click()
    frame.get_by_role("link", name="How this was made").click()
    heading = frame.get_by_role("heading", name="How this was made")
    expect(heading).to_be_in_viewport(timeout=30_000)


def test_a_filter_is_copied(open_page: Callable[..., Opened], small: Path) -> None:
    page = open_page(small).page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_text("Copied").wait_for()
    reported = page.evaluate("navigator.clipboard.readText()")
    assert reported == "tags.\"ablation.variant\" = 'lenet5'"


@pytest.mark.parametrize("width", WIDTHS)
def test_long_names_and_notes_leave_the_page_as_it_is(
    open_page: Callable[..., Opened],
    make_study: Callable[..., Any],
    summaries: dict[str, ModelSummary],
    tmp_path: Path,
    width: int,
) -> None:
    results, curves = make_study(variants=(*VARIANTS, LONG))
    results["variants"][LONG]["note"] = "<b>'\"&" + "x" * 2000
    opened = open_page(_written((results, curves), summaries, tmp_path), width=width)
    assert opened.complaints == []
    assert _overflow(opened.page) == 0
    assert opened.page.get_by_text("<b>'\"&xxx").count() == 1


def test_on_paper_all_is_light_and_nothing_is_to_be_pressed(
    open_page: Callable[..., Opened], small: Path
) -> None:
    page = open_page(small, theme="dark").page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_selector("body[data-drawn=light]")
    assert not page.locator(".picker").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_without_scripts_the_figures_stand(browser: Browser, small: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(small.as_uri())
        charts = page.locator(".chart > svg")
        assert charts.count() == page.locator("figure").count() == 12
        assert charts.first.is_visible()
        assert not page.locator(".picker").is_visible()


@pytest.mark.parametrize(
    "changes",
    [{"seeds": 1}, {"variants": ("lenet5",)}, {"diverged": "mlp"}],
    ids=["one seed", "one variant", "diverged"],
)
def test_meagre_studies_are_drawn_without_complaint(
    open_page: Callable[..., Opened],
    make_study: Callable[..., Any],
    summaries: dict[str, ModelSummary],
    tmp_path: Path,
    changes: dict[str, Any],
) -> None:
    opened = open_page(_written(make_study(**changes), summaries, tmp_path))
    assert opened.complaints == []
