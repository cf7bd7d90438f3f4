"""The kept outputs are really visible in JupyterLab, in a browser, trusted or not."""

import json
import os
import shutil
import subprocess
import sys
import time

import nbformat
import pytest
from kernel import NOTEBOOKS, REPO, Page
from nbformat.sign import NotebookNotary
from playwright.sync_api import sync_playwright

TOUR = NOTEBOOKS / "01-tour.ipynb"
SCREENSHOTS = REPO / "target" / "screenshots"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_TIMEOUT = 60
# Chromium draws no taller screenshot.
TALLEST = 16000


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab of its own with two copies of the tour, one of them trusted: gives its address."""
    home = tmp_path_factory.mktemp("lab")
    places = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
    }
    for place in (*places.values(), home / "notebooks"):
        place.mkdir()
    copy_tour(home / "notebooks", home / "data")
    # All cells are in the page at once; otherwise only those near the visible part are.
    setting(home / "settings", "notebook-extension", "tracker", {"windowingMode": "none", "scrollPastEnd": False})
    setting(home / "settings", "apputils-extension", "notification", {"fetchNews": "false", "checkForUpdates": False})

    env = {name: value for name, value in os.environ.items() if name != "EVCXR_TMPDIR"}
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--log-level=ERROR"]
        + ["--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--IdentityProvider.token="]
        + [f"--ServerApp.root_dir={home / 'notebooks'}", "--LabApp.extension_manager=readonly"]
        + ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"],
        env=env | {name: str(place) for name, place in places.items()},
    )
    yield address(home / "runtime" / f"jpserver-{server.pid}.json")
    server.terminate()
    server.wait()


def copy_tour(folder, data):
    """Two copies of the tour, one of them signed in this data folder."""
    notebook = nbformat.read(TOUR, as_version=4)
    nbformat.write(notebook, folder / "trusted.ipynb")
    NotebookNotary(data_dir=str(data)).sign(notebook)
    # A signature belongs to the content, not to the file: the same content would be trusted too.
    notebook.metadata["copy"] = "untrusted"
    nbformat.write(notebook, folder / "untrusted.ipynb")


def setting(folder, extension, plugin, values):
    file = folder / "@jupyterlab" / extension / f"{plugin}.jupyterlab-settings"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(values))


def address(info):
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if info.exists():
            return json.loads(info.read_text())["url"]
        time.sleep(0.2)
    pytest.fail("JupyterLab did not start")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=["trusted", "untrusted"])
def page(request, lab, browser):
    """The tour in a window tall enough for all of it, scrolled through once."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.mode = request.param
    page.goto(f"{lab}doc/tree/{page.mode}.ipynb")
    page.wait_for_selector(".jp-Notebook .jp-OutputArea-output", timeout=START_TIMEOUT * 1000)
    for cell in page.query_selector_all(".jp-Notebook .jp-Cell"):
        cell.scroll_into_view_if_needed()
    scroller = page.query_selector(".jp-WindowedPanel-outer")
    # The notebook grows while its last outputs are drawn.
    for _ in range(3):
        page.set_viewport_size({"width": 1280, "height": min(scroller.evaluate("s => s.scrollHeight") + 200, TALLEST)})
        page.wait_for_timeout(700)
    scroller.evaluate("s => s.scrollTo(0, 0)")
    page.wait_for_timeout(200)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"tour-{page.mode}.png")
    yield page
    page.close()


def kept(mime, unless=None):
    """What the tour keeps of one kind, in order, where nothing of the other kind outranks it."""
    for cell in nbformat.read(TOUR, as_version=4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if mime in data and unless not in data:
                yield data[mime]


def shown(page, mime):
    return page.query_selector_all(f'.jp-OutputArea-output[data-mime-type="{mime}"]')


def assert_visible(element):
    box = element.bounding_box()
    assert element.is_visible() and box and box["width"] > 20 and box["height"] > 10


def colours(image):
    """How many colours a loaded image is drawn in: an empty one has one."""
    return image.evaluate(
        """image => {
            const canvas = document.createElement('canvas');
            canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0);
            const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
            return new Set(pixels).size;
        }"""
    )


def test_every_table_is_visible_with_its_words(page):
    expected, outputs = list(kept("text/html")), shown(page, "text/html")
    assert expected and len(outputs) == len(expected)
    for number, (source, output) in enumerate(zip(expected, outputs), 1):
        assert_visible(output)
        output.screenshot(path=SCREENSHOTS / f"table-{number:02}-{page.mode}.png")
        for table in output.query_selector_all("table"):
            # One inside a folded section has no size until it is unfolded.
            if not table.evaluate("t => t.closest('details:not([open])')"):
                assert_visible(table)
        words = " ".join(output.evaluate("o => o.textContent").split())
        for cell in Page(source).cells:
            assert " ".join(cell.split()) in words


def test_every_picture_is_visible(page):
    if page.mode == "untrusted":
        pytest.skip("JupyterLab shows no drawing of a notebook that is not trusted; its words are tested instead")
    expected, outputs = list(kept("image/svg+xml", unless="text/html")), shown(page, "image/svg+xml")
    assert len(outputs) == len(expected)
    for number, output in enumerate(outputs, 1):
        assert_visible(output)
        output.screenshot(path=SCREENSHOTS / f"picture-{number:02}.png")
    pictures = page.query_selector_all(".jp-OutputArea-output img")
    assert pictures
    for picture in pictures:
        assert_visible(picture)
        assert picture.evaluate("i => i.complete && i.naturalWidth > 0")
        assert colours(picture) > 3


def test_where_a_picture_is_not_shown_its_words_are(page):
    if page.mode == "trusted":
        pytest.skip("the drawing is shown")
    words = page.query_selector(".jp-Notebook").evaluate("n => n.textContent")
    for cell in nbformat.read(TOUR, as_version=4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/svg+xml" in data and "text/html" not in data:
                assert data["text/plain"].strip().splitlines()[0] in words


def test_no_output_is_empty(page):
    outputs = page.query_selector_all(".jp-Notebook .jp-OutputArea-output")
    assert outputs
    for output in outputs:
        assert_visible(output)
