//! Random audits: each week some of what nobody overrode is drawn for the queue. From what
//! reviewers say of it, and of what was overridden, follows how often an agent is really wrong.

pub mod api;
pub mod draw;
pub mod estimate;
pub mod model;
mod pages;
pub mod queries;
pub mod report;

/// `/error-rates` and `/api/v1/agents/{slug}/error-rates`
pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
    api::routes(cfg);
    pages::routes(cfg);
}
