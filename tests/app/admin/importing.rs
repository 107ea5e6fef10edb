//! Lists of people: shown first, then taken as a whole or not at all.

use super::id_of;
use crate::support::{Browser, Page, TestApp};
use diesel::prelude::*;
use overrule::schema::people as p;

/// What the browser shows of a file that was chosen.
fn send_file(browser: &Browser, bytes: &[u8]) -> (u16, String) {
    let mut body =
        b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p.csv\"\r\n\
        Content-Type: text/csv\r\n\r\n"
            .to_vec();
    body.extend_from_slice(bytes);
    body.extend_from_slice(
        b"\r\n--edge\r\nContent-Disposition: form-data; name=\"csv\"\r\n\r\n\r\n--edge--\r\n",
    );
    let request = browser
        .request("POST", "/admin/people/import/preview")
        .header("content-type", "multipart/form-data; boundary=edge")
        .header("sec-fetch-site", "same-origin")
        .body(body);
    let answer = browser.send(request);
    (answer.status, answer.text)
}

fn pasted(browser: &Browser, text: &str) -> Page {
    let form = browser.open("/admin/people/import").is(200).fill("Or the list itself", text);
    form.press("See what it would do")
}

fn accounts(app: &TestApp) -> i64 {
    app.write(|conn| Ok(p::table.filter(p::can_sign_in).count().get_result(conn)?))
}

#[test]
fn a_list_is_shown_first_and_then_taken() {
    let app = TestApp::start();
    let admin = app.admin();
    app.person("ben@example.com", "Ben", &["sales"]);
    let list = "name;email;teams;role;office\r\nAda Lovelace;Ada@example.com;support:champion sales;;2\r\n\
        Ben;ben@example.com;sales;engineer;3\r\nRoot;root@example.com;;;4\r\n";
    let shown = pasted(&admin, list).is(200).sees("1 new, 1 changed, 1 as they are");
    let shown = shown.sees("would be made: support").sees("passed over: office");
    assert_eq!(accounts(&app), 2, "nothing is written yet");
    shown
        .press("Take the list")
        .is(200)
        .is_at("/admin/people?done=imported")
        .sees("ada@example.com");
    assert_eq!(accounts(&app), 3);
    let mail = app.mailbox().nth(1, "ada@example.com");
    let ada = app.browser();
    ada.open(&mail.link()).press_only();
    ada.open("/triage").is(200);
    assert_eq!(app.mailbox().all().len(), 1, "who was here gets no invitation");
    pasted(&admin, list).is(200).sees("0 new, 0 changed, 3 as they are");
}

#[test]
fn with_a_bad_line_nothing_is_taken_at_all() {
    let app = TestApp::start();
    let admin = app.admin();
    app.person("gone@example.com", "Gone", &[]);
    admin.open(&super::page_of(&app, "gone@example.com")).press("Deactivate").is(200);
    let list = "email,name,role\nada@example.com,Ada,\nnobody,,\nADA@example.com,Twice,\n\
        eve@example.com,Eve,boss\ngone@example.com,,\n";
    let shown = pasted(&admin, list).is(422).sees("4 lines are not right yet");
    let shown = shown.sees("is on line 2 already").sees("`boss` is not one of");
    let shown = shown.sees("is deactivated; activate them on their page first");
    assert!(shown.value("Or the list itself").contains("nobody"), "it can be mended in place");
    let by_hand: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("csv", list).finish();
    assert_eq!(super::post(&admin, "/admin/people/import", &by_hand), 422);
    assert_eq!(accounts(&app), 2);
    assert!(app.mailbox().all().is_empty());
}

#[test]
fn files_as_spreadsheets_write_them_are_read() {
    let app = TestApp::start();
    let admin = app.admin();
    let wide: Vec<u8> = "\u{feff}Name\tE-Mail\nZoë\tzoe@example.com"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [&b"\xef\xbb\xbfemail;name\r\nzoe@example.com;Zo\xc3\xab\r\n"[..], &wide] {
        let (status, text) = send_file(&admin, bytes);
        assert_eq!(status, 200, "{text}");
        assert!(text.contains("zoe@example.com") && text.contains("Zoë"), "{text}");
    }
    for bytes in [&b"email\nzo\xeb@example.com"[..], b"", b"PK\x03\x04\0\0", b"name\nZoe"] {
        let (status, text) = send_file(&admin, bytes);
        assert_eq!(status, 422, "{text}");
    }
    let large = [&b"email\n"[..], &b"x@example.com\n".repeat(100_000)].concat();
    assert_eq!(send_file(&admin, &large).0, 422);
}

#[test]
fn a_list_never_makes_two_people_of_one_address() {
    let app = TestApp::start();
    let admin = app.admin();
    let shown = pasted(&admin, "mail\nada@example.com\n").is(200);
    // Between looking and taking, somebody else invites her.
    app.person("ada@example.com", "Ada", &[]);
    let before = id_of(&app, "ada@example.com");
    shown.press("Take the list").is(200);
    assert_eq!(id_of(&app, "ada@example.com"), before);
    assert!(app.mailbox().all().is_empty(), "she has an account by now");
}
