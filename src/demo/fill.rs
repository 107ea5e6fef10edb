//! Eight weeks of a small company: interactions, what people said of them, and what champions
//! decided. Everything goes through the same code as in a real installation.

use super::rng::Rng;
use super::story::{self, Scene};
use super::{agents, people};
use crate::accounts::model::Who;
use crate::accounts::queries as accounts;
use crate::capture::draft::Draft;
use crate::capture::submit::{self, Author, Target};
use crate::capture::{Permit, intake, line};
use crate::clock;
use crate::db::{Conn, Db, Hash, Instant};
use crate::error::{AppError, AppResult};
use crate::feedback::Verdict;
use crate::feedback::model::{Severity, Urgency};
use crate::interactions::{InteractionId, JsonText};
use crate::schema::{feedback, interactions, memberships, resolutions, review_items, signals};
use crate::signals::SignalStatus;
use crate::signals::model::{How, ItemId, Outcome};
use diesel::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

/// How much the demo holds.
const INTERACTIONS: usize = 3_000;
const DAYS: i64 = 56;
const CHUNK: usize = 500;

/// Fills an empty database.
pub fn fill(db: &Db) -> AppResult<()> {
    db.write_now(|conn| {
        people::make(conn)?;
        agents::make(conn)
    })?;
    let mut rng = Rng::new(20_26);
    let mut texts: Vec<(i64, Value)> =
        (0..INTERACTIONS).map(|n| interaction(&mut rng, n, clock::now())).collect();
    texts.sort_by_key(|(at, _)| *at);
    for chunk in texts.chunks(CHUNK) {
        let mut rows = Vec::with_capacity(chunk.len());
        for (_, text) in chunk {
            let line = line::read(&text.to_string()).map_err(AppError::from)?;
            rows.push(intake::Row { line, permit: Permit::COMMAND_LINE });
        }
        let answers = db.write_now(move |conn| intake::apply(conn, &rows))?;
        for answer in answers {
            answer.interaction?;
        }
    }
    db.write_now(signed_in_feedback)?;
    db.write_now(decisions)
}

/// An agent with the chance of the demo to be asked, its team, and how sure it is.
struct Part {
    agent: &'static str,
    team: &'static str,
    model: &'static str,
    scene: fn(&mut Rng) -> Scene,
    tools: bool,
}

fn part(rng: &mut Rng) -> Part {
    let returns = |team| Part {
        agent: "returns-helper",
        team,
        model: "answer-large",
        scene: story::returns,
        tools: false,
    };
    match rng.below(100) {
        0..38 => returns("support"),
        38..50 => returns("stores"),
        50..76 => Part {
            agent: "ticket-router",
            team: "support",
            model: "classify-small",
            scene: story::ticket,
            tools: false,
        },
        76..90 => Part {
            agent: "invoice-reader",
            team: "finance",
            model: "vision-medium",
            scene: story::invoice,
            tools: false,
        },
        _ => Part {
            agent: "travel-desk",
            team: "people",
            model: "answer-large",
            scene: story::travel,
            tools: true,
        },
    }
}

/// The version that answered on a day, and how many in a hundred of its answers are wrong. The
/// third had a bad week: it was given last year's rules.
fn version(day: i64) -> (&'static str, u32) {
    match day {
        0..16 => ("v1", 24),
        16..31 => ("v2", 18),
        31..39 => ("v3", 31),
        _ => ("v4", 12),
    }
}

