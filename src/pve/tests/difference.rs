//! What changed between two looks: each kind of change, both directions, and what one side did not see.

use serde_json::json;

use super::altered::{says, text};
use crate::model::difference::{Change, ChangeKind, Difference};
use crate::plan::VmSpec;
use crate::pve::Pve;
use crate::pve::staged::{limited, refusing, staged, words};
use crate::render::View;

#[test]
fn scratch() {
    let (before, after) = (Pve::demo().unwrap(), Pve::demo().unwrap());
    after.guest("web-1").unwrap().start().run().unwrap();
    after.guest("web-1").unwrap().tag("chg-123").run().unwrap();
    after.guest("web-1").unwrap().snapshot("before-patch").run().unwrap();
    after.guest("db-main").unwrap().change().set("cores", 6).set("cipassword", "x1y2").plan().run().unwrap();
    after.guest("mail").unwrap().migrate("pve2").run().unwrap();
    after.create(&VmSpec::new("web-9")).run().unwrap();
    let plan = after.guest(106).unwrap().delete();
    println!("{}", plan.page().text());
    let d = before.diff(&after).unwrap();
    println!("{}", text(&d));
    std::fs::write("/tmp/diff.html", d.page().html()).unwrap();
    std::fs::write("/tmp/diff.svg", d.figure().svg()).unwrap();
    let none = Pve::demo().unwrap().diff(&Pve::demo().unwrap()).unwrap();
    println!("{}", text(&none));
    println!("{:?} {:?}", before.pools().unwrap().first(), json!(1));
    let _ = (limited(&[], &[]), refusing(&[]), staged(&[]), words(&none), says(&none, &[]), ChangeKind::Added);
    let _: Option<(Change, Difference)> = None;
}
