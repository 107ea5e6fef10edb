//! Datasets: a saved question with its rules, and releases of it: frozen, numbered, split without
//! leakage, documented by a card. What a release holds is in the database; its files are made of
//! that, and can be made again, byte for byte, by any machine.

pub mod actions;
mod alpha;
pub mod api;
pub mod build;
pub mod card;
mod check;
pub mod count;
pub mod deliver;
pub mod forms;
pub mod judge;
pub mod lineage;
pub mod lineage_api;
pub mod marks;
pub mod model;
mod pages;
pub mod parts;
pub mod push;
pub mod push_api;
pub mod queries;
pub mod question;
pub mod reason;
pub mod redact;
pub mod settle;
pub mod shelf;
pub mod split;

pub use question::Question;
pub use shelf::Shelf;

/// `/datasets…` and `/api/v1/datasets…`
pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
    api::routes(cfg);
    lineage_api::routes(cfg);
    push_api::routes(cfg);
    pages::routes(cfg);
}
