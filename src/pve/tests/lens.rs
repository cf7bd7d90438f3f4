//! Lenses: what one adds, hides, and says in other words, in every list and on every page of the demo cluster; and what
//! none changes.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::lens::{Lens, Unit, is_same};
use crate::model::guest::Guest;
use crate::model::lens::Inspected;
use crate::model::list::{List, Listed};
use crate::model::node::Node;
use crate::model::pool::Pool;
use crate::model::storage::Storage;
use crate::model::task::Task;
use crate::page::{Block, Cell, Level, Page, bare_title};
use crate::pve::Pve;
use crate::pve::staged::{refusing, staged, words};
use crate::render::View;
use crate::text::Text;
use crate::units::{Bytes, hours};

const UPID: &str = "UPID:pve1:00013900:15A97F44:6968A661:qmstart:106:alice@pve:";

/// A lens that shows something else in lists of this type: a column more, and without its second.
fn otherwise<T: Listed>() -> (Lens, Text) {
    let victim = T::columns().get(1).map(|column| column.name().clone()).unwrap_or_else(|| "Added".into());
    let lens = Lens::new("somebody").hide_column_of::<T>(victim.clone());
    (lens.column("Seen here", |_: &T| "as added"), victim)
}

/// What a lens does to a list holds: in its table, and on its page.
#[track_caller]
fn holds<T: Listed>(what: &str, read: impl Fn(&Pve) -> Result<List<T>, Error>) {
    let pve = Pve::demo().unwrap();
    let plain = read(&pve).unwrap_or_else(|error| panic!("{what}: {error}"));
    let (lens, victim) = otherwise::<T>();
    let seen = read(&pve.with(&lens)).unwrap();
    assert_eq!(plain.len(), seen.len(), "{what}");
    let (before, after) = (plain.table().grid(), seen.table().grid());
    assert!(before.columns.contains(&victim), "{what}");
    assert!(!after.columns.iter().any(|name| is_same(name, &victim)), "{what}: {:?}", after.columns);
    let at = after.columns.iter().position(|name| name == "Seen here").unwrap_or_else(|| panic!("{what}"));
    assert!(after.rows.iter().all(|row| row[at] == Cell::from("as added") || after.gap.is_some()), "{what}");
    assert_eq!(before.rows.len(), after.rows.len(), "{what}");
    // The sentence above the table is the same.
    assert_eq!(answers(&plain.page()), answers(&seen.page()), "{what}");
    assert!(words(&seen).contains("as seen by somebody"), "{what}: {}", seen.page().text());
}

fn answers(page: &Page) -> Vec<(String, String)> {
    let said = page.blocks.iter().filter_map(|block| match block {
        Block::Answer(fact, rest) => Some((fact.raw().to_owned(), rest.raw().to_owned())),
        _ => None,
    });
    said.collect()
}

macro_rules! every_list {
    ($($read:expr),+ $(,)?) => {
        $(holds(stringify!($read), $read);)+
    };
}

