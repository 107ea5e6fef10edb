//! Journeys: the pages that join everything for one person. Where to begin (`/`), and what became
//! of what one reported (`/feedback`, `/r/…`). The last slice: it reads all and owns nothing.

mod handlers;
mod home;
mod queries;
mod receipt;

pub use queries::home::has_interactions;

use actix_web::web::{ServiceConfig, get};

/// `/`, `/feedback…` and `/r/…`
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/", get().to(home::show))
        .route("/feedback", get().to(handlers::index))
        .route("/feedback/{id}", get().to(handlers::show))
        .route("/r/{token}", get().to(handlers::show_by_token));
}
