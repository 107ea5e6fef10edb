//! The pages of questions.

mod ask;
mod list;
mod show;

use actix_web::web::{ServiceConfig, get, post};

/// `/questions…`
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/questions", get().to(list::index))
        .route("/questions", post().to(ask::create))
        .route("/questions/new", get().to(ask::new))
        .route("/questions/{id}", get().to(show::show))
        .route("/questions/{id}/messages", post().to(show::write))
        .route("/questions/{id}/pin", post().to(show::pin))
        .route("/questions/{id}/unpin", post().to(show::unpin));
}
