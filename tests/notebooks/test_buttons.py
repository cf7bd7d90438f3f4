"""A button in an output writes its code into a new cell, and runs nothing."""

import json
import re
from html import unescape

import nbformat
import pytest
from facts import KEPT, outputs
from front_ends import LABS
from lab import START_TIMEOUT

COMMAND = re.compile(r"""data-commandlinker-command=(["'])(.*?)\1""")
ARGUMENTS = re.compile(r"""data-commandlinker-args=(["'])(.*?)\1""")
# The first makes a cell, the second writes into it; both are given the code.
WRITING = ["notebook:insert-cell-below", "notebook:replace-selection"]


def asked(path):
    """What the buttons of a notebook ask the front end to do."""
    html = "".join(output.html for output in outputs(path))
    return [json.loads(unescape(arguments)) for _, arguments in ARGUMENTS.findall(html)]


WITH_BUTTONS = [path for path in KEPT if asked(path)]


# All buttons ask for the same, which a test holds: one notebook is enough to press some.
pressed = pytest.mark.parametrize("path", WITH_BUTTONS[:1], ids=lambda path: path.stem)


def test_there_are_buttons_to_press():
    assert WITH_BUTTONS


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_no_button_names_a_command_that_runs_a_cell(path):
    html = "".join(output.html for output in outputs(path))
    assert {name for _, name in COMMAND.findall(html)} <= {"apputils:run-all-enabled"}
    for arguments in asked(path):
        assert arguments.keys() == {"commands", "args"}
        assert arguments["commands"] == WRITING
        assert arguments["args"].keys() == {"text"}


def test_one_setting_leaves_the_buttons_out_and_the_code_in(monkeypatch, run_notebook):
    cells = ["let pve = Pve::demo()?;", "pve.guests()?.filter(|guest| guest.is_stopped())"]
    _, with_buttons = run_notebook(cells)
    monkeypatch.setenv("PVE_BUTTONS", "off")
    _, without = run_notebook(cells)
    assert "data-commandlinker-command" in with_buttons.html and "<button" not in without.html
    code = "pve.guest(101)?.start()"
    assert code in unescape(with_buttons.html) and code in unescape(without.html)


@pytest.fixture
def open_notebook(browser, lab):
    """Opens a copy of a notebook in JupyterLab."""
    opened = []

    def open_one(path, front_end):
        page = browser.new_page()
        opened.append(page)
        lab.theme("light")
        page.goto(lab.url + LABS[front_end].format(path.stem))
        cells = len(nbformat.read(path, as_version=4).cells)
        count_is = "n => document.querySelectorAll('.jp-Notebook .jp-Cell').length === n"
        page.wait_for_function(count_is, arg=cells, timeout=START_TIMEOUT * 1000)
        page.wait_for_selector("button[data-commandlinker-command]", state="attached")
        return page

    yield open_one
    for page in opened:
        page.close()
    lab.end_kernels()


def press(page):
    """Presses the first button that can be seen; gives its code and the number of its cell."""
    for number, cell in enumerate(page.query_selector_all(".jp-Notebook .jp-Cell")):
        for button in cell.query_selector_all("button[data-commandlinker-command]"):
            if button.is_visible():
                code = json.loads(button.get_attribute("data-commandlinker-args"))["args"]["text"]
                button.click()
                return code, number
    pytest.fail("no button can be seen")


def count(page, selector):
    return len(page.query_selector_all(f".jp-Notebook {selector}"))


def assert_written_and_not_run(page, lab, code, number, cells, shown):
    """The cell after this one holds the code; it was not run, and neither was anything else."""
    page.wait_for_function("n => document.querySelectorAll('.jp-Notebook .jp-Cell').length === n", arg=cells + 1)
    # Whatever would run, would have begun by then.
    page.wait_for_timeout(1500)
    new = page.query_selector_all(".jp-Notebook .jp-Cell")[number + 1]
    lines = new.query_selector_all(".cm-line")
    assert "\n".join(line.inner_text().strip("\n") for line in lines) == code
    assert new.query_selector(".jp-InputPrompt").inner_text() == "[ ]:"
    assert new.query_selector_all(".jp-OutputArea-output") == []
    assert count(page, ".jp-Cell") == cells + 1 and count(page, ".jp-OutputArea-output") == shown
    assert {session["kernel"]["execution_state"] for session in lab.sessions()} <= {"starting", "idle"}


@pressed
@pytest.mark.parametrize("front_end", ["lab-trusted", "notebook-7"])
def test_a_click_writes_a_cell(open_notebook, lab, path, front_end):
    page = open_notebook(path, front_end)
    cells, shown = count(page, ".jp-Cell"), count(page, ".jp-OutputArea-output")
    code, number = press(page)
    assert_written_and_not_run(page, lab, code, number, cells, shown)
    assert page.query_selector(".jp-Dialog") is None


@pressed
def test_in_a_notebook_that_is_not_trusted_a_click_asks_first(open_notebook, lab, path):
    page = open_notebook(path, "lab-untrusted")
    cells, shown = count(page, ".jp-Cell"), count(page, ".jp-OutputArea-output")
    code, _ = press(page)
    dialog = page.wait_for_selector(".jp-Dialog")
    assert "not trusted" in dialog.inner_text() and code in json_text(dialog)
    page.click(".jp-Dialog button:has-text('Cancel')")
    page.wait_for_timeout(500)
    assert count(page, ".jp-Cell") == cells

    code, number = press(page)
    page.click(".jp-Dialog button:has-text('Run Once')")
    assert_written_and_not_run(page, lab, code, number, cells, shown)


def json_text(dialog):
    """The code that a dialog shows among its arguments."""
    shown = dialog.inner_text()
    return json.loads(shown[shown.index("{") : shown.rindex("}") + 1])["args"]["text"]
