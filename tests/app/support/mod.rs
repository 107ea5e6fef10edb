//! What the tests act with: an installation of their own, browsers, programs with keys, mailboxes.

mod answer;
mod api;
mod app;
mod balancer;
mod browser;
mod cluster;
mod database;
mod form;
mod mail;
mod page;
mod process;
mod provider;
mod settings;
mod small_disk;
mod smtp;
mod window;

pub use answer::Answer;
pub use api::Api;
pub use app::{Server, TestApp};
pub use balancer::Balancer;
pub use browser::Browser;
pub use cluster::Cluster;
pub use database::Database;
pub use mail::{Letter, Mailbox};
pub use page::Page;
pub use process::{Command, Finished, Process};
pub use provider::Provider;
pub use settings::{
    Backend, backend, fixture, has_browser, has_program, has_provider, has_tls, kills, real_data,
};
pub use small_disk::SmallDisk;
pub use smtp::Sink;
pub use window::{Look, Window};

use std::time::{Duration, Instant};

/// Waits for what comes by itself, such as a mail. It fails only when nothing comes at all.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "still waiting for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
