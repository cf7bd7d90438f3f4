"""What a reader of a kept notebook must be able to read, taken from the words and the markup of its outputs."""

import base64
import re
from dataclasses import dataclass
from urllib.parse import unquote

import nbformat
from kernel import NOTEBOOKS

KEPT = sorted(NOTEBOOKS.glob("*.ipynb"))
# What the words draw with, and HTML shows in another way: rules, marks of blocks, lines of numbers.
DRAWN = re.compile(r"[─═▾▁▂▃▄▅▆▇█]+|^\s*[>|] ", re.MULTILINE)
IMAGE = re.compile(r'<img\b[^>]*?src="data:image/svg\+xml,([^"]*)"')
TAG = re.compile(r"</?[a-z][^<>]*>")


@dataclass
class Output:
    """One output of a notebook, and what every front end has to make of it."""

    data: dict
    # Whether a cell's last line gave it, rather than that something was printed.
    is_value: bool = True

    @property
    def words(self):
        return self.data.get("text/plain", "")

    @property
    def html(self):
        return self.data.get("text/html", "")

    @property
    def is_drawing(self):
        return "image/svg+xml" in self.data and not self.html

    @property
    def facts(self):
        """The words, cut where a table cuts them: each is a cell or a sentence, or the part of one on a line.

        A button's code is a fact, its label (`log pve.task("…")?`) is none.
        """
        lines = DRAWN.sub("  ", self.words).splitlines()
        pieces = (plain(piece) for line in lines for piece in re.split(r"\s{2,}", line))
        return [re.sub(r"^\w+ (?=pve\.|questions::)", "", piece) for piece in pieces if piece]

    @property
    def drawings(self):
        """Every drawing of this output, inside a page or alone."""
        inside = [unquote(source) for source in IMAGE.findall(self.html)]
        return inside + ([self.data["image/svg+xml"]] if self.is_drawing else [])


def plain(text):
    """A text as both renderings have it: a name's `(VM 101)` has its parentheses in words only, a gap is a dot."""
    text = re.sub("[\u2066-\u2069\u200e\u200f()]", "", text)
    return " ".join(word for word in text.split() if word.strip("·"))


def outputs(path):
    """The outputs of a kept notebook in order; the streams are outputs of words alone."""
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            printed = {"text/plain": output.get("text", "")}
            found.append(Output(output.get("data") or printed, is_value="data" in output))
    return found


def as_address(svg):
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
