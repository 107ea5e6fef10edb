//! Triage: what a champion does with what their teams reported. The queue and its order, claims,
//! so that no two do the same, decisions, and the pages and the API for all of it.

pub mod actions;
pub mod api;
pub mod escalations;
pub mod facets;
pub mod filter;
pub mod judge;
pub mod model;
mod pages;
pub mod queries;
pub mod queue;
pub mod slots;
pub mod subject;

pub use pages::{Row, rows};

/// `/triage…`, `/escalations…` and `/api/v1/review-items…`
pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
    api::routes(cfg);
    pages::routes(cfg);
    escalations::routes(cfg);
}
