//! `POST /triage/{id}/decisions`: one decision, and the next item.

use super::act::{Along, Next, claim_next, must_review, place_after};
use super::show::{self, Typed};
use crate::accounts::{Reviewer, Who};
use crate::capture::About;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult, Mistakes};
use crate::feedback::rules;
use crate::signals::model::ItemId;
use crate::triage::actions::{self, Follows};
use crate::triage::judge::Judge;
use crate::triage::model::{ActId, Choice, Verb};
use crate::triage::subject::Subject;
use crate::web::{form, see_other};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use serde::Deserialize;
use std::sync::Arc;

/// A decision as a browser sends it. Each way to decide has fields of its own, so that all can
/// stand on one page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct DecideForm {
    pub decision: String,
    pub round: i64,
    /// Between contradicting candidates, which one is right.
    pub candidate: String,
    /// The right answer, and for agents that call tools, the right calls.
    pub label: String,
    pub tool_calls: String,
    pub edit_reason: String,
    /// Why it is declined.
    pub reason: String,
    pub question: String,
    pub escalate_reason: String,
    pub duplicate_of: String,
    pub filter: String,
    pub after: String,
}

impl DecideForm {
    /// Which way it was decided.
    pub fn verb(&self) -> Option<Verb> {
        self.decision.parse().ok()
    }

    /// The field in which the reason for this decision is written.
    fn reason_field(&self) -> &'static str {
        match self.verb() {
            Some(Verb::AcceptedWithEdits) => "edit_reason",
            Some(Verb::NeedsInfo) => "question",
            Some(Verb::Escalated) => "escalate_reason",
            _ => "reason",
        }
    }

    fn reason(&self) -> &str {
        match self.reason_field() {
            "edit_reason" => &self.edit_reason,
            "question" => &self.question,
            "escalate_reason" => &self.escalate_reason,
            _ => &self.reason,
        }
    }

    /// The decision, or what is wrong with it.
    fn check(&self, about: &About, subject: &Subject) -> Result<Choice, Mistakes> {
        let Some(verb) = self.verb() else {
            return Err(Mistakes::one("decision", "Choose what you decide."));
        };
        let reason = self.reason().trim();
        let takes_reason = verb != Verb::Accepted && verb != Verb::Duplicate;
        let mut choice = Choice {
            reason: Some(reason.to_owned()).filter(|why| takes_reason && !why.is_empty()),
            ..Choice::plain(verb)
        };
        match verb {
            Verb::Accepted if subject.is_conflict => {
                let chosen = self.candidate.parse().ok();
                let why = "Choose the answer that is right.";
                choice.candidate = Some(chosen.ok_or_else(|| Mistakes::one("candidate", why))?);
            }
            Verb::AcceptedWithEdits => {
                let right = subject.is_audit();
                let label = about.correction(&self.label, &self.tool_calls);
                let label = label.map_err(|mistakes| at_label(mistakes, right))?;
                let own = subject.own().filter(|_| !subject.is_conflict);
                let own = own.and_then(|own| own.label.as_ref()).zip(label.as_ref());
                // Without a change it is accepted as it is.
                if own.is_some_and(|(own, new)| rules::same_output(about.kind, own, new)) {
                    return Ok(Choice::plain(Verb::Accepted));
                }
                choice.label = label;
            }
            Verb::Duplicate => choice.duplicate_of = Some(item_in(&self.duplicate_of)?),
            _ => {}
        }
        Ok(choice)
    }
}

/// An item's id, by itself or at the end of an address.
fn item_in(text: &str) -> Result<ItemId, Mistakes> {
    let path = text.trim().split(['?', '#']).next().unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let why = "Choose one, or paste the address of the other item’s page.";
    last.parse().map_err(|_| Mistakes::one("duplicate_of", why))
}

/// Mistakes of the correction, at the fields of this form and in a reviewer's words.
fn at_label(mistakes: Mistakes, is_audit: bool) -> Mistakes {
    let mut found = Mistakes::default();
    for mistake in mistakes.0 {
        let field = if mistake.field == "correction" { "label" } else { &mistake.field };
        let message = if mistake.message == rules::SAME && is_audit {
            "This is what the agent said. If it was right, say so.".to_owned()
        } else if mistake.message == rules::SAME {
            "This is what the agent said. If it was right, decline the report.".to_owned()
        } else {
            mistake.message.clone()
        };
        found.add(field, message);
    }
    found
}

/// `POST /triage/{id}/decisions`
pub(super) async fn create(
    by: Reviewer,
    db: Data<Db>,
    id: Path<ItemId>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let sent: DecideForm = form::read(&body)?;
    let (id, ctx, who) = (id.into_inner(), by.ctx(), Arc::new(by.0.who));
    let along = Along { filter: sent.filter.clone(), after: sent.after.clone() };
    let (filter, act) = (along.filter(), ActId::new());
    let outcome = {
        let (who, sent, filter) = (who.clone(), sent.clone(), filter.clone());
        db.write(move |conn| decide(conn, &who, id, act, &sent, &filter)).await
    };
    let (status, notice, mistakes) = match outcome {
        Ok(Ok(next)) => {
            let act = act.to_string();
            return Ok(see_other(&next.path(&filter, &[("done", &act)])));
        }
        Ok(Err(why)) => (StatusCode::CONFLICT, Some(why), Mistakes::default()),
        Err(AppError::Invalid(mistakes)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, None, at_fields(mistakes, &sent))
        }
        Err(AppError::Conflict(why)) => (StatusCode::CONFLICT, Some(why), Mistakes::default()),
        Err(other) => return Err(other),
    };
    let typed = Typed { form: sent, mistakes, notice };
    show::again(status, ctx, &db, who, id, typed, filter).await
}

fn decide(
    conn: &mut Conn,
    who: &Who,
    id: ItemId,
    act: ActId,
    sent: &DecideForm,
    filter: &crate::triage::filter::Filter,
) -> AppResult<Result<Next, String>> {
    must_review(conn, who, id)?;
    let subject = Subject::load(conn, id)?.ok_or(AppError::NotFound)?;
    let about = show::about(conn, &subject)?;
    // A mistake in what was typed matters only where there is still something to decide.
    let choice = match sent.check(&about, &subject) {
        Ok(choice) => choice,
        Err(mistakes) if subject.found.waiting.is_some() => return Err(mistakes.into()),
        Err(_) => Choice::plain(Verb::Accepted),
    };
    let judge = Judge::Person(who);
    let decided = actions::decide(conn, judge, act, id, Some(sent.round), &choice)?;
    if let Follows::HandedOver(why) = decided.follows {
        return Ok(Err(why));
    }
    Ok(Ok(claim_next(conn, who, filter, place_after(filter, &sent.after))?))
}

/// Mistakes that came to light while deciding, at the fields of the form.
fn at_fields(mistakes: Mistakes, sent: &DecideForm) -> Mistakes {
    let mut found = Mistakes::default();
    for mistake in mistakes.0 {
        let field = match mistake.field.split('/').nth(1) {
            None => mistake.field.as_str(),
            Some("reason") => sent.reason_field(),
            Some("label") if sent.verb() == Some(Verb::Accepted) => "candidate",
            Some(other) => other,
        };
        found.add(field, mistake.message);
    }
    found
}
