//! What the champions decided, spread over the weeks, so that every state is there to be seen.

use super::people;
use super::random::Random;
use crate::accounts::Who;
use crate::agents::OutputKind;
use crate::db::{Conn, Instant};
use crate::error::AppResult;
use crate::feedback::Verdict;
use crate::interactions::JsonText;
use crate::schema::{agents, deployments, feedback, queue, resolutions, signals, teams};
use crate::signals::model::{Decision, How, ItemId, Outcome, Reviewer, SignalStatus};
use crate::signals::resolve;
use diesel::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What waits for a decision.
#[derive(Queryable)]
struct Waiting {
    item: ItemId,
    verdict: Verdict,
    correction: Option<JsonText>,
    occurred_at: Instant,
    team: String,
    kind: OutputKind,
}

/// Lets champions decide most of what is old and some of what is new.
pub fn make(conn: &mut Conn, cast: &HashMap<String, Arc<Who>>, now: Instant) -> AppResult<()> {
    date_policies(conn)?;
    let mut random = Random::new(77);
    let mut seen = HashSet::new();
    for waiting in waiting(conn)? {
        if !seen.insert(waiting.item) {
            continue;
        }
        let age = (now.as_micros() - waiting.occurred_at.as_micros()) / 86_400_000_000;
        let chance = match age {
            0 => 15.0,
            1..4 => 55.0,
            4..10 => 85.0,
            _ => 97.0,
        };
        if !random.percent(chance) {
            continue;
        }
        let champion = cast.get(&people::champion(&waiting.team)).map(|who| who.id());
        let (outcome, label, reason) = decide(&mut random, &waiting);
        let minutes = random.between(15, 60 * 26);
        let at = waiting.occurred_at.plus_minutes(minutes).min(now);
        let decision = Decision {
            outcome,
            label,
            how: How::Review,
            by: champion.map(Reviewer::Person),
            reason: reason.map(str::to_owned),
        };
        let made = resolve(conn, waiting.item, decision)?;
        diesel::update(resolutions::table.find(made.id))
            .set(resolutions::created_at.eq(at))
            .execute(conn)?;
    }
    date_queue(conn, now)
}

/// What waits does so since it was said; what is old, since the day before yesterday at most.
fn date_queue(conn: &mut Conn, now: Instant) -> AppResult<()> {
    let oldest = now.plus_minutes(-30 * 60);
    let rows: Vec<(ItemId, Instant)> = queue::table
        .inner_join(feedback::table)
        .select((queue::item_id, feedback::occurred_at))
        .load(conn)?;
    for (item, at) in rows {
        diesel::update(queue::table.find(item))
            .set(queue::waiting_at.eq(at.max(oldest)))
            .execute(conn)?;
    }
    Ok(())
}

/// What passed by policy did so when it was sent.
fn date_policies(conn: &mut Conn) -> AppResult<()> {
    diesel::sql_query(
        "UPDATE resolutions SET created_at = (SELECT min(f.occurred_at) FROM signals s \
         JOIN feedback f ON f.id = s.feedback_id WHERE s.item_id = resolutions.item_id) \
         WHERE how = 'policy' AND EXISTS (SELECT 1 FROM signals s \
         WHERE s.item_id = resolutions.item_id)",
    )
    .execute(conn)?;
    Ok(())
}

fn waiting(conn: &mut Conn) -> AppResult<Vec<Waiting>> {
    let rows = signals::table
        .inner_join(feedback::table)
        .inner_join(agents::table)
        .inner_join(deployments::table.inner_join(teams::table))
        .filter(signals::status.eq(SignalStatus::Pending))
        .order(signals::feedback_id)
        .select((
            signals::item_id,
            feedback::verdict,
            feedback::correction,
            feedback::occurred_at,
            teams::slug,
            agents::kind,
        ))
        .load(conn)?;
    Ok(rows)
}

type Decided = (Outcome, Option<JsonText>, Option<&'static str>);

fn decide(random: &mut Random, waiting: &Waiting) -> Decided {
    let (roll, verdict) = (random.between(0, 100), waiting.verdict);
    let said = match verdict {
        Verdict::Confirmed => {
            return match roll {
                0..60 => (Outcome::Accepted, None, Some("The answer is right, I checked it.")),
                _ => (Outcome::Declined, None, Some("The other report is right: it was wrong.")),
            };
        }
        Verdict::Escalated => "I called back and settled it.",
        Verdict::Rejected => "It is wrong, and now we know.",
        Verdict::Corrected => random.of(&["Right, thank you.", "Agreed.", "Checked and correct."]),
    };
    if let (82..90, Verdict::Corrected, OutputKind::Text, Some(text)) =
        (roll, verdict, waiting.kind, &waiting.correction)
    {
        let edited = polished(&text.plain());
        return (Outcome::AcceptedWithEdits, Some(edited), Some("Right; I only tidied the words."));
    }
    match roll {
        0..78 => (Outcome::Accepted, None, Some(said)),
        78..90 => (Outcome::Accepted, None, None),
        90..96 => (
            Outcome::Declined,
            None,
            Some(random.of(&[
                "The agent was right here: the rule changed on the first of the month.",
                "We looked it up, and the answer holds.",
                "This is about another case than the one that was asked.",
            ])),
        ),
        _ => {
            (Outcome::NeedsInfo, None, Some("Which rule do you mean? Please add where it says so."))
        }
    }
}

fn polished(text: &str) -> JsonText {
    let text = text.trim_end();
    if text.contains("SELECT") {
        return JsonText::string(&text.replace(";", "\nLIMIT 1000;"));
    }
    JsonText::string(&format!("{text} If anything is unclear, please write to us again."))
}
