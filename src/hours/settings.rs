//! A team's hours as they are stored, and as people write them.

use super::Calendar;
use crate::accounts::TeamId;
use crate::db::{Instant, Json};
use crate::schema::team_hours;
use diesel::prelude::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most holidays a team may name.
pub const MOST_HOLIDAYS: usize = 500;
/// The days as they are called, from Monday on.
pub const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A row of a team's hours.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = team_hours)]
pub struct TeamHours {
    pub team_id: TeamId,
    pub zone: String,
    /// Seven lists of `[from, until]` in minutes of the day.
    pub week: Json,
    /// A list of `{"on": "2026-12-25", "name": "…"}`.
    pub holidays: Json,
    pub updated_at: Instant,
}

/// A day on which nobody works.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Holiday {
    pub on: Date,
    pub name: String,
}

/// A team's hours, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    pub zone: String,
    pub week: [Vec<(i64, i64)>; 7],
    pub holidays: Vec<Holiday>,
}

impl Hours {
    /// As they were stored; none where the row can't be read any more, which doctors itself by
    /// saving them again.
    pub fn of(row: &TeamHours) -> Option<Self> {
        let week = serde_json::from_value(row.week.0.clone()).ok()?;
        let holidays = serde_json::from_value(row.holidays.0.clone()).ok()?;
        Some(Self { zone: row.zone.clone(), week, holidays })
    }

    /// The calendar; every hour counts where the zone is not known on this machine.
    pub fn calendar(&self) -> Calendar {
        let Ok(zone) = TimeZone::get(&self.zone) else { return Calendar::ALWAYS };
        let holidays: BTreeSet<i64> =
            self.holidays.iter().map(|holiday| days_since_1970(holiday.on)).collect();
        Calendar::new(zone, self.week.clone(), holidays)
    }
}

/// The number of a day, counted from 1 January 1970.
fn days_since_1970(day: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 1);
    epoch.until(day).map_or(0, |span| i64::from(span.get_days()))
}

/// Reads `09:00-12:30, 13:00-17:00`; nothing is a day off.
pub fn read_day(text: &str) -> Result<Vec<(i64, i64)>, String> {
    let mut stretches = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let ends: Vec<&str> = part.split(['-', '–']).map(str::trim).collect();
        let wrong = || format!("“{part}” is no stretch of a day; write it as 09:00-17:00.");
        let [from, until] = ends[..] else { return Err(wrong()) };
        let (from, until) = (minute(from).ok_or_else(wrong)?, minute(until).ok_or_else(wrong)?);
        if from >= until {
            return Err(format!("“{part}” ends before it begins; split a night at 24:00."));
        }
        stretches.push((from, until));
    }
    stretches.sort_unstable();
    if stretches.windows(2).any(|pair| pair[0].1 > pair[1].0) {
        return Err("These stretches overlap.".to_owned());
    }
    Ok(stretches)
}

/// `09:00` is 540, and `24:00` is the end of the day.
fn minute(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let is_number = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(minute) || !(is_number(hour) || hour.len() == 1) {
        return None;
    }
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (hour >= 0 && minute < 60 && total <= 24 * 60).then_some(total)
}

/// Writes what `read_day` reads.
pub fn show_day(stretches: &[(i64, i64)]) -> String {
    let time = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let all = stretches.iter().map(|(from, until)| format!("{}-{}", time(*from), time(*until)));
    all.collect::<Vec<_>>().join(", ")
}

/// Reads one holiday a line: `2026-12-25 Christmas Day`.
pub fn read_holidays(text: &str) -> Result<Vec<Holiday>, String> {
    let mut holidays: Vec<Holiday> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let (day, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let on: Date = day.parse().map_err(|_| {
            format!("Line {number}: “{day}” is no day of the calendar; write 2026-12-25 Christmas.")
        })?;
        if !(1970..=2199).contains(&on.year()) {
            return Err(format!("Line {number}: the year is from 1970 to 2199."));
        }
        if name.chars().count() > 100 {
            return Err(format!("Line {number}: a name has at most 100 characters."));
        }
        holidays.push(Holiday { on, name: name.trim().to_owned() });
    }
    holidays.sort();
    holidays.dedup_by_key(|holiday| holiday.on);
    if holidays.len() > MOST_HOLIDAYS {
        return Err("A team names at most 500 holidays; leave out those that are long past.".into());
    }
    Ok(holidays)
}

/// Writes what `read_holidays` reads.
pub fn show_holidays(holidays: &[Holiday]) -> String {
    holidays.iter().map(|each| format!("{} {}\n", each.on, each.name)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_it_is_written() {
        let read = read_day("13:00 – 17:30, 9:00-12:00").unwrap();
        assert_eq!(read, [(540, 720), (780, 1_050)]);
        assert_eq!(show_day(&read), "09:00-12:00, 13:00-17:30");
        assert_eq!(read_day("00:00-24:00").unwrap(), [(0, 1_440)]);
        assert_eq!(read_day(" ").unwrap(), []);
        for wrong in ["9-17", "09:00", "17:00-09:00", "09:00-25:00", "09:60-10:00", "-1:00-2:00"] {
            assert!(read_day(wrong).is_err(), "{wrong}");
        }
        assert!(read_day("09:00-12:00, 11:00-13:00").unwrap_err().contains("overlap"));
    }

    #[test]
    fn an_impossible_holiday_is_named_with_its_line() {
        let read = read_holidays("2026-12-25 Christmas Day\n\n2026-01-01\n").unwrap();
        assert_eq!(show_holidays(&read), "2026-01-01 \n2026-12-25 Christmas Day\n");
        let why = read_holidays("2026-12-25\n2026-02-30 No such day").unwrap_err();
        assert!(why.starts_with("Line 2: “2026-02-30” is no day"), "{why}");
        assert!(read_holidays("Christmas").is_err());
        assert!(read_holidays("9999-12-25 Far").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = read_day(&text);
            let _ = read_holidays(&text);
        }

        #[test]
        fn days_are_numbered_without_a_gap(day in -100_000i64..100_000) {
            let date = Date::constant(1970, 1, 1)
                .checked_add(jiff::Span::new().days(day)).unwrap();
            proptest::prop_assert_eq!(days_since_1970(date), day);
        }
    }
}
