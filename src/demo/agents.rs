//! The agents of the demo: one of each output kind.

use super::story;
use crate::agents::OutputKind;
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
    use crate::schema::{agents, labels};
    use diesel::prelude::*;
    let (slug, name, kind, team, review, good_at, not_for) = *sample;
    let agent = crate::agents::directory::make_agent(conn, slug, kind, team)?;
    let schema = (kind == OutputKind::Json).then(|| story::invoice_schema().to_string());
    let out_of_scope = (kind == OutputKind::Label).then_some("out_of_scope");
    diesel::update(agents::table.find(agent.id))
        .set((
            agents::name.eq(name),
            agents::review.eq(review),
            agents::good_at.eq(good_at),
            agents::not_for.eq(not_for),
            agents::json_schema.eq(schema),
            agents::out_of_scope_label.eq(out_of_scope),
        ))
        .execute(conn)?;
    if kind == OutputKind::Label {
        for (position, name) in (0..).zip(story::LABELS) {
            let label = crate::agents::model::Label {
                id: crate::agents::model::LabelId::new(),
                agent_id: agent.id,
                position,
                name: (*name).to_owned(),
                retired_at: None,
                created_at: crate::clock::now(),
            };
            diesel::insert_into(labels::table).values(&label).execute(conn)?;
        }
    }
    crate::audit::record(conn, Actor::System, "agent.set", slug, serde_json::json!({}))
}
