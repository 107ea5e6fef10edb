//! What admins do with people, teams, keys and the audit log, and leaders with their team.

mod audit;
mod importing;
mod keys;
mod limits;
mod people;
mod reach;
mod teams;
mod together;

pub use reach::limited;

use crate::support::{Browser, TestApp};
use diesel::prelude::*;
use overrule::accounts::PersonId;
use overrule::schema::people as p;

/// The id of whoever has this address.
pub fn id_of(app: &TestApp, address: &str) -> PersonId {
    let address = address.to_owned();
    app.write(move |conn| {
        Ok(p::table.filter(p::address.eq(&address)).select(p::id).first::<PersonId>(conn)?)
    })
}

/// The page of whoever has this address.
pub fn page_of(app: &TestApp, address: &str) -> String {
    format!("/admin/people/{}", id_of(app, address))
}

/// Whether this browser is still signed in.
pub fn is_signed_in(browser: &Browser) -> bool {
    browser.open("/interactions").path == "/interactions"
}

/// Posts a form that no page has, as somebody does who writes requests by hand.
pub fn post(browser: &Browser, path: &str, body: &str) -> u16 {
    let request = browser
        .request("POST", path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(body.to_owned());
    browser.send(request).status
}