#[test]
fn in_every_list_the_hidden_column_is_absent_the_added_one_present_and_the_lens_named() {
    every_list!(
        |pve: &Pve| pve.nodes(),
        |pve: &Pve| pve.guests(),
        |pve: &Pve| Ok(pve.guests()?.filter(Guest::is_running).sorted_by_key(|guest| guest.mem).take(3)),
        |pve: &Pve| pve.storages(),
        |pve: &Pve| pve.tasks(),
        |pve: &Pve| pve.tasks_since(pve.ago(hours(24))),
        |pve: &Pve| pve.task_query().read(),
        |pve: &Pve| pve.pools(),
        |pve: &Pve| pve.backups(),
        |pve: &Pve| pve.volumes(),
        |pve: &Pve| pve.resources(),
        |pve: &Pve| pve.cluster_nodes(),
        |pve: &Pve| pve.log(),
        |pve: &Pve| pve.ha_status(),
        |pve: &Pve| pve.ha_nodes(),
        |pve: &Pve| pve.ha_resources(),
        |pve: &Pve| pve.ha_rules(),
        |pve: &Pve| pve.backup_jobs(),
        |pve: &Pve| pve.not_backed_up(),
        |pve: &Pve| pve.replication_jobs(),
        |pve: &Pve| pve.mappings(),
        |pve: &Pve| pve.metrics_servers(),
        |pve: &Pve| pve.notification_targets(),
        |pve: &Pve| pve.notification_endpoints(),
        |pve: &Pve| pve.notification_matchers(),
        |pve: &Pve| pve.realm_sync_jobs(),
        |pve: &Pve| pve.users(),
        |pve: &Pve| pve.tokens(),
        |pve: &Pve| pve.second_factors(),
        |pve: &Pve| pve.groups(),
        |pve: &Pve| pve.roles(),
        |pve: &Pve| pve.acl(),
        |pve: &Pve| pve.realms(),
        |pve: &Pve| pve.permissions(),
        |pve: &Pve| pve.firewall_rules(),
        |pve: &Pve| pve.security_groups(),
        |pve: &Pve| pve.ip_sets(),
        |pve: &Pve| pve.aliases(),
        |pve: &Pve| pve.sdn_zones(),
        |pve: &Pve| pve.vnets(),
        |pve: &Pve| pve.node("pve1")?.guests(),
        |pve: &Pve| pve.node("pve1")?.storages(),
        |pve: &Pve| pve.node("pve1")?.services(),
        |pve: &Pve| pve.node("pve1")?.disks(),
        |pve: &Pve| pve.node("pve1")?.networks(),
        |pve: &Pve| pve.node("pve1")?.updates(),
        |pve: &Pve| pve.node("pve1")?.certificates(),
        |pve: &Pve| pve.node("pve1")?.permissions(),
        |pve: &Pve| pve.guest(101)?.disks(),
        |pve: &Pve| pve.guest(101)?.nets(),
        |pve: &Pve| pve.guest(103)?.snapshots(),
        |pve: &Pve| pve.guest(101)?.tasks(),
        |pve: &Pve| pve.guest(101)?.backup_jobs(),
        |pve: &Pve| pve.guest(101)?.backups(),
        |pve: &Pve| pve.guest(101)?.permissions(),
        |pve: &Pve| pve.guest(103)?.addresses(),
        |pve: &Pve| pve.guests()?.configs(),
        |pve: &Pve| Ok(pve.guest(101)?.config()?.disks()),
        |pve: &Pve| Ok(pve.guest(101)?.config()?.nets()),
        |pve: &Pve| Ok(pve.node("pve1")?.blast_radius()?.guests),
        |pve: &Pve| Ok(pve.guests()?.each(Guest::snapshots).together()),
        |pve: &Pve| pve.storage("local")?.content(),
        |pve: &Pve| pve.storage("ceph-vm")?.used_by(),
        |pve: &Pve| pve.pool("prod")?.all_guests(),
        |pve: &Pve| pve.pool("prod")?.storages(),
        |pve: &Pve| pve.firewall().rules(),
    );
}

