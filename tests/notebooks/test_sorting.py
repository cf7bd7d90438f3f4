"""A long table is sorted by its heads and filtered by words, where scripts may run, and loses no row."""

import time

import pytest
from facts import KEPT, outputs
from front_ends import LABS
from kernel import IMPORT, Kernel

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
    tables = sortable(page)
    assert tables
    yield max(tables, key=lambda each: sum(len(set(values(each, number))) for number in range(len(heads(each)))))
    page.close()


def heads(table):
    return table.query_selector_all("thead th button")


def sortable(page):
    """The tables of a page that can be sorted."""
    return [each for each in page.query_selector_all("table") if heads(each)]


def told_and_field(table):
    """What says how many rows are left, and the field that filters them."""
    told = table.evaluate_handle("t => t.parentNode.previousElementSibling").as_element()
    return told, told.evaluate_handle("o => o.previousElementSibling").as_element()


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
    told, field = told_and_field(table)
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


def opened(browser, lab, front_end):
    """A long table of a notebook in a front end of Jupyter, with all parts unfolded."""
    page = browser.new_page()
    page.goto(lab.url + LABS[front_end].format(LONG[0].stem))
    page.wait_for_selector(".jp-OutputArea-output .pve table", state="attached", timeout=60_000)
    page.wait_for_timeout(1_000)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    return page


@pytest.mark.parametrize("front_end", ["lab-trusted", "notebook-7"])
def test_a_trusted_notebook_sorts_and_filters(front_end, browser, lab):
    page = opened(browser, lab, front_end)
    tables = sortable(page)
    assert tables
    table = max(tables, key=lambda each: len(each.evaluate(ROWS)))
    rows = table.evaluate(ROWS)
    heads(table)[0].press("Enter")
    assert table.evaluate("t => t.tHead.rows[0].cells[0].ariaSort") == "ascending"
    assert sorted(table.evaluate(ROWS)) == sorted(rows)
    _, field = told_and_field(table)
    field.fill("no row says this")
    assert table.evaluate(SHOWN) == []
    page.close()


def test_a_notebook_that_is_not_trusted_offers_nothing_that_does_not_work_and_loses_no_row(browser, lab):
    page = opened(browser, lab, "lab-untrusted")
    assert page.query_selector_all(".jp-OutputArea-output thead th button") == []
    count = "() => document.querySelectorAll('.jp-OutputArea-output tbody tr').length"
    untrusted = page.evaluate(count)
    page.close()
    page = opened(browser, lab, "lab-trusted")
    assert untrusted == page.evaluate(count) > 0
    page.close()


def test_ten_thousand_rows_are_sorted_and_filtered_without_a_wait(folder, browser):
    kernel = Kernel(folder)
    assert not kernel.run(IMPORT).errors
    rows = '(0..10_000_u64).map(|n| vec![Cell::from(n), Cell::from(format!("row {}", 10_000 - n))])'
    shown = kernel.run(f'Page::new("Many").table(Grid::new(["Number", "Name"]).rows({rows}))')
    kernel.close()
    page = browser.new_page()
    page.set_content(shown.html)
    [table] = sortable(page)
    assert len(table.evaluate(ROWS)) == 10_000
    since = time.monotonic()
    heads(table)[0].press("Enter")
    heads(table)[0].press("Enter")
    assert table.evaluate("t => t.tBodies[0].rows[0].cells[0].innerText").startswith("9")
    _, field = told_and_field(table)
    field.fill("row 77")
    assert len(table.evaluate(SHOWN)) == sum("77" in f"{n} row {10_000 - n}" for n in range(10_000))
    assert time.monotonic() - since < 30
    page.close()
