//! Signing in by every way, and what people see and change of it.

mod first;
mod oidc;
mod oidc_browser;
mod passwords;
mod profile;
mod proxied;
mod sessions;
mod throttling;

use crate::support::{Browser, Page, TestApp};
use diesel::prelude::*;
use overrule::schema::{people, sessions as rows};

/// A password that is good enough.
pub const GOOD: &str = "tea kettle sings at noon";

/// Somebody with a password, signed in by it in a browser of their own.
pub fn with_password(app: &TestApp, email: &str, name: &str) -> Browser {
    let browser = app.person(email, name, &["support"]).signed_in();
    set_password(&browser, GOOD).is(200).sees("Your password is set");
    browser.open("/").press("Sign out");
    sign_in(&browser, email, GOOD).is(200).sees(&format!("Hello, {name}"));
    browser
}

/// Sets the first password, or one without showing the old.
pub fn set_password(browser: &Browser, password: &str) -> Page {
    browser.open("/profile").fill("New password", password).press("Set the password")
}

/// Signs in by password.
pub fn sign_in(browser: &Browser, email: &str, password: &str) -> Page {
    let page = browser.open("/sign-in");
    page.fill("E-mail address", email).fill("Password", password).press("Sign in")
}

/// How many sessions there are.
pub fn count_sessions(app: &TestApp) -> i64 {
    app.write(|conn| Ok(rows::table.count().get_result(conn)?))
}

/// Lets every session be as old, and as long unused, as these minutes.
pub fn age_sessions(app: &TestApp, minutes: i64) {
    app.write(move |conn| {
        let then = overrule::clock::now().plus_minutes(-minutes);
        diesel::update(rows::table)
            .set((rows::created_at.eq(then), rows::last_seen_at.eq(then)))
            .execute(conn)?;
        Ok(())
    });
}

/// Deactivates whoever has this address.
pub fn deactivate(app: &TestApp, address: &'static str) {
    app.write(move |conn| {
        diesel::update(people::table.filter(people::address.eq(address)))
            .set(people::deactivated_at.eq(Some(overrule::clock::now())))
            .execute(conn)?;
        Ok(())
    });
}