fn interaction(rng: &mut Rng, n: usize, now: Instant) -> (i64, Value) {
    let part = part(rng);
    let (at, day) = moment(rng, now);
    let (version, wrong_percent) = version(day);
    let scene = (part.scene)(rng);
    let wrong = rng.chance(wrong_percent);
    let failed = rng.chance(1);
    let confidence = if wrong { rng.between(22, 78) } else { rng.between(48, 98) };
    let members = people::members(part.team);
    let mut line = json!({
        "external_id": format!("demo-{n:05}"),
        "agent": part.agent,
        "agent_version": version,
        "environment": if rng.chance(4) { "staging" } else { "production" },
        "team": part.team,
        "occurred_at": at.to_string(),
        "end_user": rng.pick(&members),
        "input": scene.input,
        "confidence": confidence as f64 / 100.0,
        "model": part.model,
        "latency_ms": rng.between(180, 2_400),
        "input_tokens": rng.between(40, 600),
        "output_tokens": rng.between(3, 120),
        "cost_usd": format!("0.00{:02}", rng.between(1, 60)),
    });
    if rng.chance(25) {
        line["conversation_id"] = json!(format!("c-{}", n / 3));
    }
    if part.tools {
        line["tools"] = story::travel_tools();
    }
    if failed {
        line["error"] = json!("The model did not answer within 30 seconds.");
    } else {
        line["output"] = if wrong { scene.wrong.clone() } else { scene.right.clone() };
    }
    if part.agent == "returns-helper" && !failed && rng.chance(60) {
        line["sources"] =
            json!([{"title": "Returns policy", "url": "https://shop.example.com/returns"}]);
    }
    line["feedback"] = feedback_on(rng, &scene, wrong, failed, at, &members, now);
    (at.as_micros(), line)
}

