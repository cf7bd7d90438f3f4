"""Opens a notebook in each place where notebooks are read, light and dark."""

from dataclasses import dataclass

import nbformat
from github import page as github_page
from kernel import REPO
from lab import START_TIMEOUT
from nbconvert import HTMLExporter

LABS = {"lab-trusted": "doc/tree/{}-trusted.ipynb", "lab-untrusted": "doc/tree/{}-untrusted.ipynb"}
LABS["notebook-7"] = "notebooks/{}-trusted.ipynb"
# What an exporter is told. One that sanitises leaves of HTML less than a table needs, so that the words serve better.
EXPORTS = {
    "nbconvert": {},
    "nbconvert-sanitised": {"sanitize_html": True},
    "nbconvert-words": {"sanitize_html": True, "words": True},
}
FRONT_ENDS = [*LABS, *EXPORTS, "github"]
# Where a drawing of its own is replaced by its words.
WORDS_FOR_DRAWINGS = {"lab-untrusted", "nbconvert-words"}
# Where elements that are not allowed are shown as text instead of being left out.
SHOWS_MARKUP = {"nbconvert-sanitised"}
SCREENSHOTS = REPO / "target" / "screenshots"
# Chromium draws no taller screenshot.
TALLEST = 16000


@dataclass
class Opened:
    """A notebook in a front end: the page, and the elements of its outputs in order."""

    front_end: str
    theme: str
    notebook: object
    page: object

    @property
    def outputs(self):
        selector = ".output" if self.front_end == "github" else ".jp-OutputArea-output"
        return self.page.query_selector_all(selector)


def opened(front_end, theme, notebook, browser, lab, folder):
    """The notebook as this front end shows it, in a window of its own."""
    page = browser.new_page()
    page.emulate_media(color_scheme=theme)
    if front_end in LABS:
        lab.theme(theme)
        page.goto(lab.url + LABS[front_end].format(notebook.stem))
        settle(page)
    else:
        file = folder / f"{notebook.stem}-{front_end}-{theme}.html"
        html = github_page(notebook, theme) if front_end == "github" else exported(front_end, theme, notebook)
        file.write_text(html)
        block_network(page)
        page.goto(file.as_uri())
    screenshot(page, f"{notebook.stem}-{front_end}-{theme}")
    # Whoever reads all of it opens what is folded.
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    return Opened(front_end, theme, notebook, page)


def screenshot(page, name):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def exported(front_end, theme, notebook):
    """The notebook as nbconvert exports it when told nothing else."""
    told = dict(EXPORTS[front_end])
    words = told.pop("words", False)
    exporter = HTMLExporter(theme=theme, **told)
    if words:
        exporter.config.NbConvertBase.display_data_priority = ["text/plain"]
        exporter = HTMLExporter(theme=theme, config=exporter.config, **told)
    return exporter.from_notebook_node(nbformat.read(notebook, as_version=4))[0]


def block_network(page):
    """Nothing is loaded from elsewhere; what was asked for is kept."""
    page.asked = []

    def refuse(route):
        page.asked.append(route.request.url)
        route.abort()

    page.route(lambda url: not url.startswith(("file:", "data:")), refuse)


def settle(page):
    """Waits for all outputs, in a window tall enough for all of them."""
    page.wait_for_selector(".jp-Notebook .jp-OutputArea-output", timeout=START_TIMEOUT * 1000)
    scroller = page.query_selector(".jp-WindowedPanel-outer")
    tall = 0
    # The notebook grows while its last outputs are drawn.
    while (height := min(scroller.evaluate("s => s.scrollHeight") + 200, TALLEST)) != tall:
        tall = height
        page.set_viewport_size({"width": 1280, "height": tall})
        page.wait_for_timeout(500)
        if tall == TALLEST or scroller.evaluate("s => s.scrollHeight <= s.clientHeight"):
            break
    scroller.evaluate("s => s.scrollTo(0, 0)")
