//! Webhooks: programs elsewhere that are told what happened, by the rules of Standard Webhooks. A
//! call is written in the transaction of the fact it tells, and sent from there at least once, with
//! the same id each time.

mod actions;
mod deliver;
mod model;
mod pages;
mod queries;
mod sign;

pub use actions::{tell, tidy};
pub use deliver::deliver;

/// `/webhooks…`
pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
    pages::routes(cfg);
}
