//! The arithmetic of working time. Everything is counted in microseconds of real time in which the
//! clock on the wall shows a working hour of a day that is no holiday; where the clocks change,
//! each stretch between two changes is looked at by itself.

use crate::db::Instant;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// How much is looked at in one go, and how often: 35 years in all. Who has so few hours that this
/// is not enough is never late.
const CHUNK: i64 = 32 * DAY;
const CHUNKS: usize = 400;

/// Minutes of the day from which and until which people work; the end may be 24:00.
pub type Stretch = (i64, i64);

/// When a team works.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    /// From Monday on; in order and apart from one another.
    week: [Vec<Stretch>; 7],
    /// Days since 1970.
    holidays: BTreeSet<i64>,
    is_always: bool,
}

impl Calendar {
    /// Every hour counts.
    pub const ALWAYS: Self = Self {
        zone: TimeZone::UTC,
        week: [const { Vec::new() }; 7],
        holidays: BTreeSet::new(),
        is_always: true,
    };

    /// A calendar with these stretches of each day from Monday on, which are in order and apart,
    /// and these holidays as days since 1970.
    pub fn new(zone: TimeZone, week: [Vec<Stretch>; 7], holidays: BTreeSet<i64>) -> Self {
        Self { zone, week, holidays, is_always: false }
    }

    /// Whether every hour counts.
    pub fn is_always(&self) -> bool {
        self.is_always
    }

    /// The zone in which people read their deadlines.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Working time between two instants, in microseconds; none where they are the wrong way
    /// round.
    pub fn between(&self, from: Instant, until: Instant) -> i64 {
        let (from, until) = (from.as_micros(), until.as_micros());
        if self.is_always {
            return (until - from).max(0);
        }
        self.stretches(from, until).iter().map(|(start, end)| end - start).sum()
    }

    /// The first instant at which `minutes` of working time have passed since `from`.
    pub fn add(&self, from: Instant, minutes: i64) -> Instant {
        self.add_micros(from, minutes.saturating_mul(MINUTE))
    }

    /// As `add`, in microseconds.
    pub fn add_micros(&self, from: Instant, micros: i64) -> Instant {
        let mut at = from.as_micros();
        let mut left = micros.max(0);
        if self.is_always {
            return Instant::from_micros(at.saturating_add(left));
        }
        if left == 0 {
            return from;
        }
        for _ in 0..CHUNKS {
            for (start, end) in self.stretches(at, at + CHUNK) {
                if left <= end - start {
                    return Instant::from_micros(start + left);
                }
                left -= end - start;
            }
            at += CHUNK;
        }
        Instant::from_micros(at)
    }

    /// What has waited since before this is due before `due`: `add(w, minutes) < due` exactly
    /// where `w < late_before(due, minutes)`. `minutes` is at least 1.
    pub fn late_before(&self, due: Instant, minutes: i64) -> Instant {
        let mut left = minutes.max(1).saturating_mul(MINUTE);
        let mut at = due.as_micros();
        if self.is_always {
            return Instant::from_micros(at.saturating_sub(left));
        }
        // Within working time, what is due at `due` itself isn't late; after its end, it is.
        let is_working = self.stretches(at - 1, at) == [(at - 1, at)];
        // Where the time is used up exactly at a stretch's start, it was used up before at the
        // end of the one before.
        let mut exactly = None;
        for _ in 0..CHUNKS {
            for (start, end) in self.stretches(at - CHUNK, at).into_iter().rev() {
                if exactly.is_some() {
                    return Instant::from_micros(end);
                }
                if left < end - start || (left == end - start && !is_working) {
                    return Instant::from_micros(end - left + i64::from(!is_working));
                }
                left -= end - start;
                if left == 0 {
                    exactly = Some(start);
                }
            }
            at -= CHUNK;
        }
        Instant::from_micros(exactly.unwrap_or(at))
    }

    /// The working stretches between two instants, in order; none is empty.
    fn stretches(&self, from: i64, until: i64) -> Vec<(i64, i64)> {
        let mut found: Vec<(i64, i64)> = Vec::new();
        let mut at = from;
        while at < until {
            let now = Timestamp::from_microsecond(at).unwrap_or(Timestamp::MAX);
            let offset = i64::from(self.zone.to_offset(now).seconds()) * 1_000_000;
            let change = self.zone.following(now).next().map(|c| c.timestamp().as_microsecond());
            let end = change.filter(|change| *change > at).map_or(until, |c| c.min(until));
            self.within(at, end, offset, &mut found);
            at = end;
        }
        found
    }

    /// The same where clocks don't change in between.
    fn within(&self, from: i64, until: i64, offset: i64, found: &mut Vec<(i64, i64)>) {
        let first = (from + offset).div_euclid(DAY);
        let last = (until - 1 + offset).div_euclid(DAY);
        for day in first..=last {
            if self.holidays.contains(&day) {
                continue;
            }
            // 1 January 1970 was a Thursday.
            let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0);
            let midnight = day * DAY - offset;
            for (start, end) in self.week.get(weekday).into_iter().flatten() {
                let start = (midnight + start * MINUTE).max(from);
                let end = (midnight + end * MINUTE).min(until);
                match found.last_mut() {
                    _ if start >= end => {}
                    Some(last) if last.1 == start => last.1 = end,
                    _ => found.push((start, end)),
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
