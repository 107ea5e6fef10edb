//! What reviewers do: claim and give back, decide one or many, take a decision back.

mod between;
mod bulk;
mod check;
mod claim;
mod decide;
mod review;
mod undo;

pub use bulk::{AT_ONCE, Bulk, decide_many};
pub use claim::{Claimed, claim, claim_next, give_back, give_back_all};
pub use decide::{Decided, Follows, decide, said_of};
pub use undo::{reopen, undo};
