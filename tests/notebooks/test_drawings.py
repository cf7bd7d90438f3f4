"""What is drawn can be read: no word of a drawing lies on another, leaves the drawing, or is too faint on its ground."""

import pytest
from facts import KEPT, outputs

DRAWINGS = {
    f"{path.stem}-{number}-{part}": svg
    for path in KEPT
    for number, output in enumerate(outputs(path), 1)
    for part, svg in enumerate(output.drawings, 1)
    if "<text" in svg
}
LEAST_CONTRAST = 4.5
# The boxes of words include room for accents and tails, which lines that stand close may share.
MEASURE = """() => {
  const svg = document.querySelector('svg'), frame = svg.getBoundingClientRect();
  const rgb = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const over = (top, ground) => {
    const part = top[3] === undefined ? 1 : top[3];
    return [0, 1, 2].map(i => top[i] * part + ground[i] * (1 - part));
  };
  const light = colour => {
    const [r, g, b] = colour.map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  // The colour under a point: what is filled there, from the ground up. A thin line is no ground.
  const fills = (each, x, y) => each.isPointInFill?.(new DOMPoint(x, y).matrixTransform(each.getScreenCTM().inverse()));
  const ground = (x, y) => document.elementsFromPoint(x, y).reverse()
    .filter(each => svg.contains(each) && fills(each, x, y))
    .reduce((below, each) => {
      const style = getComputedStyle(each), fill = rgb(style.fill);
      if (style.fill === 'none' || !fill.length) return below;
      const part = (fill[3] ?? 1) * style.fillOpacity * style.opacity;
      return over([...fill.slice(0, 3), part], below);
    }, [255, 255, 255]);
  return [...svg.querySelectorAll('text')].filter(each => each.textContent.trim()).map(each => {
    const box = each.getBoundingClientRect(), slack = box.height * 0.16;
    const [left, right, top, bottom] = [box.left, box.right, box.top + slack, box.bottom - slack];
    const ink = rgb(getComputedStyle(each).fill).slice(0, 3), middle = (top + bottom) / 2;
    const contrasts = [0.02, 0.25, 0.5, 0.75, 0.98].map(part => {
      const below = ground(left + (right - left) * part, middle);
      return contrast(over([...ink, +getComputedStyle(each).opacity], below), below);
    });
    return {
      words: each.textContent, left, right, top, bottom, contrast: Math.min(...contrasts),
      inside: left >= frame.left - 1 && right <= frame.right + 1 && top >= frame.top - 1 && bottom <= frame.bottom + 1,
    };
  });
}"""


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.set_viewport_size({"width": 2400, "height": 2400})
    yield page
    page.close()


@pytest.fixture(params=DRAWINGS)
def words(request, page):
    """The words of a drawing as they are drawn, each with its box and its least contrast."""
    page.set_content(f"<!DOCTYPE html><body style='margin:0'>{DRAWINGS[request.param]}")
    return page.evaluate(MEASURE)


def lie_on_each_other(one, other):
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return across > 1 and down > 1


def test_no_word_lies_on_another(words):
    pairs = [(one, other) for n, one in enumerate(words) for other in words[:n]]
    assert [(one["words"], other["words"]) for one, other in pairs if lie_on_each_other(one, other)] == []


def test_every_word_is_inside_the_drawing(words):
    assert [each["words"] for each in words if not each["inside"]] == []


def test_every_word_stands_out_from_its_ground(words):
    faint = [(each["words"], round(each["contrast"], 2)) for each in words if each["contrast"] < LEAST_CONTRAST]
    assert faint == []
