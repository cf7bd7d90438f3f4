"""Whoever sees no colours, uses the keyboard or has a page read aloud gets the same: measured by axe-core and by us."""

import sys
from pathlib import Path

AXE = Path(sys.prefix) / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
LEAST_CONTRAST = 4.5
# Every visible text of our outputs with the colour that it has and the ground that it stands on.
TEXTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
  const light = colour => {
    const [r, g, b] = colour.map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    if (!element) return [255, 255, 255];
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own.slice(0, 3) : over(own, ground(element.parentElement));
  };
  const found = new Map();
  for (const output of document.querySelectorAll('.jp-OutputArea-output')) {
    const walk = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const text = walk.currentNode, holder = text.parentElement;
      if (!text.textContent.trim() || holder.matches('style, script') || !holder.checkVisibility()) continue;
      const below = ground(holder), ink = over(rgba(getComputedStyle(holder).color), below);
      const [low, high] = [light(ink), light(below)].sort((x, y) => x - y);
      found.set(text.textContent.trim(), (high + 0.05) / (low + 0.05));
    }
  }
  return [...found];
}"""


def violations(page):
    """What axe finds in the outputs, in words: the rule, how grave it is, and where."""
    page.add_script_tag(path=AXE)
    found = page.evaluate(
        "() => axe.run({include: [['.jp-OutputArea-output']]}, {resultTypes: ['violations']}).then(r => r.violations)"
    )
    return [
        f"{rule['impact']} {rule['id']}: {rule['help']}: first of {len(rule['nodes'])}: {rule['nodes'][0]['html'][:200]}"
        for rule in found
        if rule["impact"] in SERIOUS
    ]


def test_axe_finds_nothing_serious(exported):
    assert violations(exported) == []


def test_every_text_stands_out_from_its_ground(exported):
    texts = exported.evaluate(TEXTS)
    assert len(texts) > 20
    assert [(text[:60], round(contrast, 2)) for text, contrast in texts if contrast < LEAST_CONTRAST] == []


def test_what_can_be_pressed_is_reached_by_the_keyboard_in_order(exported):
    exported.eval_on_selector("body", "b => { b.tabIndex = -1; b.focus() }")
    wanted = exported.evaluate(
        """() => {
          const all = [...document.querySelectorAll('.jp-OutputArea-output :is(summary, button, a[href], input)')]
            .filter(each => each.checkVisibility());
          all.forEach((each, n) => each.dataset.order = n);
          return all.length;
        }"""
    )
    reached, last = [], None
    for _ in range(40 * wanted + 100):
        exported.keyboard.press("Tab")
        order, drawn = exported.evaluate(
            """() => {
              const at = document.activeElement, style = getComputedStyle(at);
              return [at === document.body ? null : at.dataset.order ?? -1,
                      style.outlineStyle !== 'none' || style.boxShadow !== 'none'];
            }"""
        )
        if order is None and last is not None:
            break
        last = order
        if order not in (None, -1):
            reached.append(int(order))
            assert drawn, "the place of the keyboard is not shown"
        if len(reached) == wanted:
            break
    # A page for those who only read may have nothing to press.
    assert (wanted or exported.notebook.stem.startswith("1")) and reached == list(range(wanted))


def test_axe_is_awake(browser):
    page = browser.new_page()
    page.set_content("<main><div class='jp-OutputArea-output'><button></button></div></main>")
    assert any("button-name" in found for found in violations(page))
    page.close()
