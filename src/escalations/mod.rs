//! Escalations: what a person was asked to take over. What happened is a list of events; when
//! something is due follows from them and from the hours in which the team works. The pages are
//! triage's, which looks after them.

pub mod actions;
mod clock;
mod mails;
pub mod model;
pub mod notices;
pub mod queries;

pub use clock::Clock;
pub use model::{Escalation, EscalationId};
