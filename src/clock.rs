//! The only clock. Instants are cut to the microsecond, which both databases keep.

use crate::db::Instant;
use jiff::tz::TimeZone;
use std::cell::OnceCell;

tokio::task_local! {
    /// The time zone of whoever the request is answered for.
    static ZONE: OnceCell<TimeZone>;
}

/// Runs what answers one request; within it times are told in the zone that is set.
pub async fn in_a_zone<F: Future>(answer: F) -> F::Output {
    ZONE.scope(OnceCell::new(), answer).await
}

/// From here on times are told in this zone, until the request is answered; an unknown one is
/// left out.
pub fn set_zone(name: &str) {
    if let Ok(zone) = TimeZone::get(name) {
        let _ = ZONE.try_with(|set| set.set(zone).is_ok());
    }
}

/// The same by the zone itself. The first that is set counts, so that what a reader chose comes
/// before what is only likely.
pub fn set_zone_of(zone: &TimeZone) {
    let _ = ZONE.try_with(|set| set.set(zone.clone()).is_ok());
}

/// Whether there is a time zone of this name.
pub fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok_and(|zone| zone.iana_name().is_some())
}

/// The names of all time zones, such as `Europe/Vienna`, in order.
pub fn zones() -> Vec<String> {
    let mut names: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .filter(|name| name.contains('/') && !name.starts_with("posix/"))
        .filter(|name| !name.starts_with("right/") && !name.starts_with("Etc/"))
        .collect();
    names.push("UTC".to_owned());
    names
}

fn here(at: Instant) -> jiff::ZonedDateTime {
    let zone = ZONE.try_with(|zone| zone.get().cloned()).ok().flatten();
    at.0.to_zoned_datetime(zone.unwrap_or(TimeZone::UTC))
}

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
    /// The exact instant for people, in their time zone.
    pub fn exact(&self) -> String {
        exact(*self)
    }
}

/// The day in the reader's time zone, or in UTC: `12 Mar 2026`.
pub fn day(at: Instant) -> String {
    here(at).strftime("%-d %b %Y").to_string()
}

/// The exact instant in the reader's time zone, or in UTC: `12 Mar 2026, 14:05 UTC`.
pub fn exact(at: Instant) -> String {
    here(at).strftime("%-d %b %Y, %H:%M %Z").to_string()
}

/// A moment by which something should be done, in the reader's time zone: `Tuesday 14:05 CET`, or
/// with the date when that is not within a week.
pub fn deadline(at: Instant, now: Instant) -> String {
    let days = (at.as_micros() - now.as_micros()).abs() / 86_400_000_000;
    let pattern = if days < 6 { "%A %H:%M %Z" } else { "%-d %b %Y, %H:%M %Z" };
    here(at).strftime(pattern).to_string()
}

fn plural(count: i64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_zone_of_the_reader() {
        let at = Instant::from_micros(1_790_000_000_000_000);
        assert_eq!(exact(at), "21 Sep 2026, 14:13 UTC");
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let told = |zone: &'static str| {
            runtime.as_ref().map(|runtime| {
                runtime.block_on(in_a_zone(async move {
                    set_zone(zone);
                    (exact(at), day(at))
                }))
            })
        };
        let due = |zone: &'static str| {
            runtime.as_ref().map(|runtime| {
                runtime.block_on(in_a_zone(async move {
                    set_zone(zone);
                    // The reader's zone comes before the team's.
                    set_zone_of(&TimeZone::fixed(jiff::tz::offset(-3)));
                    (deadline(at, at), deadline(at, at.plus_minutes(10 * 24 * 60)))
                }))
            })
        };
        let vienna = ("Monday 16:13 CEST".to_owned(), "21 Sep 2026, 16:13 CEST".to_owned());
        assert_eq!(due("Europe/Vienna").ok(), Some(vienna));
        let team = ("Monday 11:13 -03".to_owned(), "21 Sep 2026, 11:13 -03".to_owned());
        assert_eq!(due("").ok(), Some(team));
        assert_eq!(deadline(at, at), "Monday 14:13 UTC");
        let vienna = ("21 Sep 2026, 16:13 CEST".to_owned(), "21 Sep 2026".to_owned());
        assert_eq!(told("Europe/Vienna").ok(), Some(vienna));
        let auckland = ("22 Sep 2026, 02:13 NZST".to_owned(), "22 Sep 2026".to_owned());
        assert_eq!(told("Pacific/Auckland").ok(), Some(auckland));
        let utc = ("21 Sep 2026, 14:13 UTC".to_owned(), "21 Sep 2026".to_owned());
        assert_eq!(told("Nowhere/Land").ok(), Some(utc));
        assert!(is_zone("Europe/Vienna") && is_zone("UTC") && !is_zone("Nowhere") && !is_zone(""));
        assert!(zones().contains(&"Europe/Vienna".to_owned()));
    }

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
