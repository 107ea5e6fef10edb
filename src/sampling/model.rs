//! Rows of draws, and what a week is.

use crate::agents::DeploymentId;
use crate::db::{Hash, Instant};
use crate::interactions::InteractionId;
use crate::schema::{audit_draws, audit_picks};
use crate::signals::model::ItemId;
use diesel::prelude::*;

crate::id_type!(
    /// The id of a week's draw in one deployment.
    DrawId
);

/// A week's draw in one deployment: how far its interactions are counted, and how many were
/// overridden when they were.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = audit_draws, treat_none_as_default_value = false)]
pub struct Draw {
    pub id: DrawId,
    pub deployment_id: DeploymentId,
    /// When the week began: a Monday at 0:00 UTC.
    pub week_at: Instant,
    /// How many of what nobody overrode are drawn.
    pub size: i64,
    /// The last interaction that was counted.
    pub after: Option<InteractionId>,
    pub counted: i64,
    pub flagged: i64,
    /// Whether all is counted, and what was drawn is in the queue.
    pub is_drawn: bool,
    pub created_at: Instant,
}

/// One interaction that was drawn.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = audit_picks, treat_none_as_default_value = false)]
pub struct Pick {
    pub draw_id: DrawId,
    pub interaction_id: InteractionId,
    /// The smallest are drawn.
    pub rank: Hash,
    pub is_flagged: bool,
    /// The item in which it is looked at; none of what was overridden, which has its own.
    pub item_id: Option<ItemId>,
}

/// How many overridden interactions of a week are drawn, to see what became of them.
pub const FLAGGED_SIZE: i64 = 200;
/// How long after its end a week is drawn: by then most of what people override is overridden.
pub const WAIT_MINUTES: i64 = 24 * 60;
/// How many weeks an estimate looks back.
pub const WEEKS: i64 = 13;

const WEEK_MICROS: i64 = 7 * 24 * 60 * 60 * 1_000_000;
/// From 1970 to its first Monday.
const MONDAY_MICROS: i64 = 4 * 24 * 60 * 60 * 1_000_000;

/// When the week of an instant began.
pub fn week_of(at: Instant) -> Instant {
    let since = at.as_micros() - MONDAY_MICROS;
    Instant::from_micros(since.div_euclid(WEEK_MICROS) * WEEK_MICROS + MONDAY_MICROS)
}

/// When the week that began at `week` ends, and the `n - 1` after it; before it where `n` is
/// negative.
pub fn weeks_on(week: Instant, n: i64) -> Instant {
    Instant::from_micros(week.as_micros().saturating_add(n.saturating_mul(WEEK_MICROS)))
}

/// The newest week that is to be drawn.
pub fn due_week(now: Instant) -> Instant {
    weeks_on(week_of(now.plus_minutes(-WAIT_MINUTES)), -1)
}

/// Below every id that is made at this instant or later, and above all before.
pub fn first_id(at: Instant) -> InteractionId {
    let millis = u128::try_from(at.as_micros().max(0) / 1_000).unwrap_or(0);
    InteractionId(uuid::Uuid::from_u128(millis << 80))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant(text.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn a_week_begins_on_monday_and_is_drawn_a_day_after_it_ended() {
        assert_eq!(week_of(at("2026-11-28T14:00:00Z")), at("2026-11-23T00:00:00Z"));
        assert_eq!(week_of(at("2026-11-23T00:00:00Z")), at("2026-11-23T00:00:00Z"));
        assert_eq!(week_of(at("2026-11-22T23:59:59Z")), at("2026-11-16T00:00:00Z"));
        assert_eq!(week_of(at("1969-12-31T00:00:00Z")), at("1969-12-29T00:00:00Z"));
        assert_eq!(due_week(at("2026-11-23T23:59:59Z")), at("2026-11-09T00:00:00Z"));
        assert_eq!(due_week(at("2026-11-24T00:00:00Z")), at("2026-11-16T00:00:00Z"));
    }

    #[test]
    fn ids_of_a_week_lie_between_its_bounds() {
        let now = crate::clock::now();
        let id = InteractionId::new();
        assert!(first_id(week_of(now)) < id && id < first_id(weeks_on(week_of(now), 1)));
    }
}
