"""A notebook as GitHub shows it: drawings drawn, HTML cut down to its published list of what is allowed, else words.

The list is that of github/markup's sanitisation, as html-pipeline's SanitizationFilter has it.
"""

from html import escape

import mistune
import nbformat
import nh3
from facts import as_address

ELEMENTS = set(
    """
    h1 h2 h3 h4 h5 h6 br b i strong em a pre code img tt div ins del sup sub p ol ul table thead tbody tfoot blockquote
    dl dt dd kbd q samp var hr ruby rt rp li tr td th s strike summary details caption figure figcaption abbr bdo cite
    dfn mark small span time wbr
    """.split()
)
ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "longdesc"},
    "div": {"itemscope", "itemtype"},
    **{name: {"cite"} for name in ("blockquote", "del", "ins", "q")},
    "*": set(
        """
        abbr accept accept-charset accesskey action align alt aria-describedby aria-hidden aria-label aria-labelledby
        axis border cellpadding cellspacing char charoff charset checked clear cols colspan color compact coords
        datetime dir disabled enctype for frame headers height hreflang hspace id ismap label lang maxlength media
        method multiple name nohref noshade nowrap open progress prompt readonly rel rev role rows rowspan rules scope
        selected shape size span start summary tabindex title type usemap valign value width itemprop
        """.split()
    ),
}
# An image comes from an address of the web: none is kept that the page brings along.
SCHEMES = {"http", "https", "mailto"}

COLOURS = {
    "light": {"ink": "#1f2328", "ground": "#ffffff", "line": "#d1d9e0", "link": "#0969da", "stripe": "#f6f8fa"},
    "dark": {"ink": "#f0f6fc", "ground": "#0d1117", "line": "#3d444d", "link": "#4493f8", "stripe": "#151b23"},
}
STYLE = """
:root {{ color-scheme: {theme}; }}
body {{ max-width: 1012px; margin: 0 auto; padding: 32px; background: {ground}; color: {ink};
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }}
a {{ color: {link}; }}
pre, code {{ font: 85%/1.45 ui-monospace, monospace; background: {stripe}; border-radius: 6px; }}
pre {{ padding: 16px; overflow: auto; }}
table {{ display: block; width: max-content; max-width: 100%; overflow: auto; border-collapse: collapse; }}
th, td {{ padding: 6px 13px; border: 1px solid {line}; }}
tr {{ background: {ground}; border-top: 1px solid {line}; }}
tr:nth-child(2n) {{ background: {stripe}; }}
p, pre, table, details, blockquote {{ margin: 0 0 16px; }}
img {{ max-width: 100%; }}
"""


def allowed(html):
    """What is left of HTML; of an element that is not allowed, its text."""
    return nh3.clean(html, tags=ELEMENTS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=None)


def shown(output):
    """One output: of what it holds, the first that GitHub prefers."""
    data = output.get("data") or {"text/plain": output.get("text", "")}
    if "text/html" in data:
        return allowed(data["text/html"])
    if "image/svg+xml" in data:
        return f'<img src="{as_address(data["image/svg+xml"])}" alt="">'
    return f"<pre>{escape(data['text/plain'])}</pre>"


def page(notebook, theme):
    """The whole notebook as a page."""
    parts = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "markdown":
            parts.append(allowed(mistune.html(cell.source)))
            continue
        parts.append(f"<pre>{escape(cell.source)}</pre>")
        parts += [f'<div class="output">{shown(output)}</div>' for output in cell.outputs]
    style = STYLE.format(theme=theme, **COLOURS[theme])
    head = f'<meta charset="utf-8"><title>{notebook.stem}</title><style>{style}</style>'
    return f'<!DOCTYPE html><html lang="en"><head>{head}</head><body><main>{"".join(parts)}</main></body></html>'
