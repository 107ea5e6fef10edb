//! The demo's datasets: a question for each of three trainers, and a release of the first, which
//! the demo's own worker builds once it serves.

use super::people;
use crate::accounts::Who;
use crate::audit::Actor;
use crate::datasets::{actions, question};
use crate::db::Conn;
use crate::error::AppResult;
use std::collections::HashMap;
use std::sync::Arc;

/// The engineer who asks for them.
const ENGINEER: &str = "mina.park";

const QUESTIONS: &[(&str, &str)] = &[
    (
        "router-labels",
        r#"{"agents": ["ticket-router"], "environments": ["production"],
            "format": "classification", "redact": ["email", "phone"],
            "split": {"train": 0.8, "validation": 0.1, "test": 0.1}, "license": "cc-by-4.0"}"#,
    ),
    (
        "returns-preferences",
        r#"{"agents": ["returns-helper"], "format": "preference", "redact": ["email", "phone"],
            "split": {"train": 0.9, "validation": 0.0, "test": 0.1}, "max_tokens": 4096}"#,
    ),
    (
        "invoices-sft",
        r#"{"agents": ["invoice-reader"], "verdicts": ["corrected"], "format": "sft"}"#,
    ),
];

/// Saves the questions and asks for a release of the first.
pub fn make(conn: &mut Conn, cast: &HashMap<String, Arc<Who>>) -> AppResult<()> {
    let engineer = cast.get(&people::address(ENGINEER));
    let actor = engineer.map_or(Actor::System, |who| Actor::Person(who.id().0));
    for (name, text) in QUESTIONS {
        actions::set(conn, actor, name, &question::from_json(text)?)?;
    }
    if let Some((name, _)) = QUESTIONS.first() {
        actions::release(conn, actor, name, None)?;
    }
    Ok(())
}