/// An object of the demo cluster, and the parts that its page may have.
type Shown = (&'static str, fn(&Pve) -> Result<Page, Error>, &'static [&'static str]);

const OBJECTS: [Shown; 14] = [
    ("the cluster", |pve| Ok(pve.page()), Pve::PARTS),
    ("a VM that is off", |pve| Ok(pve.guest(101)?.page()), Guest::PARTS),
    ("a VM that runs", |pve| Ok(pve.guest(103)?.page()), Guest::PARTS),
    ("a VM on a node that is offline", |pve| Ok(pve.guest(130)?.page()), Guest::PARTS),
    ("a template", |pve| Ok(pve.guest(900)?.page()), Guest::PARTS),
    ("a container", |pve| Ok(pve.guest(204)?.page()), Guest::PARTS),
    ("a node", |pve| Ok(pve.node("pve1")?.page()), Node::PARTS),
    ("a node that is offline", |pve| Ok(pve.node("pve4")?.page()), Node::PARTS),
    ("a storage", |pve| Ok(pve.storage("local")?.page()), Storage::PARTS),
    ("a shared storage", |pve| Ok(pve.storage("ceph-vm")?.page()), Storage::PARTS),
    ("a pool", |pve| Ok(pve.pool("prod")?.page()), Pool::PARTS),
    ("a task", |pve| Ok(pve.task(UPID)?.page()), Task::PARTS),
    ("a user", |pve| Ok(pve.users()?.first().unwrap().page()), crate::model::record::PARTS),
    ("a backup job", |pve| Ok(pve.backup_jobs()?.first().unwrap().page()), crate::model::record::PARTS),
];

/// The titles of the parts of a page.
fn titles(blocks: &[Block]) -> Vec<Text> {
    let sections = blocks.iter().filter_map(|block| match block {
        Block::Section(section) => Some(bare_title(&section.title)),
        _ => None,
    });
    sections.collect()
}

#[test]
fn every_part_of_a_page_is_known_and_can_be_hidden_alone() {
    let pve = Pve::demo().unwrap();
    for (what, object, parts) in OBJECTS {
        let plain = titles(&object(&pve).unwrap().blocks);
        let known = |title: &Text| parts.iter().any(|part| title == part);
        assert!(plain.iter().all(known), "{what}: {plain:?} are not all among its PARTS, {parts:?}");
        for hidden in &plain {
            let lens = Lens::new("somebody").hide_section(hidden.clone());
            let page = object(&pve.with(&lens)).unwrap();
            let seen = titles(&page.seen().blocks);
            let rest: Vec<&Text> = plain.iter().filter(|title| *title != hidden).collect();
            assert_eq!(seen.iter().collect::<Vec<_>>(), rest, "{what} without {hidden}");
            assert!(words(&page).contains("as seen by somebody"), "{what}");
        }
    }
}

/// Remarks that must not be missed, of a page and all its parts.
fn warnings(blocks: &[Block], found: &mut Vec<String>) {
    for block in blocks {
        match block {
            Block::Note(Level::Warning | Level::Danger, words) => found.push(words.raw().to_owned()),
            Block::Section(section) => warnings(&section.blocks, found),
            _ => {}
        }
    }
}

#[test]
fn what_could_not_be_read_is_said_although_its_part_is_hidden() {
    let paths: Vec<(&str, u16)> = vec![
        ("/cluster/backup", 403),
        ("/cluster/tasks", 500),
        ("/access/permissions?path=%2Fvms%2F101", 403),
        ("/nodes/pve1/qemu/101/snapshot", 500),
        ("/nodes/pve1/services", 403),
    ];
    let pve = refusing(&paths);
    for (what, object, parts) in OBJECTS {
        let hide = |lens: Lens, part: &&str| lens.hide_section(*part);
        let bare = pve.with(parts.iter().fold(Lens::new("somebody"), hide));
        let (mut plain, mut seen) = (Vec::new(), Vec::new());
        let Ok(page) = object(&pve) else { continue };
        warnings(&page.blocks, &mut plain);
        let page = object(&bare).unwrap();
        assert!(titles(&page.seen().blocks).is_empty(), "{what}");
        warnings(&page.seen().blocks, &mut seen);
        for said in &plain {
            assert!(seen.iter().any(|words| words.ends_with(said)), "{what}: {said} is lost, {seen:?}");
        }
        assert!(what != "the cluster" || plain.len() > 1, "{what}: {plain:?}");
    }
}

#[test]
fn a_part_that_is_added_stands_below_the_first_and_may_read_and_fail() {
    let lens = Lens::new("finance")
        .section("Cost", |guest: &Guest| {
            let sizes: Bytes = guest.config()?.disks().map(|disk| disk.size.known()).into_iter().flatten().sum();
            Ok(Page::new("").answer(format!("{sizes} to pay"), "."))
        })
        .section("Contract", |_: &Guest| Err::<Page, _>(Error::setup("The archive is shut", "Come on Monday")))
        .section("Backups", |_: &Guest| Ok(Page::new("").answer("4 euros for backups", ".")));
    let pve = Pve::demo().unwrap().with(&lens);
    let page = pve.guest(101).unwrap().page();
    let titles = titles(&page.seen().blocks);
    let (head, rest) = (&titles[..3], titles.iter().filter(|title| **title == "Backups").count());
    assert_eq!(head, ["Status", "Cost", "Contract"].map(Text::from));
    assert_eq!(rest, 1, "one of the same title is replaced: {titles:?}");
    let said = words(&page);
    for part in ["Cost · 32 GiB to pay", "Contract · not read", "The archive is shut", "Backups · 4 euros for backups"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!words(&pve.node("pve1").unwrap()).contains("Cost"), "it is for guests alone");
}

/// What no lens may change: names, code, lines, single words, in order.
fn fixed(blocks: &[Block], found: &mut Vec<String>) {
    for block in blocks {
        match block {
            Block::Table(grid) => {
                for row in grid.rows.iter().chain(&grid.totals) {
                    row.iter().for_each(|cell| fixed_of(cell, found));
                }
            }
            Block::Facts(facts) => facts.iter().for_each(|(_, cell)| fixed_of(cell, found)),
            Block::Figure(figure) => fixed(&figure.words.blocks, found),
            Block::Section(section) => {
                found.extend(section.code.iter().map(|code| code.raw().to_owned()));
                fixed(&section.blocks, found);
            }
            Block::Code(code) => found.push(code.raw().to_owned()),
            Block::Lines(lines) => found.extend(lines.iter().map(|line| without_numbers(line.raw()))),
            _ => {}
        }
    }
}

fn fixed_of(cell: &Cell, found: &mut Vec<String>) {
    match cell {
        Cell::Name(name, _) | Cell::Code(name) | Cell::Button(_, name) => found.push(without_numbers(name.raw())),
        Cell::Text(word) if !word.raw().contains(char::is_whitespace) => found.push(without_numbers(word.raw())),
        _ => {}
    }
}

/// Words without their numbers, since the demo cluster lives on from one read to the next.
fn without_numbers(words: &str) -> String {
    words.split(|letter: char| letter.is_ascii_digit()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("#")
}

/// The sentences, titles and headings of a page.
fn prose(page: &Page, found: &mut Vec<String>) {
    found.extend([&page.title].into_iter().chain(&page.question).map(|words| words.raw().to_owned()));
    prose_of(&page.blocks, found);
}

fn prose_of(blocks: &[Block], found: &mut Vec<String>) {
    for block in blocks {
        match block {
            Block::Heading(words) | Block::Paragraph(words) | Block::Note(_, words) => {
                found.push(words.raw().to_owned())
            }
            Block::Answer(fact, rest) => found.push(format!("{}{}", fact.raw(), rest.raw())),
            Block::Table(grid) => {
                found.extend(grid.columns.iter().chain(&grid.caption).map(|words| words.raw().to_owned()));
            }
            Block::Facts(facts) => found.extend(facts.iter().map(|(label, _)| label.raw().to_owned())),
            Block::Figure(figure) => prose_of(&figure.words.blocks, found),
            // As it came from the cluster.
            Block::Section(section) if section.as_it_came => found.push(section.title.raw().to_owned()),
            Block::Section(section) => {
                found.push(section.title.raw().to_owned());
                prose_of(&section.blocks, found);
            }
            _ => {}
        }
    }
}

/// Pages of all kinds.
fn pages(pve: &Pve) -> Vec<(&'static str, Page)> {
    let objects = OBJECTS.map(|(what, object, _)| (what, object(pve).unwrap()));
    let guests = pve.guests().unwrap();
    let more = [
        ("guests", guests.page()),
        ("groups", guests.group_by(|guest| guest.tag_value("owner")).page()),
        ("storages", pve.storages().unwrap().page()),
        ("tasks", pve.tasks().unwrap().page()),
        ("what fails", pve.node("pve1").unwrap().blast_radius().unwrap().page()),
        ("topology", pve.topology().unwrap().page()),
        ("networks", pve.network_topology().unwrap().page()),
        ("storage topology", pve.storage_topology().unwrap().page()),
        ("timeline", pve.tasks().unwrap().timeline().page()),
        ("journal", pve.journal().page()),
        ("what is wanted", pve.role_for_this_notebook()),
        ("a configuration", pve.guest(101).unwrap().config().unwrap().page()),
        ("JSON", pve.get("/cluster/resources").unwrap().page()),
    ];
    objects.into_iter().chain(more).collect()
}

#[test]
fn words_are_replaced_in_all_that_is_said_and_in_no_name_no_code_and_no_line() {
    let pve = Pve::demo().unwrap();
    let lens = Lens::new("finance")
        .word("guest", "server")
        .word("node", "host")
        .word("storage", "cupboard")
        .word("backup", "copy")
        .word("running", "awake")
        .word("stopped", "asleep");
    let gone = ["guest", "guests", "node", "nodes", "storage", "storages", "backup", "backups", "stopped"];
    for ((what, plain), (_, seen)) in pages(&pve).into_iter().zip(pages(&pve.with(&lens))) {
        let seen_as = seen.seen();
        let (mut before, mut after) = (Vec::new(), Vec::new());
        fixed(&plain.blocks, &mut before);
        fixed(&seen_as.blocks, &mut after);
        // What was sent grows between the two.
        let differs = before.iter().zip(&after).find(|(before, after)| before != after);
        assert!(before == after || ["journal", "what is wanted"].contains(&what), "{what}: {differs:?}");
        let mut said = Vec::new();
        prose(&seen_as, &mut said);
        let is_left = |words: &&String| {
            let mut tokens = words.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ':', ';']));
            tokens.any(|word| gone.iter().any(|gone| word.eq_ignore_ascii_case(gone)))
        };
        let left: Vec<&String> = said.iter().filter(is_left).collect();
        assert!(left.is_empty(), "{what}: {left:#?}");
        assert!(words(&seen).contains("as seen by finance"), "{what}");
    }
}

