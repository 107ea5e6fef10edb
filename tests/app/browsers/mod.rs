//! What only a real browser shows: the end user's way on a phone, with and without JavaScript, by
//! keyboard; every page looked at by axe-core, its weight and where it loads from.

mod champion;
mod demo;
mod end_user;
