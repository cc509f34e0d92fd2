"""MLflow's own pages on a study, in a real browser."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from pipeline.tracking.opening import experiments, find_run, open_client
from pipeline.tracking.views import page, run_page
from tests.chromium import NEEDS_CHROMIUM
from tests.test_pipeline import VARIANTS, copy_with_three_variants, run_tiny
from tests.tracking.servers import serving
from tests.tracking.test_kills import write
from tests.tracking.test_tracker import number_of

pytestmark = [pytest.mark.slow, NEEDS_CHROMIUM]

# How many times as long as the list of a few runs that of 300 may take: twice what was measured.
# Seconds would measure how fast and how busy the machine is.
LOADED_RATIO = 4


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_with_three_variants(tmp_path_factory.mktemp("repository"))
    assert run_tiny(folder).returncode == 0
    write(f"sqlite:///{folder}/var/mlflow.db")  # 300 runs more, in an experiment of their own
    return folder


@pytest.fixture(scope="module")
def address(repository: Path) -> Iterator[str]:
    store = f"sqlite:///{repository}/var/mlflow.db"
    command = ["ui", "--workers", "1", "--backend-store-uri", store]
    with serving(command, repository, "/health", {}) as address:
        yield address


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    yield context.new_page()
    context.close()


def test_a_row_a_variant_has_mean_interval_n_and_verdict(
    tab: Page, address: str, repository: Path
) -> None:
    number = number_of(f"sqlite:///{repository}/var/mlflow.db", "tiny/final")
    tab.goto(f"{address}/{page(number, 'variants')}")
    tab.locator(".ag-center-cols-container .ag-row").first.wait_for()
    for name in VARIANTS:
        assert tab.get_by_role("link", name=name, exact=True).count() == 1
    shown = tab.locator("body").inner_text()
    for column in ("test_error", "test_error_low", "test_error_high", "seeds", "difference"):
        assert column in shown


def test_curves_are_drawn(tab: Page, address: str, repository: Path) -> None:
    number = number_of(f"sqlite:///{repository}/var/mlflow.db", "tiny/final")
    tab.goto(f"{address}/{page(number, 'curves', chart=True)}")
    tab.locator(".js-plotly-plot").first.wait_for()
    for metric in ("train_error", "train_loss", "test_error"):
        assert tab.get_by_text(metric, exact=True).count() > 0


def test_three_hundred_runs_are_listed_almost_as_soon_as_a_few(
    tab: Page, address: str, repository: Path
) -> None:
    took: dict[str, list[float]] = {"tiny/final": [], "killed/final": []}
    for _ in range(3):  # in turns; whatever else a machine does may disturb one
        for experiment, times in took.items():
            number = number_of(f"sqlite:///{repository}/var/mlflow.db", experiment)
            tab.goto(f"{address}/health")
            began = time.monotonic()
            tab.goto(f"{address}/{page(number, 'runs')}")
            tab.locator(".ag-center-cols-container .ag-row").first.wait_for()
            times.append(time.monotonic() - began)
    few, many = (min(times) for times in took.values())
    assert many < LOADED_RATIO * few, took


def test_the_report_is_an_artifact_that_mlflow_shows(
    tab: Page, address: str, repository: Path
) -> None:
    client = open_client(f"sqlite:///{repository}/var/mlflow.db")
    number = experiments(client)["tiny/final"]
    [run] = client.search_runs([number], "tags.`ablation.report` = 'tiny'")
    tab.goto(f"{address}/#/experiments/{number}/runs/{run.info.run_id}/artifacts/ablation.html")
    frame = tab.frame_locator("iframe")
    frame.locator("body[data-drawn]").wait_for()
    assert frame.get_by_role("heading", name="What removing each idea").count() == 1


def test_a_task_and_the_registered_model_have_pages(
    tab: Page, address: str, repository: Path
) -> None:
    client = open_client(f"sqlite:///{repository}/var/mlflow.db")
    number = experiments(client)["tiny/final"]
    wanted = "attributes.run_name = 'lenet5 seed 0'"
    [run] = client.search_runs([number], wanted)
    assert find_run(client, run.data.tags["ablation.run_key"])
    tab.goto(f"{address}/{run_page(number, run.info.run_id)}")
    tab.get_by_role("heading", name="lenet5 seed 0").wait_for()
    tab.get_by_text("lenet5-seed-0").first.wait_for()
    tab.goto(f"{address}/#/models/tiny-lenet5")
    tab.get_by_text("champion").first.wait_for()
