//! When a team works: its hours, its time zone and its holidays, and the arithmetic of what is due
//! by then. A team that says nothing works always.

pub mod actions;
mod calendar;
pub mod forms;
pub mod queries;
pub mod settings;

pub use calendar::Calendar;
pub use queries::{Calendars, calendars, calendars_of};
