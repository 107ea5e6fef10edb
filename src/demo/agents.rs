//! The agents of the demo: one of each kind of output, and one more that writes SQL.

use super::random::Random;
use super::texts::{self, Sample, invoices, router};
use crate::agents::actions::{self, AgentChange};
use crate::agents::model::{OutputKind, ReviewPolicy, Visibility};
use crate::audit::Actor;
use crate::db::Conn;
use crate::error::AppResult;

/// An agent, and how well it does.
pub struct Agent {
    pub slug: &'static str,
    pub team: &'static str,
    pub kind: OutputKind,
    pub model: &'static str,
    /// Of a hundred interactions, how many are its.
    pub share: i64,
    /// Versions: name, days ago when it began, and wrong answers in a hundred.
    pub versions: &'static [(&'static str, i64, f64)],
    name: &'static str,
    review: ReviewPolicy,
    visibility: Visibility,
    good_at: &'static str,
    not_for: &'static str,
    normal_due_minutes: i64,
    urgent_due_minutes: i64,
    pub sample: fn(&mut Random, bool, bool) -> Sample,
}

/// All of them.
pub const AGENTS: &[Agent] = &[
    Agent {
        slug: "returns-helper",
        name: "Returns helper",
        team: "support",
        kind: OutputKind::Text,
        model: "larch-2-small",
        share: 30,
        versions: &[("v1", 60, 16.0), ("v2", 41, 11.0), ("v3", 24, 9.0), ("v4", 9, 6.0)],
        review: ReviewPolicy::Required,
        visibility: Visibility::Team,
        good_at: "Questions about returns, refunds, exchanges and parcels.",
        not_for: "Looking into a customer's account, promising money, or legal advice.",
        normal_due_minutes: 24 * 60,
        urgent_due_minutes: 60,
        sample: texts::returns::sample,
    },
    Agent {
        slug: "ticket-router",
        name: "Ticket router",
        team: "support",
        kind: OutputKind::Label,
        model: "larch-2-mini",
        share: 32,
        versions: &[("v1", 60, 10.0), ("v2", 35, 8.0), ("v3", 14, 8.0)],
        review: ReviewPolicy::None,
        visibility: Visibility::Team,
        good_at: "Putting mail to support into the right queue.",
        not_for: "Mail in other languages than English, and mail with no text.",
        normal_due_minutes: 2 * 24 * 60,
        urgent_due_minutes: 4 * 60,
        sample: |random, is_wrong, _| router::sample(random, is_wrong),
    },
    Agent {
        slug: "invoice-reader",
        name: "Invoice reader",
        team: "finance",
        kind: OutputKind::Json,
        model: "tern-vision-1",
        share: 13,
        versions: &[("v1", 60, 12.0), ("v2", 30, 9.0), ("v3", 8, 21.0)],
        review: ReviewPolicy::Required,
        visibility: Visibility::Team,
        good_at: "Reading printed invoices into their fields.",
        not_for: "Handwriting, credit notes, and deciding whether to pay.",
        normal_due_minutes: 24 * 60,
        urgent_due_minutes: 2 * 60,
        sample: |random, is_wrong, _| invoices::sample(random, is_wrong),
    },
    Agent {
        slug: "travel-desk",
        name: "Travel and leave desk",
        team: "people",
        kind: OutputKind::Message,
        model: "larch-2",
        share: 11,
        versions: &[("v1", 60, 15.0), ("v2", 20, 10.0)],
        review: ReviewPolicy::Trusted,
        visibility: Visibility::Own,
        good_at: "Leave, trips and expenses: it looks things up and asks for you.",
        not_for: "Health, pay, or anything you would rather say to a person.",
        normal_due_minutes: 24 * 60,
        urgent_due_minutes: 60,
        sample: |random, is_wrong, _| texts::desk::sample(random, is_wrong),
    },
    Agent {
        slug: "text-to-sql",
        name: "Text to SQL",
        team: "analytics",
        kind: OutputKind::Text,
        model: "larch-2-code",
        share: 14,
        versions: &[("v1", 60, 22.0), ("v2", 45, 16.0), ("v3", 28, 12.0), ("v4", 10, 10.0)],
        review: ReviewPolicy::Trusted,
        visibility: Visibility::Team,
        good_at: "Questions about orders, customers, products and returns.",
        not_for: "Changing data, and figures that go into the annual report.",
        normal_due_minutes: 24 * 60,
        urgent_due_minutes: 4 * 60,
        sample: |random, is_wrong, _| texts::sql::sample(random, is_wrong),
    },
];

impl Agent {
    /// The version that was in use so many days ago, and how often it is wrong.
    pub fn version(&self, days_ago: i64) -> (&'static str, f64) {
        let current = self.versions.iter().rev().find(|(_, began, _)| days_ago <= *began);
        let current = current.or(self.versions.first());
        current.map_or(("", 0.0), |(name, _, wrong)| (*name, *wrong))
    }
}

/// Makes all agents.
pub fn make(conn: &mut Conn) -> AppResult<()> {
    for agent in AGENTS {
        actions::set(conn, Actor::System, agent.slug, &agent.settings())?;
    }
    Ok(())
}

impl Agent {
    fn settings(&self) -> AgentChange {
        let is_json = self.kind == OutputKind::Json;
        let is_label = self.kind == OutputKind::Label;
        AgentChange {
            name: Some(self.name.to_owned()),
            kind: Some(self.kind),
            team: Some(self.team.to_owned()),
            review: Some(self.review),
            visibility: Some(self.visibility),
            good_at: Some(self.good_at.to_owned()),
            not_for: Some(self.not_for.to_owned()),
            labels: is_label.then(|| router::labels().into_iter().map(str::to_owned).collect()),
            schema: is_json.then(|| Some(invoices::SCHEMA.to_owned())),
            out_of_scope_label: is_label.then(|| Some(router::OUT_OF_SCOPE.to_owned())),
            categories: None,
            normal_due_minutes: Some(self.normal_due_minutes),
            urgent_due_minutes: Some(self.urgent_due_minutes),
            normal_resolution_minutes: None,
            urgent_resolution_minutes: None,
        }
    }
}
