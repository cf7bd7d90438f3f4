"""What the tests share: a kernel, a fake Proxmox VE, and a build folder that outlives one kernel."""

import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import nbformat
import pytest
from facts import KEPT
from front_ends import block_network, screenshot
from kernel import IMPORT, NOTEBOOKS, REPO, Kernel, Shown, execute
from lab import Lab
from playwright.sync_api import sync_playwright
from proxmoxer import ProxmoxAPI

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


@pytest.fixture(scope="session", autouse=True)
def build_folder(tmp_path_factory):
    """One folder for the builds of all kernels: the crate is compiled once, not once a kernel."""
    os.environ["EVCXR_TMPDIR"] = str(tmp_path_factory.mktemp("evcxr"))


@pytest.fixture(scope="session", autouse=True)
def journal(tmp_path_factory):
    """Where the kernels keep their journal: not where whoever runs the tests has theirs."""
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    os.environ["PVE_JOURNAL"] = str(path)
    return path


@pytest.fixture(scope="session")
def folder():
    """Where the notebooks lie, or would."""
    return NOTEBOOKS if NOTEBOOKS.is_dir() else REPO


@pytest.fixture
def run_notebook(folder):
    """Runs cells as one new notebook, "Run All" from the top; returns what each cell showed."""

    def run(cells):
        sources = [IMPORT, *cells]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        execute(notebook, folder, allow_errors=True)
        return [Shown(cell.outputs) for cell in notebook.cells[1:]]

    return run


@pytest.fixture(scope="module")
def kernel(folder):
    """A kernel with the crate imported, shared by the tests of one file."""
    kernel = Kernel(folder)
    imported = kernel.run(IMPORT)
    assert not imported.errors, imported
    yield kernel
    kernel.close()


class Fake:
    """A running fakepve: where it is, and what it was asked to do."""

    def __init__(self, url, folder):
        self.url = url
        address = urlsplit(url)
        certificate = ssl.get_server_certificate((address.hostname, address.port))
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest().upper()
        self.fingerprint = ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
        trusted = folder / "fakepve.pem"
        trusted.write_text(certificate)
        self.api = ProxmoxAPI(
            address.hostname, port=address.port, user="root@pam", password="secret", verify_ssl=str(trusted)
        )

    @property
    def connect(self):
        """The cell's expression that gives a session on this fake."""
        return f'Pve::at("{self.url}").password("root@pam", "secret").fingerprint("{self.fingerprint}").connect()?'

    def tasks(self, vmid, node="pve1"):
        """The tasks that a guest was given: every write that reached the fake made one."""
        return self.api.nodes(node).tasks.get(vmid=vmid)

    def status(self, vmid, node="pve1"):
        return self.api.nodes(node).qemu(vmid).status.current.get()["status"]


@contextmanager
def running_fakepve(guests, folder):
    """A fakepve with these guests, in a process of its own."""
    seed = folder / "guests.json"
    seed.write_text(json.dumps({"guests": guests}))
    process = subprocess.Popen(
        [sys.executable, "-m", "fakepve", str(seed), "--host", "127.0.0.1", "--port", "0", "--time-scale", "0.05"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Fake(process.stdout.readline().split()[-1], folder)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def shared_fakepve(request, tmp_path_factory):
    """A fakepve for all tests of a file, with the guests that the file names."""
    with running_fakepve(request.module.GUESTS, tmp_path_factory.mktemp("fakepve")) as fake:
        yield fake


@pytest.fixture
def fakepve(request, tmp_path):
    """A fakepve of the test's own, with the guests that its file names."""
    with running_fakepve(request.module.GUESTS, tmp_path) as fake:
        yield fake


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests, whose pages share what was loaded."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser.new_context(viewport={"width": 1280, "height": 1000})
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """One JupyterLab for all tests, with every kept notebook."""
    lab = Lab(tmp_path_factory.mktemp("lab"), KEPT)
    yield lab
    lab.close()


@pytest.fixture(scope="session")
def exports(tmp_path_factory):
    """The folder with what `make html` makes."""
    folder = tmp_path_factory.mktemp("html")
    subprocess.run([REPO / "binder" / "html", folder], check=True)
    return folder


# Each theme and each width once: what a theme changes, colours, does not depend on what a width changes, places.
READERS = {"light-wide": ("light", 1600), "dark-narrow": ("dark", 400)}


@pytest.fixture(scope="module", params=READERS.values(), ids=READERS)
def reader(request):
    """Whether the reader likes it light or dark, and how wide the screen is."""
    return request.param


@pytest.fixture
def width(reader):
    return reader[1]


@pytest.fixture(scope="module", params=KEPT, ids=lambda path: path.stem)
def exported(request, exports, browser, reader):
    """A file that `make html` makes, on a telephone in the dark or on a large screen in the light."""
    theme, width = reader
    page = browser.new_page()
    page.set_viewport_size({"width": width, "height": 1000})
    page.emulate_media(color_scheme=theme)
    block_network(page)
    page.notebook = request.param
    page.goto((exports / f"{request.param.stem}.html").as_uri())
    page.wait_for_timeout(100)
    screenshot(page, f"{request.param.stem}-html-{theme}-{width}")
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    yield page
    page.close()
