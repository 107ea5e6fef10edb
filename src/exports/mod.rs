//! Exports: signals as files that trainers, evaluators and other installations load as they are.
//! Rows are read a keyset page at a time and written as they come, so that memory stays the same
//! however many there are.

pub mod api;
pub mod formats;
pub mod model;
pub mod queries;
pub mod stream;

pub use model::{Format, Question};
