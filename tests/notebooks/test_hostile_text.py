"""Whatever a guest is called, it is text: in no cell's output anything else, and no reason to run a cell again."""

import xml.etree.ElementTree as ElementTree

import pytest
from kernel import REPO, Page, without_marks

# The one script of a page, which sorts and filters its tables.
TABLES = "".join(line.lstrip() for line in (REPO / "src" / "render" / "table.js").read_text().splitlines())

MARKUP = {
    "a script": "<script>alert(1)</script>",
    "an image": '"><img src=x onerror=alert(1)>',
    "entities": "R&D &amp; &lt;b&gt;",
    "quotes": "it's \"quoted\" `so`",
    "a table cell": "</td></tr></table>after",
}
MARKS = {"right to left": "\u200fweb", "an override": "web\u202e1-bd"}
# Every line that the kernel takes for a command when it stands in a cell's standard output.
CONTROL = {
    "begin content": "EVCXR_BEGIN_CONTENT text/html",
    "end content": "EVCXR_END_CONTENT",
    "execution complete": "EVCXR_EXECUTION_COMPLETE",
    "a changed variable": "EVCXR_VARIABLE_CHANGED_TYPE:pve",
    "an error": "EVCXR_ERROR_OCCURRED",
    "a panic": "EVCXR_PANIC_NOTIFICATION",
    "a question": "EVCXR_INPUT_REQUEST:Your name?",
    "a password": "EVCXR_INPUT_REQUEST_PASSWORD:Your password?",
}
HOSTILE = {**MARKUP, **MARKS, **CONTROL}
FIRST = 200
VMIDS = {what: FIRST + number for number, what in enumerate(HOSTILE)}


def guest(what):
    text = HOSTILE[what]
    return {
        "vmid": VMIDS[what],
        "name": text,
        "status": "stopped",
        "config": {"description": f"first\n{text}\nlast", "tags": text},
        # The task's own words, alone on a line of its log.
        "start_error": f"cannot start\n{text}\nbecause of it",
    }


GUESTS = [guest(what) for what in HOSTILE]


class Counted:
    """A kernel whose every cell leaves a stroke in a file each time that it runs."""

    def __init__(self, kernel, fake, strokes):
        self.kernel, self.fake, self.strokes, self.cells = kernel, fake, strokes, 0

    def run(self, source):
        self.cells += 1
        mark = f"cell {self.cells}\\n"
        shown = self.kernel.run(
            "std::io::Write::write_all(&mut std::fs::OpenOptions::new().append(true).create(true)"
            f'.open("{self.strokes}").unwrap(), b"{mark}").unwrap();\n'
            f'println!("this is cell {self.cells}");\n{source}'
        )
        assert self.strokes.read_text().splitlines().count(f"cell {self.cells}") == 1, "the cell ran again"
        # An output that slipped to a later cell would bring its line along.
        assert [line for line in shown.stdout.splitlines() if line.startswith("this is cell")] == [
            f"this is cell {self.cells}"
        ]
        assert_harmless(shown)
        return shown


@pytest.fixture(scope="module")
def notebook(kernel, shared_fakepve, tmp_path_factory):
    assert kernel.run(f"let pve = {shared_fakepve.connect};").text == ""
    assert kernel.run('pve.arm("a test of names")?;').stderr == ""
    return Counted(kernel, shared_fakepve, tmp_path_factory.mktemp("strokes") / "cells")


def assert_harmless(shown):
    """No element or attribute of an output comes from a text; a drawing is sound XML."""
    page = Page(shown.html)
    assert page.tags.count("script") == len(page.scripts) and set(page.scripts) <= {TABLES}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not [value for name, value in page.attributes if name == "src" and not value.startswith("data:")]
    if shown.svg:
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(shown.svg).iter()}
        assert not tags & {"script", "foreignObject", "img"}
    # A direction that a text turns on ends with the text.
    assert "\u202e" not in shown.html or "bdi" in page.tags or "\u2069" in shown.html


def assert_says(words, what):
    seen = " ".join(without_marks(words).split())
    for part in HOSTILE[what].split("\u202e"):
        assert " ".join(without_marks(part).split()) in seen


every_text = pytest.mark.parametrize("what", HOSTILE)


@pytest.mark.parametrize("view", ["pve", "pve.guests()?", "pve.topology()?", "pve.nodes()?", "pve.pools()?"])
def test_a_view_of_all_guests_shows_their_names_as_text(notebook, view):
    shown = notebook.run(view)
    assert shown.outputs and not shown.stderr
    if view == "pve.guests()?":
        for what in HOSTILE:
            assert_says(shown.text, what)


@every_text
def test_a_guest_shows_its_name_notes_and_tags_as_text(notebook, what):
    vmid = VMIDS[what]
    shown = notebook.run(f"pve.guest({vmid})?")
    assert not shown.stderr
    assert_says(shown.text, what)
    config = notebook.run(f"pve.guest({vmid})?.config()?")
    assert not config.stderr
    assert_says(config.text, what)


@every_text
def test_a_name_that_a_cell_prints_is_text(notebook, what):
    shown = notebook.run(f'let g = pve.guest({VMIDS[what]})?; println!("{{}}", g.name); println!("{{g:?}}");')
    assert not shown.html and not shown.stderr
    assert_says(shown.stdout, what)


@every_text
def test_a_failed_task_says_its_words_as_text_and_is_sent_once(notebook, what):
    vmid = VMIDS[what]
    notebook.run(f"pve.guest({vmid})?.start()")
    failed = notebook.run(f"let done = pve.guest({vmid})?.start().run(); done")
    assert_says(failed.text, what)
    assert len(notebook.fake.tasks(vmid)) == 1
    notebook.run('pve.clear_halt("the words are what is tested")?;')


def test_tasks_show_their_words_as_text(notebook):
    shown = notebook.run("pve.tasks()?")
    assert shown.outputs and not shown.stderr
