//! What the demo's people say of an answer.

use super::agents::Agent;
use super::people;
use super::random::Random;
use super::texts::Sample;
use crate::db::Instant;
use serde_json::{Value, json};

/// One person's feedback.
pub struct Judgement {
    /// Their address.
    pub author: String,
    /// Whether they were signed in; a program sent it otherwise.
    pub is_signed_in: bool,
    /// The feedback as it is sent, without its author.
    pub feedback: Value,
}

impl Judgement {
    /// The feedback as a program sends it.
    pub fn sent(self) -> Value {
        let mut feedback = self.feedback;
        feedback["author"] = Value::from(self.author);
        feedback
    }
}

/// What the people say of it; mostly nothing.
pub fn judge(
    random: &mut Random,
    agent: &Agent,
    sample: &Sample,
    end_user: &str,
    failed: bool,
    at: Instant,
    now: Instant,
) -> Vec<Judgement> {
    let mut all = Vec::new();
    let is_wrong = sample.right.is_some();
    let chance = if is_wrong { 62.0 } else { 6.0 };
    if failed || !random.percent(chance) {
        return all;
    }
    let mut when = Clock { at, now };
    let author = people::judge(random, agent.team);
    let by_customer = agent.team == "support" && random.percent(15.0);
    let is_signed_in = !by_customer && random.percent(40.0);
    let author = if by_customer { end_user.to_owned() } else { author };
    let mut say = |author: &str, mut feedback: Value, at: String| {
        feedback["occurred_at"] = Value::from(at);
        all.push(Judgement { author: author.to_owned(), is_signed_in, feedback });
    };
    if !is_wrong {
        say(&author, confirmed(random), when.later(random));
        // Now and then somebody takes a right answer for a wrong one.
        if random.percent(7.0) {
            let other = people::judge(random, agent.team);
            let comment = "That can't be right.";
            say(&other, rejected(sample, comment), when.later(random));
        }
        return all;
    }
    if random.percent(8.0) {
        // First they only knew that it is wrong, later what is right: a revision.
        say(&author, rejected(sample, "Something is off here."), when.later(random));
        say(&author, corrected(random, sample), when.later(random));
        return all;
    }
    match random.between(0, 100) {
        0..64 => say(&author, corrected(random, sample), when.later(random)),
        64..82 => say(&author, rejected(sample, sample.comment), when.later(random)),
        _ => say(&author, escalated(random, sample), when.later(random)),
    }
    if random.percent(14.0) {
        let other = people::judge(random, agent.team);
        if other != author {
            say(&other, corrected(random, sample), when.later(random));
        }
    }
    if random.percent(5.0) {
        let other = people::judge(random, agent.team);
        if other != author {
            say(&other, confirmed(random), when.later(random));
        }
    }
    all
}

/// Goes on from the interaction, and never past now.
struct Clock {
    at: Instant,
    now: Instant,
}

impl Clock {
    fn later(&mut self, random: &mut Random) -> String {
        let minutes = if random.percent(70.0) { 20 } else { 900 };
        self.at = self.at.plus_minutes(random.between(1, minutes)).min(self.now);
        self.at.to_string()
    }
}

fn confirmed(random: &mut Random) -> Value {
    let mut feedback = json!({"verdict": "confirmed"});
    if random.percent(25.0) {
        let words = ["Spot on.", "Just as I would say it.", "Good, with the source.", "Right."];
        feedback["comment"] = Value::from(random.of(&words));
    }
    feedback
}

fn corrected(random: &mut Random, sample: &Sample) -> Value {
    let mut feedback = json!({
        "verdict": "corrected", "correction": sample.right, "category": sample.category,
        "severity": severity(sample, random),
    });
    if random.percent(70.0) {
        feedback["comment"] = Value::from(sample.comment);
    }
    feedback
}

fn rejected(sample: &Sample, comment: &str) -> Value {
    json!({
        "verdict": "rejected", "category": sample.category, "comment": comment,
    })
}

fn escalated(random: &mut Random, sample: &Sample) -> Value {
    let urgent = random.percent(35.0);
    json!({
        "verdict": "escalated", "category": sample.category,
        "severity": if urgent { "high" } else { severity(sample, random) },
        "urgency": if urgent { "urgent" } else { "normal" },
        "comment": random.of(&[
            "Please call them back, they are waiting.",
            "I can't tell what is right here. Somebody who knows should answer.",
            "This needs a person before anybody acts on it.",
        ]),
    })
}

fn severity(sample: &Sample, random: &mut Random) -> &'static str {
    match sample.category {
        "unsafe" => random.of(&["high", "critical"]),
        "tone" | "format" => random.of(&["low", "medium"]),
        _ => random.of(&["low", "medium", "medium", "medium", "high"]),
    }
}
