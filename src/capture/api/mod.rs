//! What programs send and read: interactions and feedback.

pub mod body;
pub mod feedback;
pub mod interactions;

use actix_web::web;

/// `/api/v1/interactions` and `/api/v1/feedback`
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(interactions::create)
        .service(interactions::show)
        .service(feedback::create)
        .service(feedback::list);
}