/// Busy on weekdays and by day, quiet at night and on Sundays.
fn moment(rng: &mut Rng, now: Instant) -> (Instant, i64) {
    loop {
        let minutes = rng.between(20, DAYS * 24 * 60);
        let at = now.plus_minutes(-minutes);
        let there = at.0.to_zoned_datetime(jiff::tz::TimeZone::UTC);
        let (weekday, hour) = (there.weekday().to_monday_zero_offset(), there.hour());
        let busy = match (weekday, hour) {
            (0..=4, 8..=17) => 100,
            (0..=4, _) | (5, 9..=16) => 14,
            _ => 4,
        };
        if rng.chance(busy) {
            return (at, DAYS - minutes / (24 * 60) - 1);
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn feedback_on(
    rng: &mut Rng,
    scene: &Scene,
    wrong: bool,
    failed: bool,
    at: Instant,
    members: &[String],
    now: Instant,
) -> Value {
    let mut all = Vec::new();
    let wanted = match (wrong || failed, rng.below(100)) {
        (true, 0..44) => 1,
        (true, 44..54) => 2,
        (false, 0..6) => 1,
        _ => 0,
    };
    let first = rng.below(members.len());
    for n in 0..wanted {
        let author = &members[(first + n) % members.len()];
        let said = at.plus_minutes(rng.between(1, 14));
        let mut one = json!({"author": author, "occurred_at": said.to_string()});
        if said > now {
            continue;
        }
        if !wrong && !failed {
            let contradicts = rng.chance(8);
            one["verdict"] = json!(if contradicts { "rejected" } else { "confirmed" });
            all.push(one);
            continue;
        }
        match rng.below(100) {
            0..68 => {
                one["verdict"] = json!("corrected");
                one["correction"] = scene.right.clone();
            }
            68..84 => one["verdict"] = json!("rejected"),
            _ => {
                one["verdict"] = json!("escalated");
                one["urgency"] = json!(if rng.chance(40) { "urgent" } else { "normal" });
            }
        }
        one["category"] = json!(if failed { "incomplete" } else { scene.category });
        one["severity"] =
            json!(*rng.pick(&["low", "medium", "medium", "medium", "high", "critical"]));
        if rng.chance(55) {
            one["comment"] = json!(if failed { "It gave up." } else { scene.comment });
        }
        all.push(one);
    }
    json!(all)
}

/// Some of it said by people who were signed in: a champion, whom the invoice reader's team
/// trusts, and a member who changes her mind.
fn signed_in_feedback(conn: &mut Conn) -> AppResult<()> {
    let mut rng = Rng::new(7);
    for (address, agent) in [
        (people::champion("finance"), "invoice-reader"),
        (people::champion("support"), "returns-helper"),
        (people::address("Ana Marques"), "returns-helper"),
        (people::address("Ana Marques"), "ticket-router"),
    ] {
        let who = Arc::new(who(conn, &address)?);
        for id in unjudged(conn, agent, &who, 6)? {
            let row = judgement(&mut rng, id, &who, agent);
            submit::apply(conn, &[row])?;
        }
    }
    Ok(())
}

fn who(conn: &mut Conn, address: &str) -> AppResult<Who> {
    let person = accounts::find_by_address(conn, address)?.ok_or(AppError::NotFound)?;
    let memberships = memberships::table
        .filter(memberships::person_id.eq(person.id))
        .select(memberships::all_columns)
        .load(conn)?;
    Ok(Who { person, memberships })
}

/// The newest interactions of an agent in the person's team that nobody judged.
fn unjudged(conn: &mut Conn, agent: &str, who: &Who, limit: i64) -> AppResult<Vec<InteractionId>> {
    use crate::schema::{agents, deployments};
    let team = who.memberships.first().map(|m| m.team_id);
    let Some(team) = team else { return Ok(Vec::new()) };
    Ok(interactions::table
        .inner_join(deployments::table.inner_join(agents::table))
        .left_join(feedback::table)
        .filter(agents::slug.eq(agent))
        .filter(deployments::team_id.eq(team))
        .filter(feedback::id.is_null())
        .order(interactions::id.desc())
        .select(interactions::id)
        .limit(limit)
        .load(conn)?)
}

fn judgement(rng: &mut Rng, id: InteractionId, who: &Arc<Who>, agent: &str) -> submit::Row {
    let corrects = agent == "returns-helper" && rng.chance(50);
    let text = "Yes, within 30 days of delivery. Use the label in your account under Orders.";
    submit::Row {
        target: Target::Id(id),
        draft: Draft {
            external_id: None,
            author: None,
            verdict: match corrects {
                true => Verdict::Corrected,
                false if rng.chance(50) => Verdict::Confirmed,
                false => Verdict::Rejected,
            },
            correction: corrects.then(|| JsonText::string(text)),
            category: corrects.then(|| "incomplete".to_owned()),
            severity: Severity::Medium,
            comment: corrects.then(|| "Say how, not only that it works.".to_owned()),
            urgency: Urgency::Normal,
            occurred_at: Some(clock::now().plus_minutes(-rng.between(5, 600))),
            status: None,
            dedup_key: Hash::of(&[b"demo", id.0.as_bytes(), who.id().0.as_bytes()]),
        },
        author: Author::SignedIn(who.clone()),
        permit: Permit::COMMAND_LINE,
        at: String::new(),
    }
}

/// What champions made of it: most older items are decided, a few declined with a reason.
fn decisions(conn: &mut Conn) -> AppResult<()> {
    let mut rng = Rng::new(99);
    let champion = accounts::find_by_address(conn, &people::champion("support"))?;
    let cutoff = clock::now().plus_minutes(-4 * 24 * 60);
    let items: Vec<(ItemId, Instant, Verdict)> = signals::table
        .inner_join(feedback::table)
        .inner_join(review_items::table)
        .filter(review_items::status.eq(SignalStatus::Pending))
        .filter(feedback::occurred_at.lt(cutoff))
        .order((review_items::id, feedback::occurred_at))
        .select((review_items::id, feedback::occurred_at, feedback::verdict))
        .load(conn)?;
    let mut last = None;
    for (item, said, verdict) in items {
        if last.replace(item) == Some(item) || rng.chance(25) {
            continue;
        }
        let (outcome, reason) = match (verdict, rng.below(100)) {
            (Verdict::Escalated, _) => (Outcome::Accepted, Some("Called the customer; solved.")),
            (_, 0..84) => (Outcome::Accepted, None),
            (_, 84..92) => (Outcome::Declined, Some("The answer was right at the time.")),
            _ => (Outcome::Declined, Some("This belongs to the shop's website, not to the agent.")),
        };
        let by = champion.as_ref().map(|person| person.id);
        let reason = reason.map(str::to_owned);
        let made =
            crate::signals::actions::resolve(conn, item, outcome, None, How::Review, by, reason)?;
        let decided = said.plus_minutes(rng.between(40, 2_000));
        diesel::update(resolutions::table.find(made.id))
            .set(resolutions::created_at.eq(decided))
            .execute(conn)?;
    }
    Ok(())
}
