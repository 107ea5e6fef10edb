//! A team's hours as a browser sends them.

use super::settings::{DAYS, Hours, read_day, read_holidays, show_day, show_holidays};
use crate::error::Mistakes;
use jiff::tz::TimeZone;
use serde::Deserialize;

/// The form of a team's hours.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct HoursForm {
    pub zone: String,
    pub monday: String,
    pub tuesday: String,
    pub wednesday: String,
    pub thursday: String,
    pub friday: String,
    pub saturday: String,
    pub sunday: String,
    pub holidays: String,
}

impl HoursForm {
    /// The form of hours that are there, or a proposal to start from.
    pub fn of(hours: Option<&Hours>) -> Self {
        let Some(hours) = hours else {
            let office = || "09:00-17:00".to_owned();
            return Self {
                zone: "UTC".to_owned(),
                monday: office(),
                tuesday: office(),
                wednesday: office(),
                thursday: office(),
                friday: office(),
                ..Self::default()
            };
        };
        let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] =
            hours.week.each_ref().map(|day| show_day(day));
        let (zone, holidays) = (hours.zone.clone(), show_holidays(&hours.holidays));
        Self { zone, monday, tuesday, wednesday, thursday, friday, saturday, sunday, holidays }
    }

    /// Field, label and text of each day.
    pub fn days(&self) -> [(String, &'static str, &str); 7] {
        let texts = [
            &self.monday,
            &self.tuesday,
            &self.wednesday,
            &self.thursday,
            &self.friday,
            &self.saturday,
            &self.sunday,
        ];
        let mut texts = texts.into_iter();
        DAYS.map(|day| (day.to_lowercase(), day, texts.next().map_or("", String::as_str)))
    }

    /// The hours, or what is wrong with the text.
    pub fn check(&self) -> Result<Hours, Mistakes> {
        let mut mistakes = Mistakes::default();
        let zone = self.zone.trim().to_owned();
        if zone.is_empty() || TimeZone::get(&zone).is_err() {
            let why = "That is no time zone; write one such as Europe/Berlin or America/New_York.";
            mistakes.add("zone", why);
        }
        let mut week: [Vec<(i64, i64)>; 7] = Default::default();
        for ((field, _, text), day) in self.days().into_iter().zip(week.iter_mut()) {
            match read_day(text) {
                Ok(read) => *day = read,
                Err(why) => mistakes.add(field, why),
            }
        }
        if mistakes.is_empty() && week.iter().all(Vec::is_empty) {
            mistakes.add("monday", "Nothing would ever be due: give at least one day its hours.");
        }
        let holidays = read_holidays(&self.holidays).unwrap_or_else(|why| {
            mistakes.add("holidays", why);
            Vec::new()
        });
        mistakes.or(Hours { zone, week, holidays })
    }
}
