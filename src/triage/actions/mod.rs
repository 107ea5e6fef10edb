//! What reviewers do: claim and give back, decide one or many, take a decision back.

mod bulk;
mod check;
mod claim;
mod decide;
mod undo;

pub use bulk::{AT_ONCE, Bulk, decide_many};
pub use claim::{claim, claim_next, give_back, give_back_all};
pub use decide::{Decided, decide};
pub use undo::{reopen, undo};
