"""The notebooks give today, in the real kernel, what is kept in them."""

import copy
import difflib
import re

import nbformat
import pytest
from kernel import NOTEBOOKS, Shown, execute, normalise

KEPT = sorted(NOTEBOOKS.glob("*.ipynb"))
# As many lines of a difference as a person reads.
LONGEST = 200
# The code that confirms a plan is each session's own.
CODE = re.compile(r"""(confirm\((?:&quot;|&#34;|&amp;quot;|\\|")+)[0-9A-Z]{4}""")


def transcript(notebook):
    """The notebook as lines: what each cell asked, and every byte that it showed."""
    lines = []
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        lines += [f"# cell {number}", *cell.source.splitlines()]
        for output in cell.outputs:
            if output.output_type == "stream":
                lines += [f"## {output.name}", *output.text.split("\n")]
            elif output.output_type == "error":
                lines += ["## error", output.ename, output.evalue]
            else:
                for mime, content in sorted(output.data.items()):
                    # Markup without line breaks makes a readable difference only when broken at its elements.
                    content = CODE.sub(r"\g<1>····", content)
                    lines += [f"## {mime}", *content.replace("><", ">\n<").split("\n")]
    return lines


@pytest.fixture(scope="module", params=KEPT, ids=lambda path: path.stem)
def runs(request):
    """A notebook as it is kept, and as it comes out today."""
    kept = normalise(nbformat.read(request.param, as_version=4))
    today = copy.deepcopy(kept)
    for cell in today.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return kept, execute(today)


def test_there_is_a_tour():
    assert any(path.name == "01-tour.ipynb" for path in KEPT)


def test_every_output_is_the_one_that_is_kept(runs):
    kept, today = map(transcript, runs)
    difference = list(difflib.unified_diff(kept, today, "kept", "today", lineterm="", n=4))
    if difference:
        more = f"\n… and {len(difference) - LONGEST} lines more" if len(difference) > LONGEST else ""
        shown = "\n".join(difference[:LONGEST])
        pytest.fail(f"not what is kept; run `make tour` if it is meant:\n{shown}{more}", pytrace=False)


def test_no_cell_of_a_notebook_fails(runs):
    _, today = runs
    for number, cell in enumerate(today.cells, 1):
        if cell.cell_type == "code" and "fails" not in cell.metadata.get("tags", []):
            shown = Shown(cell.outputs)
            assert not shown.stderr and not shown.errors, f"cell {number}: {shown}"
