use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::model::api::parse::methods;
use crate::model::canned::Canned;
use crate::model::guest::{Guest, GuestKind};
use crate::model::json::Json;
use crate::twin::Twin;

/// A script in the form of the real one, with a program after the list.
const SCRIPT: &str = r#"/* of a node */
const apiSchema = [
  {"path":"/a","text":"a","leaf":0,"info":{"GET":{"description":"Lists\n  things; \"apiSchema = [\" too","returns":{"type":"array"},"permissions":{"user":"all"}}},
   "children":[{"path":"/a/{id}","leaf":1,"info":{
     "PUT":{"description":"Changes one","parameters":{"properties":{
        "size":{"type":"integer","minimum":1,"maximum":9,"default":3,"optional":1,"description":"How large"},
        "id":{"type":"string","format":"pve-node"},
        "mode":{"enum":["one","two"],"optional":"0"}}},
        "returns":{"type":"null"},"permissions":{"check":["and",["perm","/a/{id}",["X.Audit","X.Modify"],"any",1],["or",["userid-param","self"],["perm-modify","/a"]]]}},
     "DELETE":{"description":"\u202eRemoves <b>it</b>"}}}]}
];
let clickTarget = [1, 2];
"#;

fn api(script: &str) -> Api {
    Api::of(methods(&Call::documentation(), script).unwrap(), Provenance::default(), "lab".into())
}

#[track_caller]
fn refused(script: &str, why: &str) {
    let error = methods(&Call::documentation(), script).unwrap_err();
    assert!(matches!(error, Error::NotUnderstood { .. }) && error.to_string().contains(why), "{error}");
}

#[test]
fn a_script_is_read_with_parameters_and_privileges_in_words() {
    let api = api(SCRIPT);
    assert_eq!(
        api.methods().map(|m| format!("{m:?}")),
        ["ApiMethod(GET /a)", "ApiMethod(DELETE /a/{id})", "ApiMethod(PUT /a/{id})"]
    );
    let put = api.method("put", "/api2/json/a/7").unwrap();
    let told = put.parameters.iter().map(|p| format!("{}: {}", p.name, p.told())).collect::<Vec<_>>();
    assert_eq!(
        told,
        [
            "id: string, pve-node (required)",
            "mode: one | two (required)",
            "size: integer, at least 1, at most 9 (optional, by default 3)"
        ]
    );
    assert_eq!(
        put.privileges,
        "X.Audit or X.Modify on /a/{id} and (being that user or permission to change the rights on /a)"
    );
    assert_eq!(api.method("GET", "a").unwrap().privileges, "any login");
    let delete = api.method("DELETE", "/a/{id}").unwrap();
    assert_eq!(delete.privileges, "root@pam only");
    assert!(!delete.page().html().contains("<b>it") && !delete.page().text().contains('\u{202e}'));
}

#[test]
fn methods_are_found_by_words_and_an_unknown_one_is_told_from_an_unknown_path() {
    let api = api(SCRIPT);
    assert_eq!(api.find("SIZE put").len(), 1);
    assert_eq!((api.find("nowhere").len(), api.find("").len()), (0, 3));
    let said = |verb: &str, path: &str| api.method(verb, path).unwrap_err().to_string();
    assert!(said("POST", "/a/1").contains("That path has DELETE, PUT"), "{}", said("POST", "/a/1"));
    assert!(said("GET", "/b").contains("Look for it by a word"), "{}", said("GET", "/b"));
}

#[test]
fn two_versions_are_compared_by_method_parameter_and_privilege() {
    let after = SCRIPT
        .replace("\"DELETE\"", "\"POST\"")
        .replace("\"maximum\":9", "\"maximum\":12")
        .replace("\"mode\":", "\"kind\":")
        .replace("X.Audit", "Y.Audit");
    let text = api(SCRIPT).compare(&api(&after)).text();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for says in [
        "3 methods differ: 1 only in the first, 1 only in the second, 1 changed.",
        "parameter mode only in the first",
        "parameter kind only in the second: one | two (required)",
        "at most 9 (optional, by default 3), then integer, at least 1, at most 12",
        "privileges: X.Audit or X.Modify",
    ] {
        assert!(text.contains(says), "{says}:\n{text}");
    }
    assert!(api(SCRIPT).compare(&api(SCRIPT)).text().contains("No method differs, of 3 methods."));
}

#[test]
fn what_is_no_documentation_is_refused_in_words() {
    refused("", "it holds no documentation");
    refused("<html>login</html>", "it holds no documentation");
    refused("const apiSchema = [", "is not JSON");
    refused("const apiSchema = [{path: 1}]", "is not JSON");
    refused("const apiSchema = []", "names no method");
    refused(r#"const apiSchema = [7, null, {"path":3,"info":[]}, {"path":"/a","info":{"GET":7}}]"#, "names no method");
    refused(&format!("const apiSchema = {}", "[".repeat(100_000)), "is not JSON");
    assert_eq!(
        api(r#"var pveapi = [{"path":"/a","info":{"GET":{}}}]"#).methods().len(),
        1,
        "as older versions have it"
    );
}

#[test]
fn the_demo_answers_every_read_that_it_documents() {
    let session = Session::open(Arc::new(Twin::demo())).unwrap();
    let api = Api::read(&session).unwrap();
    let guests = Guest::list(&session).unwrap();
    let mut asked = 0;
    for method in api.methods().iter().filter(|method| method.verb == "GET") {
        // These have names that only another answer tells.
        if ["{upid}", "{snapname}", "{tokenid}", "{id}", "{poolid}", "{sid}", "{volume}", "/extractconfig"]
            .iter()
            .any(|part| method.path.contains(part))
        {
            continue;
        }
        let kind = if method.path.contains("/lxc/") { GuestKind::Ct } else { GuestKind::Vm };
        let guest = guests.find(|guest| guest.kind == kind && guest.is_running()).unwrap();
        let path = method.path.raw().replace("{node}", guest.node.raw()).replace("{vmid}", &guest.vmid.to_string());
        let path = path.replace("{storage}", "local").replace("{userid}", "alice@pve");
        let query = if path.ends_with("rrddata") { "?timeframe=hour" } else { "" };
        Json::read(&session, &format!("{path}{query}")).unwrap_or_else(|error| panic!("{path}: {error}"));
        asked += 1;
    }
    assert!(asked > 40, "{asked}");
}

#[test]
fn a_node_without_documentation_is_told_from_one_that_is_no_node() {
    for (status, body) in [(404, "<html>not found</html>"), (501, ""), (500, r#"{"data":null,"message":"no file"}"#)] {
        let session = Canned::new().body("/pve-docs/api-viewer/apidoc.js", status, body).session();
        let error = Api::read(&session).unwrap_err().to_string();
        assert!(error.starts_with(&format!("This node serves no documentation of its API ({status}")), "{error}");
    }
    let session = Canned::new().body("/pve-docs/api-viewer/apidoc.js", 200, "<html>Log in</html>").session();
    assert!(matches!(Api::read(&session), Err(Error::NotUnderstood { .. })));
}

proptest! {
    #[test]
    fn no_script_makes_it_panic(tail in ".{0,60}", cut in 0..SCRIPT.len()) {
        let _ = methods(&Call::documentation(), &format!("apiSchema = [{tail}"));
        if let Some(part) = SCRIPT.get(..cut) {
            let _ = methods(&Call::documentation(), part);
        }
    }
}