#[test]
fn what_the_cluster_calls_by_a_word_of_the_lens_keeps_its_name() {
    let rows = r#"[
        {"id":"node/node","type":"node","node":"node","status":"online","mem":1,"maxmem":2},
        {"id":"qemu/101","type":"qemu","vmid":101,"node":"node","name":"guest","status":"running","tags":"owner.backup"},
        {"id":"qemu/102","type":"qemu","vmid":102,"node":"node","name":"guest-2","status":"stopped","tags":"guest"}]"#;
    let lens =
        Lens::new("odd").word("guest", "server").word("node", "host").word("backup", "copy").word("table", "list");
    let lens = lens.column("Owner", |guest: &Guest| guest.tag_value("owner"));
    let pve = staged(&[("/cluster/resources", rows)]).with(&lens);
    let text = words(&pve.guests().unwrap());
    for kept in ["guest (VM 101)", "guest-2 (VM 102)", " node ", " backup "] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    // Nobody could tell a word of ours from such a name, so it stays, and that is said.
    assert!(text.contains("2 guests: 1 running") || text.contains("2 servers: 1 running"), "{text}");
    assert!(text.contains("The word \"guest\" stays, since something in this cluster is called so."), "{text}");
    assert!(!text.contains("server (VM") && !text.contains("host "), "{text}");
}

