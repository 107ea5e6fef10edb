//! Signing in and out, and what people see and change of themselves.

mod first;
mod link;
mod oidc;
mod password;
mod profile;
mod session;
mod sign_in;

use actix_web::web::{self, get, post};

pub(super) use link::link_path;

/// `/sign-in…`, `/sign-out`, `/first/…` and `/profile…`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/sign-in", get().to(sign_in::new))
        .route("/sign-in", post().to(sign_in::create))
        .route("/sign-in/sent", get().to(sign_in::sent))
        .route("/sign-in/oidc", get().to(oidc::start))
        .route("/sign-in/oidc/back", get().to(oidc::back))
        .route("/sign-in/{token}", get().to(link::show))
        .route("/sign-in/{token}", post().to(link::use_link))
        .route("/sign-out", post().to(session::sign_out))
        .route("/first/{token}", get().to(first::show))
        .route("/first/{token}", post().to(first::create))
        .route("/profile", get().to(profile::show))
        .route("/profile", post().to(profile::update))
        .route("/profile/password", post().to(password::set))
        .route("/profile/password/strength", post().to(password::strength))
        .route("/profile/accounts/unlink", post().to(profile::unlink))
        .route("/profile/sessions/end", post().to(session::end))
        .route("/profile/sessions/end-others", post().to(session::end_others))
        .route("/profile/sessions/end-all", post().to(session::end_all));
}
