//! Eight weeks of work as interchange lines: who asked what and when, and what people said of the
//! answers. The same each time, but for the clock.

use super::agents::{AGENTS, Agent};
use super::judge::{self, Judgement};
use super::people;
use super::random::Random;
use super::texts::Sample;
use crate::agents::OutputKind;
use crate::db::Instant;
use serde_json::{Value, json};
use std::collections::HashMap;

/// How many conversations are begun.
const CONVERSATIONS: usize = 2_700;
/// How far back it goes.
const DAYS: i64 = 56;

/// One interaction as it is sent.
pub struct Told {
    /// The interchange line.
    pub line: String,
    /// What people said of it while signed in: address, and feedback as JSON.
    pub signed_in: Vec<(String, String)>,
    /// Whether somebody reported it, for it was not logged.
    pub is_report: bool,
    pub at: Instant,
    /// The sender's id, and what is wrong with the answer, where it is.
    pub key: String,
    pub wrong: Option<Wrong>,
}

/// What somebody finds who looks at a wrong answer.
#[derive(Clone)]
pub struct Wrong {
    pub right: Value,
    pub comment: &'static str,
}

/// One turn of a conversation, at its time.
struct Turn {
    minute: i64,
    conversation: usize,
    number: i64,
}

/// What was said before in a conversation.
#[derive(Default)]
struct Before {
    agent: usize,
    end_user: String,
    messages: Vec<Value>,
}

/// Everything that happened before `now`, in order.
pub fn tell(now: Instant) -> Vec<Told> {
    let mut random = Random::new(2_026);
    let mut turns = turns(&mut random, now);
    turns.sort_by_key(|turn| (turn.minute, turn.conversation, turn.number));
    let mut open: HashMap<usize, Before> = HashMap::new();
    let mut told = Vec::with_capacity(turns.len());
    for turn in &turns {
        let before = open.entry(turn.conversation).or_insert_with(|| begin(&mut random));
        told.push(tell_turn(&mut random, turn, before, now));
    }
    told
}

/// When people asked: office hours, few on weekends, a little more each week.
fn turns(random: &mut Random, now: Instant) -> Vec<Turn> {
    let mut turns = Vec::new();
    for conversation in 0..CONVERSATIONS {
        let minute = loop {
            let ago = random.between(1, DAYS * 24 * 60);
            if random.fraction() < busy(now.plus_minutes(-ago)) * (1.0 - fraction(ago) * 0.4) {
                break -ago;
            }
        };
        turns.push(Turn { minute, conversation, number: 0 });
        let mut last = minute;
        for number in 1..4 {
            last += random.between(1, 6);
            if !random.percent(16.0) || last >= 0 {
                break;
            }
            turns.push(Turn { minute: last, conversation, number });
        }
    }
    turns
}

#[allow(clippy::cast_precision_loss)] // Minutes of eight weeks.
fn fraction(ago: i64) -> f64 {
    ago as f64 / (DAYS * 24 * 60) as f64
}

/// How busy a moment is, from 0 to 1.
fn busy(at: Instant) -> f64 {
    let hours = at.as_micros() / 3_600_000_000;
    // 1970 began on a Thursday; Monday is 0.
    let day = match (hours / 24 + 3) % 7 {
        0 => 1.0,
        4 => 0.7,
        5 => 0.15,
        6 => 0.1,
        _ => 0.85,
    };
    let hour = match hours % 24 {
        9..=11 => 1.0,
        8 | 14..=16 => 0.85,
        12 | 13 => 0.55,
        7 | 17 => 0.5,
        18..=21 => 0.25,
        _ => 0.04,
    };
    day * hour
}

fn begin(random: &mut Random) -> Before {
    let mut rest = random.between(0, 100);
    let agent = AGENTS.iter().position(|agent| {
        rest -= agent.share;
        rest < 0
    });
    let agent = agent.unwrap_or(0);
    Before { agent, end_user: end_user(random, &AGENTS[agent]), messages: Vec::new() }
}

const FIRST: &[&str] = &[
    "ada", "bashir", "camila", "dmitri", "elif", "farid", "goran", "hiro", "ines", "jamal", "kaya",
    "linh", "mila", "nkechi", "oskar", "paula", "quynh", "rosa", "sanjay", "tove",
];
const LAST: &[&str] = &["abadi", "berg", "costa", "dahl", "engel", "fofana", "gray", "huang"];

