"""`make html`: every notebook as one file that needs nothing else."""

import re

import pytest

from facts import KEPT, outputs, plain

# Those who only read get a page: two sheets at most.
FOR_READERS = [notebook for notebook in KEPT if notebook.name.startswith("1")]


@pytest.mark.parametrize("notebook", FOR_READERS, ids=lambda notebook: notebook.stem)
def test_a_page_for_readers_fits_two_sheets(notebook, exports, browser):
    page = browser.new_page()
    page.goto((exports / f"{notebook.stem}.html").as_uri())
    sheets = len(re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4")))
    page.close()
    assert 1 <= sheets <= 2


@pytest.mark.parametrize("notebook", FOR_READERS, ids=lambda notebook: notebook.stem)
def test_on_paper_what_could_not_be_seen_stands_open_and_tables_and_calls_do_not(notebook, exports, browser):
    page = browser.new_page()
    page.goto((exports / f"{notebook.stem}.html").as_uri())
    shown = "d => d.lastElementChild.checkVisibility()"
    folded = page.query_selector_all(".pve details:not([open])")
    assert [part.evaluate(shown) for part in folded] == [False] * len(folded)
    page.emulate_media(media="print")
    titles = [part.query_selector("summary").inner_text() for part in folded if part.evaluate(shown)]
    gaps = [title for title in titles if title.startswith("What could not be seen")]
    assert titles == gaps
    # The customer's page says it in its first lines.
    assert len(gaps) == (0 if "customer" in notebook.name else 1)
    page.close()


def test_there_are_pages_for_readers():
    assert len(FOR_READERS) == 4


def test_a_file_stands_alone_and_says_what_it_is(exported, exports):
    assert exported.asked == []
    heading = exported.query_selector("h1").evaluate("h => h.firstChild.textContent")
    assert exported.title() == heading
    for link in exported.query_selector_all("a[href$='.html'], a[href$='.ipynb']"):
        address = link.get_attribute("href")
        assert "://" in address or (exports / address).exists()


def test_every_fact_can_be_read_and_drawings_are_said_in_words(exported):
    kept, elements = outputs(exported.notebook), exported.query_selector_all(".jp-OutputArea-output")
    assert len(elements) == len(kept)
    for output, element in zip(kept, elements):
        words = plain(element.inner_text())
        assert [fact for fact in output.facts if fact not in words] == []
    for picture in exported.query_selector_all("img"):
        assert picture.evaluate("i => i.complete && i.naturalWidth > 0")


def test_the_page_itself_does_not_scroll_sideways(exported, width):
    assert exported.evaluate("document.documentElement.scrollWidth") <= width


def test_no_sentence_leaves_the_page(exported, width):
    ends = exported.evaluate(
        """() => [...document.querySelectorAll('.jp-RenderedMarkdown :is(p, li, h1, h2, h3, :not(pre) > code)')]
          .map(each => [each.innerText, each.getBoundingClientRect().right])"""
    )
    assert ends and [words for words, end in ends if end > width] == []


def test_no_text_is_cut_off(exported):
    cut = exported.evaluate(
        """() => [...document.querySelectorAll('.jp-OutputArea-output *')]
          .filter(each => each.checkVisibility() && getComputedStyle(each).overflowX === 'hidden')
          .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.innerText)"""
    )
    assert cut == []
