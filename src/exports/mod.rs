//! Exports: signals as files that trainers, evaluators and other installations load as they are.
//! Rows are read a keyset page at a time and written as they come, so that memory stays the same
//! however many there are.

pub mod api;
pub mod columns;
pub mod feed;
pub mod file;
pub mod formats;
pub mod model;
pub mod queries;
pub mod shape;
pub mod stream;
pub mod table;

pub use model::{FileFormat, Format, Question};
pub use shape::Shape;
