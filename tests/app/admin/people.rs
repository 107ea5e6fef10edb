//! Inviting people, changing what they are, and taking their way in.

use super::{id_of, is_signed_in, page_of};
use crate::support::TestApp;
use diesel::prelude::*;
use overrule::accounts::{PersonId, Scope};
use overrule::schema::people as p;
use serde_json::json;

#[test]
fn an_invitation_is_mailed_and_signs_in_once() {
    let app = TestApp::start();
    app.person("cleo@example.com", "Cleo", &["support:champion"]);
    let admin = app.admin();
    let form = admin.open("/admin/people").is(200).click("Invite somebody");
    let form = form.fill("E-mail address", "Ada@Example.com").fill("Name", "Ada Lovelace");
    let form = form.fill("Team", "support").choose("Champion of the team").choose("Engineer");
    let person = form.press("Send the invitation").is(200).sees("The invitation is on its way.");
    person.sees("ada@example.com").sees("invited").sees("Support");

    let mail = app.mailbox().nth(1, "ada@example.com");
    assert_eq!(mail.subject, "You are invited to Overrule");
    assert!(mail.text.contains("Root invites you"), "{}", mail.text);
    let ada = app.browser();
    ada.open(&mail.link()).sees("Sign in as Ada Lovelace").press_only();
    assert!(is_signed_in(&ada));
    ada.open("/triage").is(200);
    app.browser().open(&mail.link()).is(410);
    admin.open(&page_of(&app, "ada@example.com")).sees("active");
}

#[test]
fn a_mistake_in_an_invitation_keeps_what_was_typed() {
    let app = TestApp::start();
    let admin = app.admin();
    let form = admin.open("/admin/people/new").fill("E-mail address", "no address");
    let again = form.fill("Name", "Zoë").press("Send the invitation").is(422);
    assert_eq!(again.value("Name"), "Zoë");
    let again = again.sees("Enter an e-mail address, such as name@example.com.");
    let again = again.fill("E-mail address", "zoe@example.com").fill("Team", "nowhere");
    again.press("Send the invitation").is(422).sees("is no team; make it first");
    let form = admin.open("/admin/people/new").fill("E-mail address", "root@example.com");
    form.press("Send the invitation").is(422).sees("has an account here already");
    assert!(app.mailbox().all().is_empty());
}

#[test]
fn no_name_and_no_address_gets_into_the_head_of_a_mail() {
    let app = TestApp::start();
    let admin = app.admin();
    for (address, name) in [
        ("eve@example.com\r\nBcc: all@example.com", "Eve"),
        ("eve@example.com", "Eve\r\nBcc: all@example.com"),
        ("eve@example.com", "Eve\u{2028}Bcc: all@example.com"),
        ("eve@example.com", "Eve \u{202e}moc.elpmaxe"),
        ("Eve <eve@example.com>", "Eve"),
        ("eve@example.com,all@example.com", "Eve"),
    ] {
        let form = admin.open("/admin/people/new").fill("E-mail address", address);
        form.fill("Name", name).press("Send the invitation").is(422);
    }
    assert!(app.mailbox().all().is_empty());
}

#[test]
fn an_address_that_others_named_becomes_that_person() {
    let app = TestApp::start();
    app.agent("helper", json!({"team": "support"}));
    let api = app.api(&[Scope::Admin]);
    let logged = api.log(&json!({"agent": "helper", "input": "How?", "output": "So."})).is(201);
    let said = json!({"interaction": logged.at("/id"), "author": "ada@example.com",
        "verdict": "rejected", "comment": "Not so."});
    api.judge(&said).is(201);
    let claimed = id_of(&app, "ada@example.com");
    let admin = app.admin();
    admin.open("/admin/people").does_not_see("ada@example.com");
    admin.open(&page_of(&app, "ada@example.com")).is(404);
    let form = admin.open("/admin/people/new").fill("E-mail address", "ada@example.com");
    form.fill("Team", "support").press("Send the invitation").is(200).sees("invited");
    let verified = |app: &TestApp| {
        app.write(|conn| {
            let address = p::address.eq("ada@example.com");
            let row = p::table.filter(address).select((p::id, p::verified_at.is_not_null()));
            Ok(row.first::<(PersonId, bool)>(conn)?)
        })
    };
    // Until somebody comes by the link in the mail, the address is only claimed.
    assert_eq!(verified(&app), (claimed, false));
    let ada = app.browser();
    ada.open(&app.mailbox().nth(1, "ada@example.com").link()).press_only();
    assert_eq!(verified(&app), (claimed, true));
    ada.open("/feedback").sees("How?");
}

