"""After a cell that failed, in whatever way, nothing more happens until a person says so."""

import pytest

WEB, DATABASE, BROKEN = 100, 101, 102
GUESTS = [
    {"vmid": WEB, "name": "web-1", "status": "running"},
    {"vmid": DATABASE, "name": "db-1", "status": "stopped"},
    {"vmid": BROKEN, "name": "broken-1", "status": "stopped", "start_error": "volume vm-102-disk-0 does not exist"},
]

# How a cell can fail: the cell, and a word of the failure that the later refusal has to say.
FAILURES = {
    "a refused run": (f"pve.guest({WEB})?.start().run()?;", "running"),
    "a failed run": (f"pve.guest({BROKEN})?.start().run()?;", "vm-102-disk-0"),
    "a failed run that nobody looked at": (f"let _ = pve.guest({BROKEN})?.start().run();", "vm-102-disk-0"),
    "a false require": ('pve.require("the backup is fresh", false)?;', "the backup is fresh"),
    "an error of ours": ("pve.guest(999)?;", "error"),
    "an error of others": ('"x".parse::<i32>()?;', "error"),
    "an error after half a line": ('print!("half a line"); "x".parse::<i32>()?;', "error"),
    "a panic after half a line": ('print!("half a line"); panic!("the rack is on fire");', "panic"),
    "a panic": ('panic!("the rack is on fire");', "panic"),
}
START = f"pve.guest({DATABASE})?.start().run()?;"
failures = pytest.mark.parametrize(("failing", "word"), FAILURES.values(), ids=FAILURES.keys())


def connected(kernel, fakepve):
    """A new armed session on the fake, called `pve`."""
    assert kernel.run(f"let pve = {fakepve.connect};").text == ""
    # What failed in the test before halts every session of the kernel.
    kernel.run('pve.clear_halt("the next test begins")?;')
    kernel.run('pve.arm("a test of the halted session")?;')


@failures
def test_after_a_failure_no_later_cell_acts(kernel, fakepve, failing, word):
    connected(kernel, fakepve)
    kernel.run(f"let planned = pve.guest({DATABASE})?.start();")
    assert fakepve.tasks(DATABASE) == []

    kernel.run(failing)
    refusals = [kernel.run(START), kernel.run("planned.run()?;"), kernel.run(START.replace("pve.", "pve.clone()."))]

    assert fakepve.tasks(DATABASE) == []
    assert fakepve.status(DATABASE) == "stopped"
    for refusal in refusals:
        assert "clear_halt" in refusal.text
        assert word in refusal.text.lower()


@failures
def test_a_person_lets_it_go_on(kernel, fakepve, failing, word):
    connected(kernel, fakepve)
    kernel.run(failing)
    kernel.run(START)
    assert fakepve.tasks(DATABASE) == []

    kernel.run('pve.clear_halt("looked: it does not matter here")?;')
    kernel.run(START)

    assert [task["type"] for task in fakepve.tasks(DATABASE)] == ["qmstart"]
    assert fakepve.status(DATABASE) == "running"


@pytest.mark.parametrize("failing", ['"x".parse::<i32>()?;', 'panic!("the rack is on fire");'], ids=["error", "panic"])
def test_run_all_goes_on_but_nothing_acts(run_notebook, fakepve, failing):
    *_, act, look = run_notebook(
        [
            f"let pve = {fakepve.connect};",
            'pve.arm("a test of Run All")?;',
            failing,
            START,
            f'println!("stopped: {{}}", pve.guest({DATABASE})?.is_stopped());',
        ]
    )
    assert "clear_halt" in act.text
    assert look.stdout == "stopped: true\n"
    assert fakepve.tasks(DATABASE) == []


def test_a_session_on_a_server_looks_only_until_it_is_armed(kernel, fakepve):
    kernel.run(f"let pve = {fakepve.connect};")
    kernel.run('pve.clear_halt("the next test begins")?;')
    assert "pve.arm" in kernel.run(START).text
    assert fakepve.tasks(DATABASE) == []


def test_the_demo_halts_too(kernel):
    kernel.run("let pve = Pve::demo()?;")
    kernel.run('pve.clear_halt("the next test begins")?;')
    kernel.run("let guest = pve.guests()?.find(|g| g.is_stopped() && !g.is_template()).unwrap();")
    kernel.run('"x".parse::<i32>()?;')
    assert "clear_halt" in kernel.run("guest.start().run()?;").text
    assert kernel.run('println!("{}", pve.guest(guest.vmid)?.is_stopped());').stdout == "true\n"


@failures
def test_a_session_opened_after_a_failure_is_halted_as_well(kernel, fakepve, failing, word):
    connected(kernel, fakepve)
    kernel.run(failing)
    kernel.run(f"let pve = {fakepve.connect};")
    kernel.run('pve.arm("a new session")?;')

    assert "clear_halt" in kernel.run(START).text
    assert fakepve.tasks(DATABASE) == []


def test_many_sessions_share_one_watch(kernel):
    count = 'println!("{}", std::fs::read_dir("/proc/self/fd")?.count());'
    kernel.run("Pve::demo()?;")
    before = kernel.run(count).stdout
    kernel.run("let kept: Vec<Pve> = (0..50).map(|_| Pve::demo()).collect::<Result<_, _>>()?;")
    assert kernel.run(count).stdout == before