#[test]
fn sizes_are_shown_in_the_unit_in_cells_and_sentences_and_sums_are_those_of_the_sizes() {
    let pve = Pve::demo().unwrap();
    let lens = Lens::new("finance").sizes_in(Unit::GB).column_in("First disk", Unit::per_gib(0.5, "EUR"));
    for (what, page) in pages(&pve.with(&lens)) {
        let text = page.text();
        let foreign =
            text.lines().filter(|line| !line.trim_start().starts_with(['|', '>'])).find(|line| line.contains(" GiB"));
        assert!(foreign.is_none(), "{what}: {foreign:?}");
    }
    let disks: Bytes = pve.guests().unwrap().iter().filter_map(|guest| guest.maxdisk.known()).sum();
    let html = pve.with(&lens).guests().unwrap().page().html();
    let total = format!("{}, 5 not counted", Unit::per_gib(0.5, "EUR").of(disks));
    assert!(html.contains(&total), "{total}: {html}");
}

#[test]
fn lenses_add_up_by_either_way_and_the_later_holds() {
    let demo = Pve::demo().unwrap();
    let one = Lens::new("one").column("Owner", |_: &Guest| "first").hide_column("Tags").word("guest", "server");
    let two =
        Lens::new("two").column("Owner", |_: &Guest| "second").word("guest", "machine").hide_column_of::<Guest>("CPU");
    let by_with = words(&demo.with(&one).with(&two).guests().unwrap());
    assert_eq!(without_numbers(&by_with), without_numbers(&words(&demo.with(one.and(&two)).guests().unwrap())));
    assert!(by_with.contains("second") && !by_with.contains("first"), "{by_with}");
    assert!(by_with.contains("41 machines") && by_with.contains("as seen by one and two"), "{by_with}");
    assert!(!by_with.contains("CPU") && !by_with.contains("Tags"), "{by_with}");
    let shown_again = demo.with(&one).with(Lens::new("three").column("Tags", |_: &Guest| "again"));
    assert!(shown_again.guests().unwrap().page().text().contains("again"));
    let hidden_again = demo.with(&two).with(Lens::new("three").hide_column("Owner"));
    assert!(!hidden_again.guests().unwrap().page().text().contains("Owner"));
    assert!(demo.with(&one).without_lens().guests().unwrap().page().text().contains("Tags"));
}

