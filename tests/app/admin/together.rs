//! Two admins at once, on two servers where the database allows for that.

use super::{id_of, post};
use crate::support::{Backend, Browser, Process, TestApp, backend};
use diesel::prelude::*;
use overrule::schema::people as p;
use std::sync::Barrier;

/// A browser of its own thread on a server, with the session of another.
fn with_cookies(base: &str, cookies: &str) -> Browser {
    let browser = Browser::new(base);
    browser.set_cookie(cookies);
    browser
}

#[test]
fn two_admins_who_demote_each_other_at_once_leave_one() {
    let app = TestApp::start();
    let mut second: Option<Process> = (backend() == Backend::Postgres).then(|| app.serve());
    let other = second.as_mut().map_or_else(|| app.url().to_owned(), Process::listening);
    let bases = [app.url().to_owned(), other];
    for round in 0..8 {
        let addresses = [0, 1].map(|n| format!("admin{n}-{round}@example.com"));
        let cookies = addresses.clone().map(|address| {
            let browser = app.person(&address, "Admin", &[]).signed_in();
            let ours = address.clone();
            app.write(move |conn| {
                let person = p::table.filter(p::address.eq(&ours));
                diesel::update(person).set(p::is_admin.eq(true)).execute(conn)?;
                Ok(())
            });
            browser.cookies()
        });
        let ids = addresses.map(|address| id_of(&app, &address));
        let start = Barrier::new(2);
        std::thread::scope(|scope| {
            for n in [0, 1] {
                let (start, base, cookies, other) = (&start, &bases[n], &cookies[n], ids[1 - n]);
                scope.spawn(move || {
                    let browser = with_cookies(base, cookies);
                    start.wait();
                    let path = match round % 2 {
                        0 => format!("/admin/people/{other}"),
                        _ => format!("/admin/people/{other}/deactivate"),
                    };
                    let status = post(&browser, &path, "name=Admin");
                    assert!(matches!(status, 303 | 401 | 403 | 422), "{status}");
                });
            }
        });
        let left: i64 = app.write(|conn| {
            let admins = p::table.filter(p::is_admin).filter(p::deactivated_at.is_null());
            Ok(admins.count().get_result(conn)?)
        });
        assert_eq!(left, 1, "round {round}");
        app.write(|conn| {
            diesel::update(p::table).set(p::is_admin.eq(false)).execute(conn)?;
            Ok(())
        });
    }
}
