//! For managers: how often people overrode their teams' agents in the last seven days, beside
//! what is normal, which is the span of the four weeks before.

use crate::accounts::Who;
use crate::capture::words;
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::journeys::queries::home::{self, Used, WEEK_CAP};

/// Fewer interactions in a week than this say nothing about what is normal.
const ENOUGH: i64 = 20;
/// Weeks that say what is normal.
const WEEKS: i64 = 4;

/// One agent in one team.
pub(super) struct Row {
    pub agent: String,
    pub team: String,
    pub interactions: String,
    pub overrides: String,
    /// `5.1 %`, or why there is none.
    pub rate: String,
    /// `4 to 7 %`, or why there is none.
    pub normal: String,
    pub verdict: &'static str,
}

/// What is shown.
pub(super) struct Part {
    pub sentence: String,
    pub rows: Vec<Row>,
}

/// What happened in one week.
#[derive(Debug, Clone, Copy)]
struct Week {
    interactions: i64,
    overrides: i64,
}

/// How a week compares with the weeks before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    Usual,
    More,
    Less,
    Unknown,
}

pub(super) fn gather(conn: &mut Conn, who: &Who, now: Instant) -> AppResult<Option<Part>> {
    let teams = home::teams_led(who);
    if teams.is_empty() {
        return Ok(None);
    }
    let (mut rows, mut outcomes) = (Vec::new(), Vec::new());
    for used in home::deployments_of(conn, Some(&teams))? {
        if !home::counts_for_managers(&used) {
            continue;
        }
        let this = week(conn, &used, now, 0)?;
        let mut before = Vec::new();
        for ago in 1..=WEEKS {
            before.push(week(conn, &used, now, ago)?);
        }
        let outcome = compare(this, &before);
        outcomes.push((used.agent.clone(), outcome));
        rows.push(row(used, this, &before, outcome));
    }
    Ok(Some(Part { sentence: sentence(&outcomes), rows }))
}

/// The week that ended `ago` weeks before now.
fn week(conn: &mut Conn, used: &Used, now: Instant, ago: i64) -> AppResult<Week> {
    const MINUTES: i64 = 7 * 24 * 60;
    let (since, until) = (now.plus_minutes(-(ago + 1) * MINUTES), now.plus_minutes(-ago * MINUTES));
    let id = used.deployment.id;
    Ok(Week {
        interactions: home::count_interactions(conn, id, since, until)?,
        overrides: home::count_overrides(conn, id, since, until)?,
    })
}

impl Week {
    /// Overrides in a hundred interactions; none where there are too few, or too many to count.
    fn rate(self) -> Option<f64> {
        let counted = (ENOUGH..=WEEK_CAP).contains(&self.interactions);
        #[allow(clippy::cast_precision_loss)] // Both are at most the cap.
        counted.then(|| 100.0 * self.overrides as f64 / self.interactions as f64)
    }
}

/// The lowest and the highest rate of the weeks before.
fn normal(before: &[Week]) -> Option<(f64, f64)> {
    let rates: Vec<f64> = before.iter().filter_map(|week| week.rate()).collect();
    if rates.len() < 2 {
        return None;
    }
    Some(rates.iter().fold((f64::MAX, f64::MIN), |(low, high), r| (low.min(*r), high.max(*r))))
}

fn compare(this: Week, before: &[Week]) -> Compared {
    match (this.rate(), normal(before)) {
        (Some(rate), Some((_, high))) if rate > high => Compared::More,
        (Some(rate), Some((low, _))) if rate < low => Compared::Less,
        (Some(_), Some(_)) => Compared::Usual,
        _ => Compared::Unknown,
    }
}

fn row(used: Used, this: Week, before: &[Week], outcome: Compared) -> Row {
    let rate = match this.rate() {
        Some(rate) => format!("{rate:.1} %"),
        None if this.interactions > WEEK_CAP => "too many to count here".to_owned(),
        None => "too few to say".to_owned(),
    };
    let normal = match normal(before) {
        Some((low, high)) if format!("{low:.0}") == format!("{high:.0}") => format!("{low:.0} %"),
        Some((low, high)) => format!("{low:.0} to {high:.0} %"),
        None => "not known yet".to_owned(),
    };
    Row {
        agent: used.agent,
        team: used.team,
        interactions: words::capped(this.interactions, WEEK_CAP),
        overrides: words::grouped(this.overrides),
        rate,
        normal,
        verdict: match outcome {
            Compared::Usual => "as usual",
            Compared::More => "more than usual",
            Compared::Less => "less than usual",
            Compared::Unknown => "too early to say",
        },
    }
}

fn sentence(outcomes: &[(String, Compared)]) -> String {
    let named = |wanted| -> Vec<String> {
        let all = outcomes.iter().filter(|(_, outcome)| *outcome == wanted);
        let mut names: Vec<String> = all.map(|(agent, _)| agent.clone()).collect();
        names.dedup();
        names
    };
    let (more, less, usual) =
        (named(Compared::More), named(Compared::Less), named(Compared::Usual));
    if outcomes.is_empty() {
        return "Your teams use no agent in production yet.".to_owned();
    }
    if !more.is_empty() {
        let rest = match less.as_slice() {
            [] => String::new(),
            less => format!(" {} less often.", words::list(less, "and")),
        };
        let more = words::list(&more, "and");
        return format!("People overrode {more} more often than usual this week.{rest}");
    }
    if !less.is_empty() {
        let less = words::list(&less, "and");
        return format!("A good week: people overrode {less} less often than usual.");
    }
    if usual.is_empty() {
        return "It is too early to say what is normal for your agents.".to_owned();
    }
    "A normal week: people overrode your agents about as often as usual.".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(interactions: i64, overrides: i64) -> Week {
        Week { interactions, overrides }
    }

    #[test]
    fn a_rate_is_told_beside_what_is_normal() {
        let before = [week(100, 4), week(100, 7), week(100, 5), week(3, 3)];
        assert_eq!(normal(&before), Some((4.0, 7.0)));
        assert_eq!(compare(week(100, 5), &before), Compared::Usual);
        assert_eq!(compare(week(100, 8), &before), Compared::More);
        assert_eq!(compare(week(100, 3), &before), Compared::Less);
        assert_eq!(compare(week(5, 3), &before), Compared::Unknown);
        assert_eq!(compare(week(WEEK_CAP + 1, 3), &before), Compared::Unknown);
        assert_eq!(compare(week(100, 3), &before[3..]), Compared::Unknown);
    }
}
