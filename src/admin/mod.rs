//! What admins do with the installation, and leaders with their team: people, teams, keys, the
//! audit log. It owns no table: what changes people and keys is in `accounts`.

mod audit;
mod import;
pub mod keys;
mod people;
mod person;
mod team;
mod teams;

use crate::accounts::extract::SESSION_COOKIE;
use crate::db::Hash;
use crate::web::{PageContext, token};
use actix_web::{HttpRequest, web};
use serde::Deserialize;

/// `/admin/people…`, `/admin/teams`, `/admin/keys…`, `/admin/audit…` and `/teams…`
pub fn routes(cfg: &mut web::ServiceConfig) {
    people::routes(cfg);
    import::routes(cfg);
    person::routes(cfg);
    teams::routes(cfg);
    team::routes(cfg);
    keys::routes(cfg);
    audit::routes(cfg);
}

/// What was done just before, as the address says after a form was taken.
#[derive(Debug, Default, Deserialize)]
struct Done {
    #[serde(default)]
    done: String,
}

impl Done {
    /// The page's context with a sentence about it; a word that means nothing here says nothing.
    fn tell(&self, mut ctx: PageContext) -> PageContext {
        let sentence = match self.done.as_str() {
            "saved" => "Saved.",
            "invited" => "The invitation is on its way.",
            "deactivated" => "They can't sign in any more, and are signed out everywhere.",
            "activated" => "They can sign in again.",
            "imported" => "The list was taken.",
            "added" => "They are in the team now.",
            "removed" => "They are no longer in the team.",
            "revoked" => "The key no longer works.",
            _ => return ctx,
        };
        ctx.notice = Some(sentence.to_owned());
        ctx
    }
}

/// The hash of the session that asks, so that it outlives a change of roles.
fn session_of(request: &HttpRequest) -> Option<Hash> {
    request.cookie(SESSION_COOKIE).map(|cookie| token::hash(cookie.value()))
}

/// Whether a box was ticked.
fn ticked(value: &str) -> bool {
    !value.is_empty()
}
