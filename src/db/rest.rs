//! What the writer keeps in memory is given back once nothing is written any more.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts writes, to tell whether there were any since the last look.
#[derive(Debug, Default)]
pub(super) struct Rest {
    writes: AtomicU64,
    seen: AtomicU64,
    rested: AtomicU64,
}

impl Rest {
    /// One more write.
    pub(super) fn note(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Whether nothing was written since the last look, but something since the last rest.
    pub(super) fn is_due(&self) -> bool {
        let writes = self.writes.load(Ordering::Relaxed);
        let seen = self.seen.swap(writes, Ordering::Relaxed);
        seen == writes && self.rested.load(Ordering::Relaxed) != writes
    }

    /// What the writes so far left in memory was given back.
    pub(super) fn rested(&self) {
        self.rested.store(self.writes.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_once_after_what_was_written() {
        let rest = Rest::default();
        assert!(!rest.is_due(), "nothing was written yet");
        rest.note();
        assert!(!rest.is_due(), "something was written just now");
        assert!(rest.is_due());
        // To give memory back is a write, too.
        rest.note();
        rest.rested();
        assert!(!rest.is_due() && !rest.is_due());
        rest.note();
        assert!(!rest.is_due());
        assert!(rest.is_due());
    }
}
