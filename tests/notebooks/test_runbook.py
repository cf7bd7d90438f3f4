"""A runbook on a bad day: it stops where it should, says why, and offers the way back of what really ran."""

import nbformat
import pytest
from kernel import IMPORT, NOTEBOOKS, NotebookClient, Shown, execute

DRAIN = NOTEBOOKS / "02-runbook-drain-and-patch.ipynb"
GUESTS = [{"vmid": 101, "name": "web-1", "status": "stopped"}]
FAULT = 'pve.practice(Fault::TaskFails("qmigrate".into(), "migration aborted".into()))?;'
AWAY = "pve.guests()?.filter(|g| home.contains(&g.vmid) && g.node != node && g.hastate.is_none()).len()"

# After the book, by whoever looks at it the next morning.
MORNING = [
    'println!("{}", book.page().text());',
    f'println!("away: {{}}", {AWAY});',
    'pve.clear_halt("read the log of the move that failed")?;\nlet back = book.rollback()?;\nback',
    "back.run()?;",
    f'println!("away: {{}}", {AWAY});',
]


def place_of(cells, words):
    return next(n for n, cell in enumerate(cells) if cell.cell_type == "code" and words in cell.source)


@pytest.fixture(scope="module")
def bad_day():
    """The runbook that drains a node, as it is kept, with one move that fails; and the book as it was left."""
    notebook = nbformat.read(DRAIN, as_version=4)
    cells = notebook.cells
    drain = place_of(cells, 'book.step("Drain it")')
    cells.insert(drain, nbformat.v4.new_code_cell(FAULT))
    morning = len(cells)
    cells += [nbformat.v4.new_code_cell(source) for source in MORNING]
    execute(notebook, allow_errors=True)
    return cells, drain + 1, morning


def shown(cell):
    return Shown(cell.outputs) if cell.cell_type == "code" else None


def test_it_stops_at_the_drain_and_does_nothing_after_it(bad_day):
    cells, drain, morning = bad_day
    failed = shown(cells[drain])
    assert "migration aborted" in failed.text
    later = [shown(cell) for cell in cells[drain + 1 : morning] if "book.step(" in cell.source]
    assert len(later) >= 4
    for each in later:
        # What comes after a step that failed has nothing to come after, or is refused by the halted session.
        assert "clear_halt" in each.text or "cannot find value" in each.text
        # Nobody is asked to patch a node that is not empty.
        assert "to be done by hand" not in each.stdout


def test_the_book_says_what_failed(bad_day):
    cells, _, morning = bad_day
    book = shown(cells[morning]).stdout
    assert "Drain it" in book and "Some guests failed to migrate" in book
    verdict = shown(cells[place_of(cells, "book.verdict()?")])
    assert "Drain it: failed" in verdict.text


def test_the_way_back_brings_home_what_had_moved(bad_day):
    cells, _, morning = bad_day
    away, plan, run, after = (shown(cell) for cell in cells[morning + 1 :])
    assert int(away.stdout.split("away: ")[1]) > 1
    assert "Undo the runbook" in plan.text and "migrate" in plan.text
    assert not run.errors, run
    assert after.stdout == "away: 0\n"


def strictly(cells, folder=NOTEBOOKS):
    """Runs cells as a scheduler does: nobody is there, and what nbclient says is all that is looked at."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in [IMPORT, *cells]])
    execute(notebook, folder, client=NotebookClient)
    return [Shown(cell.outputs) for cell in notebook.cells]


FAILED_BOOK = [
    'let pve = Pve::demo()?;\nlet book = Runbook::new(&pve, "Look", "every night");',
    'let _ = book.step("The moon").checks("the moon is green", |_| Ok(false)).run();',
    "book.verdict()?;",
    'println!("the next job");',
]


def test_a_scheduled_run_of_a_failed_book_is_a_failure(monkeypatch):
    monkeypatch.setenv("PVE_STRICT", "1")
    with pytest.raises(Exception) as failure:
        strictly(FAILED_BOOK)
    assert "verdict" in str(failure.value) or "died" in str(failure.value).lower()


def test_a_scheduled_run_of_a_good_book_is_none(monkeypatch):
    monkeypatch.setenv("PVE_STRICT", "1")
    *_, last = strictly([line.replace("Ok(false)", "Ok(true)") for line in FAILED_BOOK])
    assert last.stdout == "the next job\n"


def test_what_was_confirmed_yesterday_confirms_nothing_today(run_notebook, fakepve):
    guest = GUESTS[0]["vmid"]
    cells = [f"let pve = {fakepve.connect};", 'pve.arm("a test")?;', f"pve.guest({guest})?.delete()"]
    *_, plan = run_notebook(cells)
    code = plan.text.split('.confirm("')[1].split('"')[0]
    *_, ran = run_notebook([*cells[:2], f'pve.guest({guest})?.delete().confirm("{code}").run()?;'])
    assert "not this plan's code" in ran.text
    assert fakepve.tasks(guest) == []
    assert fakepve.status(guest) == "stopped"


def test_yesterdays_notebook_does_nothing_on_a_session_that_only_looks(run_notebook, fakepve):
    *_, ran = run_notebook([f"let pve = {fakepve.connect};", "pve.guest(101)?.start().run()?;"])
    assert "pve.arm" in ran.text
    assert fakepve.tasks(101) == []
