//! The API as programs meet it: every status of the contract, one item or many, keys and lists.

mod feedback;
mod interactions;
mod lists;
mod many;
mod statuses;
