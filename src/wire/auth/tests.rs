//! What is taken as a token or a user, and that no secret is ever shown.

use super::*;

const SECRET: &str = "1b3f6a5e-7a0c-4c5e-9f57-1f1b6a2c9d10";

fn said(auth: Result<Auth, Error>) -> String {
    auth.unwrap_err().to_string()
}

#[test]
fn a_token_is_its_id_and_its_secret() {
    let auth = Auth::token("audit@pve!notebook", &SECRET.into()).unwrap();
    assert_eq!(auth.identity(), "audit@pve!notebook");
    let Auth::Token(keys, _) = &auth else { panic!("a token") };
    assert_eq!(keys.value, format!("PVEAPIToken=audit@pve!notebook={SECRET}"));
    for line in [format!("audit@pve!notebook={SECRET}\n"), format!("PVEAPIToken=audit@pve!notebook={SECRET}")] {
        assert_eq!(Auth::token_line(&line.into()).unwrap().identity(), "audit@pve!notebook");
    }
    assert!(Auth::token("jo@example.com@ldap!ci", &SECRET.into()).is_ok());
}

#[test]
fn what_is_no_token_is_refused_with_the_form_it_should_have() {
    for id in ["audit@pve", "audit!notebook", "@pve!x", "audit@pve!", "a b@pve!x", "audit@pve!a!b"] {
        let said = said(Auth::token(id, &SECRET.into()));
        assert!(said.starts_with(&format!("\"{id}\" is not the id of an API token. It has the form user@realm!name")));
    }
    assert!(said(Auth::token("audit@pve!x", &" ".into())).contains("secret of the API token audit@pve!x is empty"));
    assert!(said(Auth::token("audit@pve!x", &"a\nb".into())).contains("cannot be sent"));
    assert!(said(Auth::token_line(&SECRET.into())).contains("user@realm!name=secret"));
}

#[test]
fn a_user_has_a_realm() {
    assert_eq!(Auth::password("root@pam", &"hunter2".into()).unwrap().identity(), "root@pam");
    assert!(said(Auth::password("root", &"hunter2".into())).contains("It has the form user@realm"));
    assert!(said(Auth::password("root@pam!ci", &"hunter2".into())).contains("Use .token(id, secret)"));
    assert!(said(Auth::password("root@pam", &"".into())).contains("password of root@pam is empty"));
}

#[test]
fn no_secret_is_shown() {
    let token = Auth::token("audit@pve!notebook", &SECRET.into()).unwrap();
    let Auth::Token(keys, _) = &token else { panic!("a token") };
    let user = Auth::password("root@pam", &"hunter2".into()).unwrap();
    let Auth::Password(login) = &user else { panic!("a password") };
    let shown = [
        format!("{token:?} {user:?} {:?} {:?} {}", keys.value, login.call(), login.call().shown()),
        said(Auth::token(&format!("audit@pve!notebook={SECRET}"), &SECRET.into())),
        said(Auth::token(SECRET, &SECRET.into())),
        said(Auth::token("x", &SECRET.into())),
        said(Auth::token_line(&SECRET.into())),
        said(Auth::token_line(&format!("audit@pve={SECRET}").into())),
    ]
    .join("\n");
    assert!(!shown.contains(SECRET) && !shown.contains("hunter2"), "{shown}");
}
