//! Every query on draws and on what became of what was drawn.

use super::estimate::{Counts, Week};
use super::model::{Draw, DrawId, Pick};
use crate::agents::DeploymentId;
use crate::agents::model::Deployment;
use crate::db::{Conn, Instant, one_of, sql};
use crate::feedback::Verdict;
use crate::interactions::InteractionId;
use crate::schema::{audit_draws, audit_picks, deployments, feedback, interactions};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::collections::{HashMap, HashSet};

/// The next deployment whose week is to be drawn, with the draw if it was begun. Walks the
/// deployments, which are few.
pub fn next_due(conn: &mut Conn, week: Instant) -> QueryResult<Option<(Deployment, Option<Draw>)>> {
    let of_week = audit_draws::deployment_id.eq(deployments::id).and(audit_draws::week_at.eq(week));
    deployments::table
        .left_join(audit_draws::table.on(of_week))
        .filter(deployments::weekly_audits.gt(0))
        .filter(audit_draws::is_drawn.nullable().is_null().or(audit_draws::is_drawn.eq(false)))
        .order(deployments::id)
        .select((deployments::all_columns, audit_draws::all_columns.nullable()))
        .first(conn)
        .optional()
}

/// The next interactions of a draw's week, oldest first. Walks the index (deployment_id, id).
pub fn page(
    conn: &mut Conn,
    draw: &Draw,
    end: InteractionId,
    limit: i64,
) -> QueryResult<Vec<InteractionId>> {
    let after = draw.after.unwrap_or_else(|| super::model::first_id(draw.week_at));
    interactions::table
        .filter(interactions::deployment_id.eq(draw.deployment_id))
        .filter(interactions::id.gt(after))
        .filter(interactions::id.lt(end))
        .order(interactions::id)
        .limit(limit)
        .select(interactions::id)
        .load(conn)
}

/// Which of these interactions somebody overrides. What an audit finds overrides nothing.
pub fn overridden(conn: &mut Conn, ids: &[InteractionId]) -> QueryResult<HashSet<InteractionId>> {
    let rows: Vec<InteractionId> = feedback::table
        .filter(one_of(feedback::interaction_id, ids))
        .filter(feedback::verdict.ne(Verdict::Confirmed))
        .filter(feedback::is_audit.eq(false))
        .filter(feedback::superseded_by.is_null())
        .select(feedback::interaction_id)
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

/// What is drawn so far of one stratum, smallest rank first; at most 500.
pub fn picks(conn: &mut Conn, draw: DrawId, is_flagged: bool) -> QueryResult<Vec<Pick>> {
    audit_picks::table
        .filter(audit_picks::draw_id.eq(draw))
        .filter(audit_picks::is_flagged.eq(is_flagged))
        .order(audit_picks::rank)
        .select(audit_picks::all_columns)
        .load(conn)
}

/// The draws of these deployments that are done, of the weeks from `since` on.
pub fn draws(conn: &mut Conn, of: &[DeploymentId], since: Instant) -> QueryResult<Vec<Draw>> {
    audit_draws::table
        .filter(one_of(audit_draws::deployment_id, of))
        .filter(audit_draws::week_at.ge(since))
        .filter(audit_draws::is_drawn.eq(true))
        .order((audit_draws::deployment_id, audit_draws::week_at))
        .select(audit_draws::all_columns)
        .load(conn)
}

#[derive(QueryableByName)]
struct Judged {
    #[diesel(sql_type = sql::Id)]
    draw_id: DrawId,
    #[diesel(sql_type = BigInt)]
    judged: i64,
    #[diesel(sql_type = BigInt)]
    wrong: i64,
}

// A decision that gives another answer, or declines the agent's, says that it was wrong.
const AUDITED: &str = "SELECT p.draw_id, CAST(count(*) AS BIGINT) AS judged, \
     CAST(sum(CASE WHEN r.outcome = 'accepted' THEN 0 ELSE 1 END) AS BIGINT) AS wrong \
     FROM audit_picks p JOIN review_items i ON i.id = p.item_id AND i.status <> 'pending' \
     JOIN resolutions r ON r.item_id = i.id AND r.number = \
     (SELECT max(n.number) FROM resolutions n WHERE n.item_id = i.id) \
     WHERE p.draw_id = $1 GROUP BY p.draw_id";
// What was overridden is known once nothing of it waits; it is wrong where an override was
// accepted, unless the reviewer said that the output was right after all.
const TRIAGED: &str = "SELECT q.draw_id, CAST(count(*) AS BIGINT) AS judged, \
     CAST(sum(q.wrong) AS BIGINT) AS wrong FROM ( \
     SELECT p.draw_id, p.interaction_id, \
     max(CASE WHEN s.status = 'accepted' AND v.verdict <> 'confirmed' THEN 1 ELSE 0 END) AS wrong, \
     max(CASE WHEN s.status = 'pending' THEN 1 ELSE 0 END) AS waits \
     FROM audit_picks p JOIN signals s ON s.interaction_id = p.interaction_id \
     JOIN feedback f ON f.id = s.feedback_id AND f.superseded_by IS NULL \
     AND f.verdict <> 'confirmed' AND NOT f.is_audit \
     LEFT JOIN signal_revisions v ON v.id = s.revision_id \
     WHERE p.draw_id = $1 AND p.is_flagged GROUP BY p.draw_id, p.interaction_id) q \
     WHERE q.waits = 0 GROUP BY q.draw_id";

/// What is known of the weeks of these draws, in their order.
pub fn weeks(conn: &mut Conn, draws: &[Draw]) -> QueryResult<Vec<Week>> {
    let mut weeks = Vec::with_capacity(draws.len());
    for draw in draws {
        let mut known = [HashMap::new(), HashMap::new()];
        for (found, text) in known.iter_mut().zip([TRIAGED, AUDITED]) {
            let rows: Vec<Judged> =
                diesel::sql_query(text).bind::<sql::Id, _>(draw.id).load(conn)?;
            found.extend(rows.into_iter().map(|row| (row.draw_id, (row.judged, row.wrong))));
        }
        let [triaged, audited] = known.map(|found| found.get(&draw.id).copied().unwrap_or((0, 0)));
        let counts = |all, (judged, wrong)| Counts { all, judged, wrong };
        weeks.push(Week {
            flagged: counts(draw.flagged, triaged),
            rest: counts(draw.counted - draw.flagged, audited),
        });
    }
    Ok(weeks)
}