/// Who asked: customers write to support, colleagues ask the other agents.
fn end_user(random: &mut Random, agent: &Agent) -> String {
    if agent.team == "support" {
        return format!("{}.{}@customers.example.com", random.of(FIRST), random.of(LAST));
    }
    people::judge(random, agent.team)
}

fn tell_turn(random: &mut Random, turn: &Turn, before: &mut Before, now: Instant) -> Told {
    let agent = &AGENTS[before.agent];
    let at = Instant::from_micros(
        now.plus_minutes(turn.minute).as_micros() + random.between(0, 50_000_000),
    );
    let (version, wrong) = agent.version(-turn.minute / (24 * 60));
    let is_wrong = random.percent(wrong);
    let follows = turn.number > 0 && agent.slug == "returns-helper";
    let sample = (agent.sample)(random, is_wrong, follows);
    let failed = random.percent(1.2);
    let judgements = judge::judge(random, agent, &sample, &before.end_user, failed, at, now);
    let (sent, signed_in): (Vec<Judgement>, Vec<Judgement>) =
        judgements.into_iter().partition(|judgement| !judgement.is_signed_in);
    let mut line = line(random, agent, version, &sample, before, failed);
    let key = format!("{}-{}", turn.conversation, turn.number);
    line["external_id"] = Value::from(key.as_str());
    if agent.kind != OutputKind::Label && agent.kind != OutputKind::Json {
        line["conversation_id"] = Value::from(format!("c-{}", turn.conversation));
    }
    line["occurred_at"] = Value::from(at.to_string());
    line["feedback"] = sent.into_iter().map(|judgement| judgement.sent()).collect();
    before.messages.push(json!({"role": "user", "content": sample.question}));
    before.messages.push(match agent.kind {
        OutputKind::Message => sample.output.clone(),
        _ => json!({"role": "assistant", "content": sample.output}),
    });
    let signed_in: Vec<(String, String)> =
        signed_in.into_iter().map(|j| (j.author.clone(), j.feedback.to_string())).collect();
    let is_report = is_wrong && !failed && !signed_in.is_empty() && random.percent(12.0);
    let wrong = sample.right.map(|right| Wrong { right, comment: sample.comment });
    Told { line: line.to_string(), signed_in, is_report, at, key, wrong }
}

/// The interchange line, but for its key, its time and its feedback.
fn line(
    random: &mut Random,
    agent: &Agent,
    version: &str,
    sample: &Sample,
    before: &Before,
    failed: bool,
) -> Value {
    let mut input = vec![json!({"role": "system", "content": sample.system})];
    // Those that answer each question by itself know nothing of earlier ones.
    if agent.kind != OutputKind::Label && agent.kind != OutputKind::Json {
        input.extend(before.messages.iter().cloned());
    }
    input.push(json!({"role": "user", "content": sample.question}));
    let length = i64::try_from(sample.output.to_string().len()).unwrap_or(100);
    let asked: usize = input.iter().map(|message| message.to_string().len()).sum();
    let asked = i64::try_from(asked).unwrap_or(100);
    let (input_tokens, output_tokens) = (asked / 4, length / 4 + 1);
    let staging = random.percent(6.0);
    let mut line = json!({
        "agent": agent.slug, "agent_version": version, "input": input,
        "environment": if staging { "staging" } else { "production" },
        "end_user": before.end_user, "model": agent.model,
        "latency_ms": 240 + output_tokens * 14 + random.between(0, 700),
        "input_tokens": input_tokens,
    });
    if let Some(tools) = &sample.tools {
        line["tools"] = tools.clone();
    }
    if failed {
        line["error"] = Value::from(random.of(&[
            "The model did not answer within 30 seconds.",
            "The model refused: too many requests.",
        ]));
        return line;
    }
    line["output"] = sample.output.clone();
    line["output_tokens"] = Value::from(output_tokens);
    let nanos = input_tokens * 150 + output_tokens * 600;
    line["cost_usd"] = Value::from(format!("0.{nanos:09}"));
    // Wrong answers are less sure of themselves, though not always.
    let sure = if sample.right.is_some() { 0.35 } else { 0.62 };
    let confidence = (sure + random.fraction() * 0.37) * 100.0;
    line["confidence"] = Value::from(confidence.round() / 100.0);
    if !sample.sources.is_empty() {
        let source = |(title, url): &(&str, &str)| json!({"title": title, "url": url});
        line["sources"] = sample.sources.iter().map(source).collect();
    }
    line
}
