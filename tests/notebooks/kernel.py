"""Runs cells in the real kernel and makes what they showed comparable."""

import asyncio
import unicodedata
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from queue import Empty

import nbformat
from nbclient import NotebookClient

REPO = Path(__file__).resolve().parents[2]
NOTEBOOKS = REPO / "notebooks"
# The first cell builds the crate and its dependencies; a later one that takes long hangs.
FIRST_CELL_TIMEOUT = 600
CELL_TIMEOUT = 60
KERNELSPEC = {"display_name": "Rust", "language": "rust", "name": "rust"}
LANGUAGE_INFO = ("codemirror_mode", "file_extension", "mimetype", "name", "pygment_lexer")

IMPORT = f"""\
:opt 0
:dep pve-notebook = {{ path = "{REPO}" }}
use pve_notebook::*;"""


class Attended(NotebookClient):
    """Executes a notebook with a person at it, who says yes to whatever is asked. Without one, nobody can be asked."""

    async def async_start_new_kernel_client(self):
        client = await super().async_start_new_kernel_client()
        client.allow_stdin = True
        self._person = asyncio.ensure_future(self._answer(client))
        return client

    async def _answer(self, client):
        while True:
            with suppress(Empty):
                await client.get_stdin_msg(timeout=1)
                client.input("yes")

    async def _async_cleanup_kernel(self):
        if person := getattr(self, "_person", None):
            person.cancel()
        await super()._async_cleanup_kernel()


def execute(notebook, folder=NOTEBOOKS, allow_errors=False, client=Attended):
    """Executes a notebook in place, as "Run All" does, and returns it without traces of when it ran."""
    client = client(
        notebook,
        kernel_name="rust",
        timeout=FIRST_CELL_TIMEOUT,
        allow_errors=allow_errors,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return normalise(notebook)


def normalise(notebook):
    """Drops what differs between two runs of the same cells: timing, and how output was cut into chunks."""
    language = notebook.metadata.get("language_info", {})
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNELSPEC, "language_info": {key: language[key] for key in LANGUAGE_INFO if key in language}}
    )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = merged(cell.outputs)
            for output in cell.outputs:
                # The kernel numbers an output one higher than its cell.
                if "execution_count" in output:
                    output.execution_count = cell.execution_count
    return notebook


def merged(outputs):
    """One stdout and one stderr first, then the rest: the kernel sends the streams by separate channels."""
    streams = []
    for name in ("stdout", "stderr"):
        text = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == name)
        if text:
            streams.append(nbformat.v4.new_output("stream", name=name, text=text))
    return streams + [o for o in outputs if o.output_type != "stream"]


class Shown:
    """What one cell showed."""

    def __init__(self, outputs):
        self.outputs = merged(outputs)

    def stream(self, name):
        return "".join(o.text for o in self.outputs if o.output_type == "stream" and o.name == name)

    @property
    def stdout(self):
        return self.stream("stdout")

    @property
    def stderr(self):
        return self.stream("stderr")

    @property
    def errors(self):
        return "\n".join(f"{o.ename}: {o.evalue}" for o in self.outputs if o.output_type == "error")

    def data(self, mime):
        return "\n".join(o.data.get(mime, "") for o in self.outputs if "data" in o)

    @property
    def html(self):
        return self.data("text/html")

    @property
    def svg(self):
        return self.data("image/svg+xml")

    @property
    def text(self):
        """Every word a reader can see, of all streams, errors and displays."""
        words = [self.stdout, self.stderr, self.errors, self.data("text/plain"), visible(self.html)]
        return "\n".join(part for part in words if part)

    def __repr__(self):
        return f"<Shown\n{self.text}\n>"


class Page(HTMLParser):
    """The elements and the visible text of a piece of HTML."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.words, self.cells, self.scripts = [], [], [], [], []
        self._in_cell = False
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "br":
            self.handle_data("\n")
        if tag in ("td", "th"):
            self.cells.append("")
        self._in_cell = tag in ("td", "th") or self._in_cell

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data):
        # Style sheets and scripts are not text that a reader sees.
        if self.tags and self.tags[-1] == "script":
            self.scripts.append(data)
        if self.tags and self.tags[-1] in ("style", "script"):
            return
        self.words.append(data)
        if self._in_cell:
            self.cells[-1] += data


def visible(source):
    return " ".join("".join(Page(source).words).split())


def without_marks(text):
    """The text without invisible characters, such as those that break a control line or isolate a direction."""
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


class Kernel:
    """A live kernel: `kernel.run(source)` runs one more cell and returns what it showed."""

    def __init__(self, folder):
        self.notebook = nbformat.v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
        self.client = NotebookClient(
            self.notebook,
            kernel_name="rust",
            timeout=FIRST_CELL_TIMEOUT,
            allow_errors=True,
            record_timing=False,
            resources={"metadata": {"path": str(folder)}},
        )
        self._running = self.client.setup_kernel()
        self._running.__enter__()

    def run(self, source):
        cell = nbformat.v4.new_code_cell(source)
        self.notebook.cells.append(cell)
        self.client.execute_cell(cell, len(self.notebook.cells) - 1)
        self.client.timeout = CELL_TIMEOUT
        return Shown(cell.outputs)

    def close(self):
        self._running.__exit__(None, None, None)
