//! The only clock. Instants are cut to the microsecond, which both databases keep.

use crate::db::Instant;

/// Now.
#[allow(clippy::disallowed_methods)]
pub fn now() -> Instant {
    Instant::truncated(jiff::Timestamp::now())
}

/// How long ago `then` was, as people say it: `3 minutes ago`, `in 2 hours`, `12 Mar 2026`.
pub fn relative(then: Instant, now: Instant) -> String {
    let seconds = (now.as_micros() - then.as_micros()) / 1_000_000;
    let (ahead, seconds) = (seconds < 0, seconds.abs());
    let amount = match seconds {
        0..45 => return if ahead { "in a moment".into() } else { "just now".into() },
        45..3_570 => plural((seconds + 30) / 60, "minute"),
        3_570..84_600 => plural((seconds + 1_800) / 3_600, "hour"),
        84_600..2_592_000 => plural((seconds + 43_200) / 86_400, "day"),
        _ => return day(then),
    };
    if ahead { format!("in {amount}") } else { format!("{amount} ago") }
}

impl Instant {
    /// How long ago it was, as people say it.
    pub fn ago(&self) -> String {
        relative(*self, now())
    }
    /// The exact instant for people, in UTC.
    pub fn exact(&self) -> String {
        exact(*self)
    }
}

/// The day in UTC: `12 Mar 2026`.
pub fn day(at: Instant) -> String {
    at.0.strftime("%-d %b %Y").to_string()
}

/// The exact instant for people, in UTC: `12 Mar 2026, 14:05 UTC`.
pub fn exact(at: Instant) -> String {
    at.0.strftime("%-d %b %Y, %H:%M UTC").to_string()
}

fn plural(count: i64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_how_long_ago_it_was() {
        let now = Instant::from_micros(1_790_000_000_000_000);
        let before = |s: i64| Instant::from_micros(now.as_micros() - s * 1_000_000);
        assert_eq!(relative(before(10), now), "just now");
        assert_eq!(relative(before(60), now), "1 minute ago");
        assert_eq!(relative(before(3_600), now), "1 hour ago");
        assert_eq!(relative(before(172_800), now), "2 days ago");
        assert_eq!(relative(before(-7_200), now), "in 2 hours");
        assert_eq!(relative(before(90 * 86_400), now), day(before(90 * 86_400)));
    }
}
