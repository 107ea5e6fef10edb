//! The champion's pages: the queue, one item, and what is done with them.

mod act;
mod bulk;
mod choices;
mod decide;
mod item;
mod list;
mod past;
mod show;
mod view;

pub use view::{Row, rows};

use actix_web::web::{ServiceConfig, get, post};

/// `/triage…`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/triage", get().to(list::index))
        .route("/triage/new", get().to(list::news))
        .route("/triage/next", post().to(act::next))
        .route("/triage/undo", post().to(act::undo))
        .route("/triage/filters", post().to(act::save_filter))
        .route("/triage/filters/delete", post().to(act::delete_filter))
        .route("/triage/bulk", get().to(bulk::new))
        .route("/triage/bulk", post().to(bulk::create))
        .route("/triage/{id}", get().to(show::show))
        .route("/triage/{id}/claim", post().to(act::claim))
        .route("/triage/{id}/release", post().to(act::release))
        .route("/triage/{id}/skip", post().to(act::skip))
        .route("/triage/{id}/decisions", post().to(decide::create))
        .route("/triage/{id}/reopen", post().to(act::reopen));
}