#[test]
fn a_changed_role_signs_out_everywhere_and_deactivating_too() {
    let app = TestApp::start();
    let (admin, ben) = (app.admin(), app.person("ben@example.com", "Ben", &["support"]));
    let ben = ben.signed_in();
    let path = page_of(&app, "ben@example.com");
    admin.open(&path).fill("Name", "Benjamin").press("Save").is(200).sees("Saved.");
    assert!(is_signed_in(&ben), "a name is no role");
    admin.open(&path).choose("Engineer").press("Save").is(200).sees("Saved.");
    assert!(!is_signed_in(&ben));

    let link = app.person("ben@example.com", "Ben", &[]);
    let (again, unused) = (link.signed_in(), app.person("ben@example.com", "Ben", &[]).path());
    again.open("/triage").is(200);
    admin.open(&path).press("Deactivate").is(200).sees("They can't sign in any more");
    assert!(!is_signed_in(&again));
    app.browser().open(&unused).is(404);
    admin.open("/admin/people?standing=deactivated").sees("ben@example.com");
    admin.open(&path).press("Let them in again").is(200).sees("They can sign in again.");
    admin.open(&path).press("Mail them a link").is(200);
    let back = app.browser();
    back.open(&app.mailbox().nth(1, "ben@example.com").link()).press_only();
    assert!(is_signed_in(&back));
}

#[test]
fn a_changed_role_in_a_team_signs_out_everywhere_too() {
    let app = TestApp::start();
    let (admin, ben) = (app.admin(), app.person("ben@example.com", "Ben", &["support"]));
    let ben = ben.signed_in();
    let path = page_of(&app, "ben@example.com");
    let set =
        || admin.open(&path).fill("Put them into a team, or change what they are there", "support");
    set().press("Set").is(200);
    assert!(is_signed_in(&ben), "nothing changed");
    set().choose("Champion").press("Set").is(200);
    assert!(!is_signed_in(&ben));
    let again = app.person("ben@example.com", "Ben", &[]).signed_in();
    set().press("Set").is(200);
    assert!(!is_signed_in(&again));
}

#[test]
fn an_admin_who_changes_their_own_role_stays_signed_in_here() {
    let app = TestApp::start();
    let admin = app.admin();
    let elsewhere = app.person("root@example.com", "Root", &[]).signed_in();
    let path = page_of(&app, "root@example.com");
    admin.open(&path).choose("Engineer").press("Save").is(200).sees("Saved.");
    assert!(is_signed_in(&admin));
    assert!(!is_signed_in(&elsewhere));
}

#[test]
fn the_last_admin_stays_admin() {
    let app = TestApp::start();
    let admin = app.admin();
    let path = page_of(&app, "root@example.com");
    let refused = admin.open(&path).untick("Admin").press("Save").is(422);
    refused.sees("nobody else is admin and has signed in");
    admin.open(&path).press("Deactivate").is(422).sees("nobody else is admin");
    // Whoever was made admin and never came is nobody to rely on.
    let form = admin.open("/admin/people/new").fill("E-mail address", "eve@example.com");
    form.choose("Admin").press("Send the invitation").is(200);
    admin.open(&path).untick("Admin").press("Save").is(422);
    app.browser().open(&app.mailbox().nth(1, "eve@example.com").link()).press_only();
    admin.open(&path).untick("Admin").press("Save").is(403);
    admin.open("/admin/people").is(403);
}

#[test]
fn people_are_found_by_name_and_address_and_listed_a_page_at_a_time() {
    let app = TestApp::start();
    let admin = app.admin();
    for n in 0..60 {
        app.person(&format!("p{n:02}@example.com"), &format!("Person {n:02}"), &["support"]);
    }
    app.person("odd_one@example.com", "Percent 50% Ödön", &[]);
    let first = admin.open("/admin/people").is(200).sees("p59@example.com");
    first.does_not_see("p05@example.com").click("Older →").is(200).sees("p05@example.com");
    let find = |what: &str| admin.open("/admin/people").fill("Name or address", what).press("Find");
    find("PERSON 07").sees("p07@example.com").does_not_see("p08@example.com");
    find("50%").sees("odd_one@example.com").does_not_see("p08@example.com");
    find("odd_").sees("Ödön").does_not_see("p08");
    find("nobody like this").sees("Nobody fits");
    admin.open("/admin/people?standing=admin").sees("Root").does_not_see("Person");
    admin.open("/admin/people?standing=invited").sees("p59@example.com").does_not_see("active");
}
