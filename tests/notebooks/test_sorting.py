"""A long table is sorted by its heads and filtered by words, where scripts may run, and loses no row."""

import pytest
from facts import KEPT, outputs

ROWS = "t => [...t.tBodies[0].rows].map(r => r.innerText)"
SHOWN = "t => [...t.tBodies[0].rows].filter(r => r.checkVisibility()).map(r => r.innerText)"

LONG = [path for path in KEPT if any("data-n" in output.html for output in outputs(path))]


def test_there_are_tables_to_sort():
    assert any("data-v" in output.html for path in LONG for output in outputs(path))


@pytest.fixture(params=LONG, ids=lambda path: path.stem)
def table(request, exports, browser):
    """The table of a notebook that has most to sort by."""
    page = browser.new_page()
    page.goto((exports / f"{request.param.stem}.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    tables = [each for each in page.query_selector_all(".jp-OutputArea-output table") if heads(each)]
    assert tables
    yield max(tables, key=lambda each: sum(len(set(values(each, number))) for number in range(len(heads(each)))))
    page.close()


def heads(table):
    return table.query_selector_all("thead th button")


def values(table, number):
    """The values of a column, of the rows that have one, from the top."""
    return table.evaluate(
        """(t, n) => [...t.tBodies[0].rows].map(r => r.cells[n]?.dataset.v).filter(v => v !== undefined).map(Number)""",
        number,
    )


def test_a_head_sorts_by_value_one_way_then_the_other_and_says_so(table):
    rows = sorted(table.evaluate(ROWS))
    by_value = [number for number in range(len(heads(table))) if len(set(values(table, number))) > 2]
    for number, head in enumerate(heads(table)):
        for order in ("ascending", "descending"):
            head.press("Enter")
            assert table.evaluate("t => [...t.tHead.rows[0].cells].map(h => h.ariaSort).filter(o => o)") == [order]
            assert head.evaluate("h => h.closest('th').ariaSort") == order
            assert sorted(table.evaluate(ROWS)) == rows
            if number in by_value:
                assert values(table, number) == sorted(values(table, number), reverse=order == "descending")


def test_words_filter_the_rows_and_none_bring_them_back(table):
    told = table.evaluate_handle("t => t.parentNode.previousElementSibling").as_element()
    field = told.evaluate_handle("o => o.previousElementSibling").as_element()
    assert field.get_attribute("type") == "search" and field.evaluate("f => f.ariaLabel")
    rows = table.evaluate(SHOWN)
    word = rows[len(rows) // 2].split()[0].upper()
    field.fill(word)
    left = [row for row in rows if word.lower() in row.lower()]
    assert table.evaluate(SHOWN) == left
    # The total below is of all rows.
    assert not table.evaluate("t => !!t.tFoot?.checkVisibility()")
    assert told.inner_text().strip().startswith(f"{len(left)} of ")
    field.fill(f"{word} no row says this")
    assert table.evaluate(SHOWN) == [] and told.inner_text().strip().startswith("0 of ")
    field.fill("")
    assert table.evaluate(SHOWN) == rows and told.inner_text().strip() == ""
