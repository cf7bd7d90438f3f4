//! Which codes are taken for what, and what is said where none fits.

use super::*;

/// A challenge as `/access/ticket` gives it.
fn challenge(json: &str) -> Challenge {
    let encoded = percent_encoding::utf8_percent_encode(json, percent_encoding::NON_ALPHANUMERIC);
    Challenge::read(format!("PVE:!tfa!{encoded}:6B2A11F0::c2lnbmF0dXJl").into())
}

fn totp() -> Second {
    Second::Code(Code::totp(&"123456".into()).unwrap())
}

fn said(second: &Second, challenge: &Challenge) -> String {
    let error = second.code_for(challenge, &"alice@pve".into()).err().expect("no code fits").to_string();
    assert!(!error.contains("123456") && !error.contains("6B2A11F0"), "{error}");
    error
}

#[test]
fn codes_are_read_as_they_are_copied() {
    let word = |code: Result<Code, Error>| code.unwrap().word().expose_secret().to_owned();
    assert_eq!(word(Code::totp(&" 123 456\n".into())), "totp:123456");
    assert_eq!(word(Code::recovery(&"1A2B-3c4d-5e6f-7081 ".into())), "recovery:1a2b-3c4d-5e6f-7081");
    assert_eq!(word(Code::either(&"1a2b3c4d5e6f7081".into())), "recovery:1a2b-3c4d-5e6f-7081");
    assert_eq!(word(Code::either(&"12345678".into())), "totp:12345678");
    let wrong = |code: Result<Code, Error>| code.err().unwrap().to_string();
    for odd in ["", "12345", "12345a", "123456789"] {
        assert!(wrong(Code::totp(&odd.into())).contains("It has six digits, such as 123456"));
    }
    for odd in ["", "123456", "1a2b-3c4d-5e6f-708x"] {
        assert!(wrong(Code::recovery(&odd.into())).contains("four groups of four"));
    }
}

#[test]
fn what_is_wanted_is_named_where_nothing_was_given() {
    let said = said(&Second::None, &challenge(r#"{"totp":true,"recovery":[0,3,4]}"#));
    assert_eq!(
        said,
        "Not logged in as alice@pve: the password is right, but a second factor is asked for: a code of an authenticator \
         app (TOTP) or a recovery code (3 left). Give it after the password, .otp(\"…\") or .recovery_code(\"…\"), or as \
         PVE_OTP; .ask_password(..) asks for it; or an API token needs no second factor (Datacenter, Permissions, API \
         Tokens)"
    );
}

#[test]
fn a_code_of_a_kind_that_is_not_wanted_is_not_sent() {
    let only_paper = challenge(r#"{"recovery":[1]}"#);
    assert!(said(&totp(), &only_paper).contains(
        "a code of an authenticator app (TOTP) was given, and asked for is a recovery code (1 left). Nothing was used up"
    ));
    assert!(totp().code_for(&challenge(r#"{"totp":true,"webauthn":{"publicKey":{}}}"#), &"alice@pve".into()).is_ok());
}

#[test]
fn what_takes_a_browser_is_named_with_what_could_be_given_here() {
    let browser = said(&totp(), &challenge(r#"{"webauthn":{"publicKey":{}},"u2f":{},"recovery":[]}"#));
    assert!(
        browser.contains("the account's own is WebAuthn and U2F, which takes a browser. A code of an authenticator")
    );
    assert!(
        browser.ends_with("or an API token needs no second factor (Datacenter, Permissions, API Tokens)"),
        "{browser}"
    );
    assert!(said(&Second::None, &challenge(r#"{"yubico":true}"#)).contains("own is Yubico OTP"));
}

#[test]
fn somebody_is_asked_only_for_what_is_wanted_and_silence_is_a_no() {
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let ask = |answer: &'static str| {
        let asked = Arc::clone(&asked);
        Second::Ask(Arc::new(move |prompt| {
            asked.lock().unwrap().push(prompt.to_owned());
            answer.into()
        }))
    };
    let both = challenge(r#"{"totp":true,"recovery":[0]}"#);
    let code = ask("1a2b-3c4d-5e6f-7081").code_for(&both, &"alice@pve".into()).unwrap();
    assert_eq!(code.word().expose_secret(), "recovery:1a2b-3c4d-5e6f-7081");
    assert!(said(&ask(""), &both).contains("no code was given"));
    assert!(said(&ask("1"), &challenge(r#"{"webauthn":{}}"#)).contains("takes a browser"));
    let prompt = "Second factor of alice@pve, a code of an authenticator app (TOTP) or a recovery code (1 left) ";
    assert_eq!(*asked.lock().unwrap(), [prompt, prompt], "nobody is asked for what cannot be typed");
    assert!(!prompt.contains(':'), "the kernel cuts a prompt there");
}

#[test]
fn a_challenge_that_cannot_be_read_is_left_to_the_server() {
    let odd = Challenge::read("PVE:!tfa!0123abcd".into());
    assert!(totp().code_for(&odd, &"alice@pve".into()).is_ok());
    assert!(said(&Second::None, &odd).contains("asked for: a code of an authenticator app (TOTP) or a recovery code."));
}
