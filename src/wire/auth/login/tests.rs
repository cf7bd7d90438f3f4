//! What an answer to a login is taken for, and how long a ticket holds.

use super::*;
use crate::units::Moment;

const NINETY_MINUTES: Duration = Duration::from_secs(90 * 60);

fn login() -> Login {
    Login::new("root@pam".into(), "hunter2".into())
}

fn answer(body: &str) -> Result<Granted, Error> {
    let login = login();
    let reply =
        Reply { status: 200, reason: "OK".into(), body: body.into(), at: Moment::from_unix(0), took: Duration::ZERO };
    login.granted(&login.call(), &reply, SystemTime::UNIX_EPOCH)
}

#[test]
fn a_ticket_is_renewed_before_its_two_hours_are_over() {
    let granted = answer(r#"{"data":{"ticket":"PVE:root@pam:6B::x","CSRFPreventionToken":"6B:y"}}"#);
    let Ok(Granted::Ticket(ticket)) = granted else { panic!("a ticket") };
    assert_eq!(ticket.keys.value, "PVEAuthCookie=PVE:root@pam:6B::x");
    let due = |minutes: u64| ticket.due(SystemTime::UNIX_EPOCH + Duration::from_secs(minutes * 60), NINETY_MINUTES);
    assert_eq!(
        [due(0), due(89), due(91), due(118), due(120)],
        [Due::Good, Due::Good, Due::Renewal, Due::Renewal, Due::Login]
    );
    assert_eq!(ticket.due(SystemTime::UNIX_EPOCH - Duration::from_secs(9), NINETY_MINUTES), Due::Renewal);
}

#[test]
fn a_second_factor_is_named_and_no_ticket_is_shown() {
    for body in [
        r#"{"data":{"ticket":"PVE:!tfa!6B","CSRFPreventionToken":"y","NeedTFA":1}}"#,
        r#"{"data":{"ticket":"PVE:!tfa!6B","CSRFPreventionToken":"y"}}"#,
    ] {
        let Ok(Granted::Challenge(challenge)) = answer(body) else { panic!("a challenge") };
        let said = login().second_call(&challenge).unwrap_err().to_string();
        assert!(said.starts_with("Not logged in as root@pam: the password is right, but a second factor"), "{said}");
        assert!(!said.contains("6B"));
    }
    for body in [r#"{"data":{"ticket":"PVE:secret"}}"#, r#"{"data":{"ticket":["PVE:secret"]}}"#, "PVE:secret"] {
        let error = answer(body).err().unwrap();
        assert!(matches!(error, Error::NotUnderstood { .. }) && !error.to_string().contains("secret"), "{error}");
    }
}
