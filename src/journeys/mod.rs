//! Journeys: the pages that join everything for one person. Where to begin (`/`), what became of
//! what one reported (`/feedback`, `/r/…`), what an agent is for (`/agents`). The last slice: it
//! reads all and owns nothing.

mod agents;
mod handlers;
mod home;
mod queries;
mod receipt;

pub use queries::home::has_interactions;

use actix_web::web::{ServiceConfig, get};

/// `/`, `/agents…`, `/feedback…` and `/r/…`
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/", get().to(home::show))
        .route("/agents", get().to(agents::index))
        .route("/agents/{slug}", get().to(agents::show))
        .route("/feedback", get().to(handlers::index))
        .route("/feedback/{id}", get().to(handlers::show))
        .route("/r/{token}", get().to(handlers::show_by_token));
}
