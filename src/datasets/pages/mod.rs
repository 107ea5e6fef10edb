//! The engineer's pages: datasets, one dataset with what it would give, and its releases.

mod edit;
mod left_out;
mod lineage;
mod list;
mod push;
mod release;
mod show;

use actix_web::web::{ServiceConfig, get, post};

/// `/datasets…`
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/datasets", get().to(list::index))
        .route("/datasets", post().to(edit::create))
        .route("/datasets/new", get().to(edit::new))
        .route("/datasets/{name}", get().to(show::show))
        .route("/datasets/{name}", post().to(edit::update))
        .route("/datasets/{name}/edit", get().to(edit::edit))
        .route("/datasets/{name}/lineage", get().to(lineage::show))
        .route("/datasets/{name}/releases", post().to(release::create))
        .route("/datasets/{name}/releases/{number}", get().to(release::show))
        .route("/datasets/{name}/releases/{number}/cancel", post().to(release::cancel))
        .route("/datasets/{name}/releases/{number}/push", post().to(push::ask))
        .route("/datasets/{name}/releases/{number}/push/cancel", post().to(push::cancel))
        .route("/datasets/{name}/releases/{number}/left-out", get().to(left_out::left_out))
        .route("/datasets/{name}/releases/{number}/retired", get().to(lineage::retired))
        .route("/datasets/{name}/releases/{number}/files/{file}", get().to(release::file));
}
