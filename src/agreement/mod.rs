//! Agreement: whether people who judge the same answer say the same, and whether reviewers who
//! decide the same item decide the same. Figures of an agent and of its categories, for its page,
//! for programs, and for the cards of datasets.

pub mod alpha;
pub mod api;
pub mod figures;
mod queries;
pub mod told;

pub use figures::{Agreement, Both, Figures, of_agent, overall};

/// `/api/v1/agents/{slug}/agreement`
pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
    api::routes(cfg);
}
