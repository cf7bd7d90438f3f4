"""A kept notebook says the same wherever it is read: in the browser, light and dark, asserted on what can be seen."""

import pytest
from facts import KEPT, TAG, outputs, plain
from front_ends import FRONT_ENDS, SHOWS_MARKUP, WORDS_FOR_DRAWINGS, opened
from kernel import Page

THEMES = ("light", "dark")
TOUR = "01-tour"
# The tour in both themes in every front end; of the others each notebook and each front end has both, turn by turn.
# Colours themselves are measured in both for every notebook, in test_accessibility.py.
CASES = [
    (front_end, theme, path)
    for turn, front_end in enumerate(FRONT_ENDS)
    for number, path in enumerate(KEPT)
    for theme in (THEMES if path.stem == TOUR else [THEMES[(turn + number) % 2]])
]


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join([*case[:2], case[2].stem]))
def shown(request, browser, lab, tmp_path_factory):
    """A notebook in a front end, everything unfolded."""
    shown = opened(*request.param, browser, lab, tmp_path_factory.mktemp("pages"))
    yield shown
    shown.page.close()
    lab.end_kernels()


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_every_value_shows_itself(path):
    """The kernel's own words for a value are no page; of them only its own setting may be left."""
    words = [kept.words for kept in outputs(path) if set(kept.data) == {"text/plain"} and kept.is_value]
    assert [said for said in words if not said.startswith("Optimization:")] == []


def seen(shown):
    """What can be seen of each output, beside what was kept of it."""
    kept = outputs(shown.notebook)
    elements = shown.outputs
    assert len(elements) == len(kept)
    return zip(kept, elements)


def reading(shown, text):
    """A text as a reader takes it in, who looks past markup where it is shown."""
    return plain(TAG.sub("", text) if shown.front_end in SHOWS_MARKUP else text)


def assert_visible(element):
    box = element.bounding_box()
    assert element.is_visible() and box and box["width"] > 20 and box["height"] > 10


def test_no_output_is_empty(shown):
    for _, element in seen(shown):
        assert_visible(element)


def test_every_fact_can_be_read(shown):
    for kept, element in seen(shown):
        if kept.is_drawing and shown.front_end not in WORDS_FOR_DRAWINGS:
            continue
        words = reading(shown, element.inner_text())
        assert [fact for fact in kept.facts if reading(shown, fact) not in words] == []


def test_every_table_has_its_rows_and_heads(shown):
    if shown.front_end in {"nbconvert-words", *SHOWS_MARKUP}:
        pytest.skip("what sanitises here leaves no table; its words are tested instead")
    for kept, element in seen(shown):
        page = Page(kept.html)
        cells = element.eval_on_selector_all("th, td", "cells => cells.map(cell => cell.innerText)")
        assert [plain(cell) for cell in cells] == [plain(cell) for cell in page.cells]
        assert len(element.query_selector_all("tr")) == page.tags.count("tr")
        assert len(element.query_selector_all("th[scope]")) == page.tags.count("th")
        assert len(element.query_selector_all("caption")) == page.tags.count("caption")


def test_every_picture_is_drawn_or_said(shown):
    for kept, element in seen(shown):
        pictures = element.query_selector_all("img")
        if kept.is_drawing and shown.front_end not in WORDS_FOR_DRAWINGS:
            assert len(pictures) == 1
        for picture in pictures:
            if picture.get_attribute("src"):
                assert_visible(picture)
                assert colours(picture) > 2
            else:
                # An image that was taken away leaves its sentence, or stood beside its words.
                assert picture.get_attribute("alt") is not None


def colours(image):
    """How many colours a loaded image is drawn in: an empty one has one."""
    return image.evaluate(
        """async image => {
            await image.decode();
            const canvas = document.createElement('canvas');
            canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
            const context = canvas.getContext('2d');
            context.drawImage(image, 0, 0);
            const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
            return new Set(pixels).size;
        }"""
    )
