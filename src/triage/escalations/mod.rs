//! The pages of escalations and of a team's working hours.

mod act;
mod hours;
mod list;
mod show;

pub use list::{Row, rows, scope};

use actix_web::web::{ServiceConfig, get, post};

/// `/escalations…`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/escalations", get().to(list::index))
        .route("/escalations/hours", get().to(hours::index))
        .route("/escalations/hours/{team}", get().to(hours::edit))
        .route("/escalations/hours/{team}", post().to(hours::update))
        .route("/escalations/hours/{team}/always", post().to(hours::always))
        .route("/escalations/{id}", get().to(show::show))
        .route("/escalations/{id}/assign", post().to(act::assign))
        .route("/escalations/{id}/messages", post().to(act::write))
        .route("/escalations/{id}/resume", post().to(act::resume))
        .route("/escalations/{id}/resolve", post().to(act::resolve))
        .route("/escalations/{id}/reopen", post().to(act::reopen))
        .route("/escalations/{id}/reply", post().to(act::reply));
}
