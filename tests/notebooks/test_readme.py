"""What the README shows works as it stands there, in the real kernel, and what it points to is there."""

import re

import pytest
from kernel import REPO

README = (REPO / "README.md").read_text()
BLOCKS = re.findall(r"^```rust\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
# Every notebook begins as the first block does; the journal's reads a file that only whoever acted on a cluster has.
SHOWN = [block for block in BLOCKS[1:] if "Journal::" not in block]


def linked():
    """Everything inside the repository that the README links to or shows."""
    return [each for each in re.findall(r"\]\(([^)#\s]+)\)", README) if "://" not in each]


@pytest.fixture(scope="module")
def shown(kernel):
    """What each block shows, run one after the other as a reader would."""
    assert not kernel.run("let pve = Pve::demo()?;").errors
    return {block: kernel.run(block) for block in SHOWN}


def test_the_readme_shows_blocks():
    assert len(SHOWN) >= 7 and len(SHOWN) == len(BLOCKS) - 2
    assert ":dep" in BLOCKS[0]


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.splitlines()[0][:40])
def test_a_block_runs_and_shows_something(shown, block):
    result = shown[block]
    assert not result.errors and not result.stderr, result
    # A cell that ends in a declaration shows nothing.
    assert result.html or block.rstrip().splitlines()[-1].split("//")[0].rstrip().endswith(";")


def test_a_question_of_ones_own_is_ten_lines_and_can_be_passed_on(shown):
    [own] = [block for block in SHOWN if "fn without_owner" in block]
    assert len(own.splitlines()) <= 10
    words = shown[own].data("text/plain")
    assert "Which running guests belong to nobody?" in words and "of them, by the tag owner." in words
    # Where it comes from, which `based_on` adds.
    assert "GET /cluster/resources" in words


@pytest.mark.parametrize("path", linked())
def test_what_it_links_to_is_there(path):
    assert (REPO / path).exists()


def test_it_links_to_every_notebook():
    assert {f"notebooks/{path.name}" for path in (REPO / "notebooks").glob("*.ipynb")} <= set(linked())
