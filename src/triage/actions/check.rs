//! What a decision must have, before anything is written.

use crate::agents::model::Agent;
use crate::agents::schema::Schema;
use crate::agents::{OutputKind, queries as agents};
use crate::db::Conn;
use crate::error::{AppError, AppResult, Mistakes};
use crate::feedback::rules;
use crate::interactions::JsonText;
use crate::signals::model::ItemId;
use crate::triage::model::{Choice, MAX_REASON, Verb};
use crate::triage::queries;
use crate::triage::subject::Subject;

/// Checks all of a decision.
pub(super) fn all(conn: &mut Conn, subject: &Subject, given: &Choice) -> AppResult<()> {
    choice(given)?;
    let asks = matches!(given.verb, Verb::Duplicate | Verb::NeedsInfo | Verb::Escalated);
    if subject.is_audit() && asks {
        let why = "goes only with what somebody reported; this was drawn at random";
        return Err(AppError::invalid("/decision", why));
    }
    if let Some(given) = &given.label {
        label(conn, &subject.found.agent, given)?;
        must_differ(subject, given)?;
    }
    match given.duplicate_of {
        Some(other) => duplicate(conn, subject, other),
        None => Ok(()),
    }
}

/// Nobody says anything of what was drawn at random, so a right answer is another than the agent's.
fn must_differ(subject: &Subject, label: &JsonText) -> Result<(), Mistakes> {
    let output = subject.own().filter(|_| subject.is_audit()).and_then(|own| own.label.as_ref());
    let is_same = |output| rules::same_output(subject.found.agent.kind, output, label);
    if output.is_some_and(is_same) {
        return Err(Mistakes::one("/label", rules::SAME));
    }
    Ok(())
}

/// Checks a decision by itself: what must be there, and what is too long.
fn choice(choice: &Choice) -> Result<(), Mistakes> {
    let mut mistakes = Mistakes::default();
    let reason = choice.reason.as_deref().unwrap_or_default();
    if reason.trim().is_empty() {
        match choice.verb {
            Verb::Declined => mistakes.add("/reason", "Say why: the reporter reads it."),
            Verb::NeedsInfo => mistakes.add("/reason", "Write what you want to know."),
            _ => {}
        }
    }
    if reason.chars().count() > MAX_REASON {
        mistakes.add("/reason", "It has more than 2,000 characters. Please shorten it.");
    }
    match (choice.verb, &choice.label, choice.duplicate_of) {
        (Verb::AcceptedWithEdits, None, _) => mistakes.add("/label", "Give the right answer."),
        (Verb::AcceptedWithEdits | Verb::Accepted, _, _) => {}
        (_, Some(_), _) => mistakes.add("/label", "goes only with `accepted_with_edits`"),
        (Verb::Duplicate, None, None) => {
            mistakes.add("/duplicate_of", "Choose the one that says the same.");
        }
        _ => {}
    }
    if choice.duplicate_of.is_some() && choice.verb != Verb::Duplicate {
        mistakes.add("/duplicate_of", "goes only with `duplicate`");
    }
    mistakes.or(())
}

/// Checks that a label is an output this agent could give.
fn label(conn: &mut Conn, agent: &Agent, label: &JsonText) -> AppResult<()> {
    let wrong = |why: String| AppError::invalid("/label", why);
    crate::web::strict::unfit(label.as_str())
        .map_err(|mistakes| wrong(mistakes.0.iter().map(|one| one.message.as_str()).collect()))?;
    rules::check_shape(agent.kind, label).map_err(wrong)?;
    match agent.kind {
        OutputKind::Label => {
            let name = label.plain();
            let known = agents::list_labels(conn, agent.id)?;
            if known.iter().any(|known| known.name == name && known.retired_at.is_none()) {
                return Ok(());
            }
            Err(wrong(format!("`{name}` is no label of this agent")))
        }
        OutputKind::Json => {
            let schema = agent.json_schema.as_deref();
            let Some(schema) = schema.and_then(|schema| Schema::compile(schema).ok()) else {
                return Ok(());
            };
            let mut mistakes = Mistakes::default();
            for breach in schema.check(&label.to_value()) {
                mistakes.add(format!("/label{}", breach.pointer), breach.message);
            }
            Ok(mistakes.or(())?)
        }
        OutputKind::Text | OutputKind::Message => Ok(()),
    }
}

/// Checks that an item can be a duplicate of another.
fn duplicate(conn: &mut Conn, subject: &Subject, of: ItemId) -> AppResult<()> {
    let wrong = |why: &str| Err(AppError::invalid("/duplicate_of", why));
    let item = &subject.found.item;
    if of == item.id {
        return wrong("Nothing is a duplicate of itself.");
    }
    let Some(other) = queries::find_item(conn, of)? else {
        return wrong("There is no such item.");
    };
    if (other.item.agent_id, other.item.team_id) != (item.agent_id, item.team_id) {
        return wrong("That is about another agent, or of another team.");
    }
    if queries::duplicate_of(conn, of)?.is_some() && other.waiting.is_none() {
        return wrong("That one is a duplicate itself; choose the one it repeats.");
    }
    Ok(())
}
