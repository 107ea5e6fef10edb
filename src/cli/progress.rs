//! Progress bars, on standard error where that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over bytes.
pub(super) fn bytes(all: u64) -> ProgressBar {
    bar(all, "{bar:40} {bytes}/{total_bytes} {eta} left")
}

/// A bar over rows, with a word for what is being done.
pub(super) fn rows() -> ProgressBar {
    bar(0, "{bar:40} {human_pos}/{human_len} rows, {per_sec}, {eta} left: {msg}")
}

fn bar(all: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(all);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