/// The headings of all tables, and the labels of all facts.
fn names(blocks: &[Block]) -> Vec<Text> {
    let all = blocks.iter().map(|block| match block {
        Block::Table(grid) => grid.columns.clone(),
        Block::Facts(facts) => facts.iter().map(|(label, _)| label.clone()).collect(),
        Block::Section(section) => names(&section.blocks),
        _ => Vec::new(),
    });
    all.flatten().collect()
}

#[test]
fn what_is_hidden_everywhere_is_hidden_but_for_what_says_what_a_row_is_and_what_a_cell_asks_for() {
    let pve = Pve::demo().unwrap().with(Lens::new("brief").hide_column("Node").hide_column("Next").hide_column("CPU"));
    let text = |page: Page| page.text();
    assert!(!text(pve.guests().unwrap().page()).contains("Node"));
    assert!(text(pve.nodes().unwrap().page()).contains(" Node "));
    assert!(!names(&pve.page().seen().blocks).contains(&"CPU".into()), "in tables that no list makes as well");
    let plain = names(&pve.without_lens().guest(103).unwrap().page().blocks);
    let seen = names(&pve.guest(103).unwrap().page().seen().blocks);
    assert!(plain.contains(&"CPU".into()) && !seen.contains(&"CPU".into()), "and among facts: {seen:?}");
    let asked = pve.guests().unwrap().table().column("Node", |guest| guest.node.clone());
    assert!(text(asked.page()).contains("Node"), "whoever asks for it in a cell gets it");
    let hidden = pve.guests().unwrap().table().hide_column("Node").total("CPU").page().text();
    assert!(!hidden.contains("There is no column"), "what the lens has hidden was there: {hidden}");
}

#[test]
fn what_is_not_there_to_be_hidden_is_told_with_what_is() {
    let pve = Pve::demo().unwrap();
    let lens = Lens::new("hasty")
        .hide_column_of::<Guest>("Nope")
        .hide_section_of::<Guest>("Rwa data")
        .hide_column("Nxt")
        .hide_section("Permission")
        .word("guest", " ");
    let (own, seen) = (words(&lens), words(&pve.with(&lens).guests().unwrap()));
    for (certain, said) in [
        (true, "hides the column \"Nope\" of Guest, which has none of that name. There are Guest, State, Node"),
        (true, "hides the part \"Rwa data\" of Guest, which has none of that name. There are Status, Notes"),
        (true, "says \" \" for \"guest\": neither may be blank"),
        (false, "names the column \"Nxt\", which no list has. Of those that do exist, Guest has Guest, State"),
        (false, "hides the part \"Permission\", which no page of an object has. A guest's page has Status"),
    ] {
        assert!(own.contains(said), "{said}: {own}");
        assert_eq!(seen.contains(said), certain, "{said}: {seen}");
    }
    assert!(
        seen.contains("as seen by hasty (the column \"Nxt\" is in no list; the part \"Permission\" is on no page"),
        "{seen}"
    );
    let sound = Lens::new("sound").hide_column("Owner").column("Owner", |guest: &Guest| guest.tag_value("owner"));
    let sound = sound.hide_column_of::<Guest>("Owner").hide_section_of::<Node>("Raw data").hide_column("Running for");
    assert!(!words(&sound).contains("Warning") && words(&sound).contains("Lens sound"), "{}", words(&sound));
}

