//! One signal as records of each format, written by hand: what was sent as JSON goes through as
//! the text it is.

mod annotation;
mod cases;
mod interchange;
mod training;

pub use interchange::Lines;
pub use training::{Labels, write};
