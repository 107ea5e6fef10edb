//! The agents of the demo: one of each output kind.

use super::story;
use crate::agents::OutputKind;
use crate::agents::actions::{self, AgentChange};
use crate::agents::model::ReviewPolicy;
use crate::audit::Actor;
use crate::db::Conn;
use crate::error::AppResult;

/// Slug, name, kind, team, review, what it is good at, what it is not for.
type Sample = (
    &'static str,
    &'static str,
    OutputKind,
    &'static str,
    ReviewPolicy,
    &'static str,
    &'static str,
);

const AGENTS: &[Sample] = &[
    (
        "returns-helper",
        "Returns helper",
        OutputKind::Text,
        "support",
        ReviewPolicy::Required,
        "Questions about returns, refunds, warranty and our shops.",
        "Advice on health or animals, promises about goodwill, anything legal.",
    ),
    (
        "ticket-router",
        "Ticket router",
        OutputKind::Label,
        "support",
        ReviewPolicy::None,
        "Sorting tickets into the queue of the people who can help.",
        "Tickets in several parts; it looks at one matter only.",
    ),
    (
        "invoice-reader",
        "Invoice reader",
        OutputKind::Json,
        "finance",
        ReviewPolicy::Trusted,
        "Printed invoices of one page.",
        "Handwriting, reminders and credit notes.",
    ),
    (
        "travel-desk",
        "Travel desk",
        OutputKind::Message,
        "people",
        ReviewPolicy::Required,
        "Trains and hotels within our rules.",
        "Flights, visas and private trips.",
    ),
];

/// Makes them.
pub fn make(conn: &mut Conn) -> AppResult<()> {
    for sample in AGENTS {
        configure(conn, sample)?;
    }
    Ok(())
}

fn configure(conn: &mut Conn, sample: &Sample) -> AppResult<()> {
    let (slug, name, kind, team, review, good_at, not_for) = *sample;
    let labels = story::LABELS.iter().map(|label| (*label).to_owned()).collect();
    let is_label = kind == OutputKind::Label;
    let change = AgentChange {
        name: Some(name.to_owned()),
        kind: Some(kind),
        team: Some(team.to_owned()),
        review: Some(review),
        good_at: Some(good_at.to_owned()),
        not_for: Some(not_for.to_owned()),
        labels: is_label.then_some(labels),
        schema: (kind == OutputKind::Json).then(|| Some(story::invoice_schema().to_string())),
        out_of_scope_label: is_label.then(|| Some("out_of_scope".to_owned())),
        ..AgentChange::default()
    };
    actions::set(conn, Actor::System, slug, &change).map(drop)
}
