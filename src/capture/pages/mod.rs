//! The pages where people say what they think of an answer: the list, one interaction, the same by
//! a signed link, and reporting what was not logged.

mod form;
mod interaction;
mod link;
mod list;
mod report;

pub use form::about;

use actix_web::web::{ServiceConfig, get, post};

/// `/interactions…`, `/c/…` and `/report`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/interactions", get().to(list::index))
        .route("/interactions/{id}", get().to(interaction::show))
        .route("/interactions/{id}", post().to(interaction::create))
        .route("/c/{token}", get().to(link::show))
        .route("/c/{token}", post().to(link::create))
        .route("/report", get().to(report::new))
        .route("/report", post().to(report::create));
}