#[test]
fn without_code_nothing_is_left_to_type_and_what_is_only_offered_is_left_out() {
    let pve = Pve::demo().unwrap().with(Lens::new("readers").hide_code());
    for (what, object, _) in OBJECTS {
        let page = object(&pve).unwrap();
        let text = page.text();
        assert!(!page.html().contains("<button"), "{what}");
        let is_code = |line: &str| line.starts_with('>') || (line.starts_with('▾') && line.contains("pve."));
        let code = text.lines().map(str::trim).find(|line| is_code(line) || line.contains("not read yet"));
        assert!(code.is_none(), "{what}: {code:?}");
    }
    assert!(!pve.guests().unwrap().page().text().contains("Next"));
}

#[test]
fn a_plan_and_what_became_of_it_are_shown_whole() {
    let hides = Lens::new("somebody").hide_column("Result").hide_column("Call").word("guest", "server").hide_code();
    let (plain, seen) = (Pve::demo().unwrap(), Pve::demo().unwrap().with(&hides));
    let plans = [&plain, &seen].map(|pve| pve.guest("web-1").unwrap().start());
    assert_eq!(plans[0].page().text(), plans[1].page().text());
    let done = plans.map(|plan| plan.run().unwrap().page().text());
    assert_eq!(done[0], done[1]);
    let path = "/nodes/pve1/qemu/101/status/stop";
    assert_eq!(plain.post(path).page().text(), seen.post(path).page().text());
}

#[test]
fn two_things_side_by_side_are_each_seen_as_they_were_read() {
    let pve = Pve::demo().unwrap();
    let named = pve.with(Lens::new("finance").word("guest", "server"));
    let both = (pve.guests().unwrap().take(2), named.guests().unwrap().take(2)).page().text();
    assert!(both.contains("2 guests (of 41)") && both.contains("2 servers (of 41)"), "{both}");
    assert_eq!(both.matches("as seen by finance").count(), 1, "{both}");
}

#[test]
fn a_page_of_ones_own_is_seen_through_the_lens_of_what_is_on_it() {
    let pve = Pve::demo().unwrap().with(Lens::new("finance").word("guest", "server").hide_section("Secret"));
    let page = Page::new("The guests").table(&pve.guests().unwrap()).section("Secret", Page::new("").paragraph("x"));
    let text = page.text();
    assert!(text.contains("The servers") && text.contains("as seen by finance"), "{text}");
    assert!(!text.contains("▾ Secret"), "{text}");
    assert!(page.html().contains("<small>as seen by finance"));
    let section = Page::new("Mine").section("All guests", &pve.guests().unwrap()).text();
    assert!(section.contains("▾ All servers") && section.contains("as seen by finance"), "{section}");
}

#[test]
fn a_drawing_says_its_captions_in_the_words_of_the_lens() {
    let pve = Pve::demo().unwrap().with(Lens::new("finance").word("guest", "server").word("node", "host"));
    let svg = pve.topology().unwrap().svg();
    let said: BTreeSet<&str> = svg.split(['<', '>']).collect();
    assert!(
        said.contains("4 hosts · 41 servers: 25 running, 9 stopped, 1 paused, 5 not known, 1 template"),
        "{said:?}"
    );
    assert!(svg.contains("as seen by finance") && svg.contains(">db-main<"));
    assert!(said.iter().all(|words| !words.contains("guest") || words.contains("small guests, ")), "{said:?}");
    roxmltree::Document::parse(&svg).unwrap();
}

#[test]
fn a_lens_goes_wherever_a_cluster_goes() {
    fn goes_anywhere<T: Send + Sync + Clone + 'static>(_: &T) {}
    let lens = Lens::new("finance").column("Owner", |guest: &Guest| guest.tag_value("owner"));
    goes_anywhere(&lens);
    let pve = Pve::demo().unwrap().with(lens);
    goes_anywhere(&pve);
    let read = std::thread::spawn(move || pve.cached(hours(1)).one_look().guests().unwrap().page().text());
    assert!(read.join().unwrap().contains("Owner"));
}
