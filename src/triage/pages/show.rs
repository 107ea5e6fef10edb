//! `/triage/{id}`: one item with all that helps to decide it. Opening it only reads.

use super::act::{Along, must_review};
use super::decide::DecideForm;
use super::item::{Answer, EarlierPart, Holder, Reviewing, Step, answer, holder, step};
use super::past::{self, PastRow};
use super::view::{self, Done};
use crate::accounts::{Reviewer, Who};
use crate::agents::OutputKind;
use crate::capture::shown::{self, Audience, View};
use crate::capture::words::{self, When};
use crate::capture::{About, about as about_output};
use crate::clock;
use crate::db::{Conn, Db, Instant};
use crate::error::{AppError, AppResult, Mistakes};
use crate::escalations::model::EscalationId;
use crate::escalations::queries as escalations;
use crate::hours::{self, Calendars};
use crate::interactions::queries as interactions;
use crate::interactions::queries::Shown;
use crate::signals::model::{ItemId, Resolution, Reviewer as By, SignalStatus, Waiting};
use crate::signals::queries as signals;
use crate::triage::filter::{Filter, reviewed_by};
use crate::triage::judge::Judge;
use crate::triage::model::{ActId, Verb};
use crate::triage::queries::{self, Decided, Earlier, Held, Past, Reviewed};
use crate::triage::slots::Slots;
use crate::triage::subject::{Candidate, Subject};
use crate::web::{PageContext, page};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use serde::Deserialize;
use std::sync::Arc;

/// How many earlier reports of the same person are shown.
const EARLIER: i64 = 5;

/// What was typed before the page came back.
pub(super) struct Typed {
    pub form: DecideForm,
    pub mistakes: Mistakes,
    /// Why it could not be done.
    pub notice: Option<String>,
}

/// What the address says besides the filter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct More {
    done: Option<ActId>,
    after: String,
}

/// By when it should be decided.
struct Due {
    when: When,
    is_late: bool,
    is_urgent: bool,
}

#[derive(Template)]
#[template(path = "triage/show.html")]
struct ShowPage {
    ctx: PageContext,
    id: ItemId,
    title: &'static str,
    view: View,
    is_conflict: bool,
    /// Nobody reported it: it was drawn at random.
    is_audit: bool,
    /// Where what was passed on is taken care of.
    escalation: Option<EscalationId>,
    /// None once it is decided.
    due: Option<Due>,
    holder: Holder,
    candidates: Vec<Answer>,
    /// Said of the same question, and true beside it.
    related: Vec<Answer>,
    steps: Vec<Step>,
    reviewing: Reviewing,
    /// Past overrides like it.
    past: Vec<PastRow>,
    earlier: EarlierPart,
    round: i64,
    about: About,
    form: DecideForm,
    mistakes: Mistakes,
    notice: Option<String>,
    done: Option<Done>,
    along: Along,
}

impl ShowPage {
    /// Whether a decision can be made now, by this person.
    fn is_open(&self) -> bool {
        self.due.is_some()
            && self.reviewing.blocked.is_none()
            && !matches!(self.holder, Holder::Other(..))
    }
    /// What was typed where it can no longer be sent.
    fn typed(&self) -> String {
        let is_lost = self.notice.is_some() && !self.is_open();
        if is_lost { left_over(&self.form) } else { String::new() }
    }
    /// The queue as one came from it.
    fn back(&self) -> String {
        self.along.filter().path("/triage", &[])
    }
    /// Whether this way to decide is unfolded.
    fn is_chosen(&self, word: &str) -> bool {
        self.form.decision == word
    }
    /// The facts that help to decide; who asked is left out, as it may be who reports.
    fn facts(&self) -> Vec<(&'static str, String)> {
        const NAMES: [&str; 5] = ["Model", "Took", "Cost", "Environment", "Team"];
        self.view.facts.iter().filter(|(name, _)| NAMES.contains(name)).cloned().collect()
    }
    fn edit_hint(&self) -> &'static str {
        match self.is_audit {
            true => "You may leave it empty.",
            false => "The reporter reads it. You may leave it empty.",
        }
    }
    fn label_hint(&self) -> &'static str {
        match self.is_audit {
            true => "It becomes the label.",
            false => "It becomes the label; what the reporter wrote is kept.",
        }
    }
    fn kind(&self) -> &'static str {
        self.about.kind.as_str()
    }
    fn labels(&self) -> Vec<(String, String)> {
        let all = self.about.labels.iter().map(|label| (label.clone(), label.clone()));
        std::iter::once((String::new(), "Choose one".to_owned())).chain(all).collect()
    }
    fn label_list(&self) -> Vec<(String, String)> {
        self.about.labels.iter().map(|label| (label.clone(), String::new())).collect()
    }
    fn duplicates(&self) -> Vec<(&str, String)> {
        let all = self.candidates.iter().chain(&self.related).filter(|each| !each.is_own);
        all.map(|each| {
            let what = if each.label.is_empty() { each.verdict.text } else { &each.label };
            (each.id.as_str(), format!("{}: {}", each.weight, words::one_line(what)))
        })
        .collect()
    }
}

/// What is read for the page.
struct Facts {
    subject: Subject,
    slots: Slots,
    opinions: Vec<Reviewed>,
    shown: Shown,
    about: About,
    claims: Vec<Held>,
    history: Vec<Decided>,
    earlier: Vec<Earlier>,
    past: Vec<(Past, Option<Resolution>)>,
    done: Option<Done>,
    calendars: Calendars,
    escalation: Option<EscalationId>,
}

/// What an edited answer is checked against, and starts from.
pub(super) fn about(conn: &mut Conn, subject: &Subject) -> AppResult<About> {
    let own = subject.own();
    let output = match subject.is_audit() {
        true => own.and_then(|own| own.label.clone()),
        false => own.and_then(|own| own.said.first()).and_then(|said| said.output.clone()),
    };
    about_output(conn, &subject.found.agent, output)
}

fn read(conn: &mut Conn, who: &Who, id: ItemId, done: Option<ActId>) -> AppResult<Facts> {
    must_review(conn, who, id)?;
    let mut subject = Subject::load(conn, id)?.ok_or(AppError::NotFound)?;
    let team = subject.found.item.team_id;
    let slots = stand(conn, &subject)?;
    if subject.owner.is_some() && !Judge::Person(who).owns(&subject) {
        subject = subject.of_its_team();
    }
    let first = subject.own().and_then(|own| own.said.first());
    let interaction = match subject.interaction() {
        Some(id) => Some(id),
        None => queries::interaction_of(conn, id)?,
    };
    let gone = "Whoever reported this changed their mind; what they say now is in the queue.";
    let interaction = interaction.ok_or_else(|| AppError::Gone(gone.into()))?;
    let shown = interactions::find_by_id(conn, interaction)?.ok_or(AppError::NotFound)?;
    let input = shown.body.as_ref().map(|body| &body.input);
    let past = past::gather(conn, who, &subject, input)?;
    let author = first.and_then(|said| said.feedback.author_id);
    let earlier = match author {
        Some(author) => queries::earlier_of(conn, author, team, id, EARLIER)?,
        None => Vec::new(),
    };
    let used = reviewed_by(conn, who)?;
    Ok(Facts {
        about: about(conn, &subject)?,
        claims: queries::claims_on(conn, &subject.together(), clock::now())?,
        opinions: opinions(conn, who, &subject, &slots)?,
        history: queries::history(conn, id)?,
        done: view::done(conn, who, &used, done, 0)?,
        calendars: hours::calendars(conn, &[team])?,
        escalation: escalations::newest_of(conn, id)?.map(|row| row.id),
        earlier,
        past,
        shown,
        slots,
        subject,
    })
}

/// How far its independent reviews are.
fn stand(conn: &mut Conn, subject: &Subject) -> AppResult<Slots> {
    let standing = signals::standing(conn, &subject.together())?;
    Slots::of(conn, subject, &standing)
}

/// What several reviewers said: for who settles it, and for all once it is decided.
fn opinions(
    conn: &mut Conn,
    who: &Who,
    subject: &Subject,
    slots: &Slots,
) -> AppResult<Vec<Reviewed>> {
    let item = subject.found.item.id;
    let round = match &subject.found.waiting {
        None => queries::last_decided_round(conn, item)?,
        Some(_) if !slots.is_settling || slots.has(By::Person(who.id())) => None,
        Some(_) => slots.open.iter().find(|open| open.item_id == item).map(|open| open.round),
    };
    let Some(round) = round else { return Ok(Vec::new()) };
    let all = queries::reviews_of_round(conn, item, round)?;
    let is_one = all.len() < 2;
    Ok(if is_one { Vec::new() } else { all })
}

/// `GET /triage/{id}`
pub(super) async fn show(
    by: Reviewer,
    db: Data<Db>,
    id: Path<ItemId>,
    filter: Query<Filter>,
    more: Query<More>,
) -> AppResult<HttpResponse> {
    let (id, ctx, who, more) = (id.into_inner(), by.ctx(), Arc::new(by.0.who), more.into_inner());
    let (reader, done) = (who.clone(), more.done);
    let facts = db.read(move |conn| read(conn, &reader, id, done)).await?;
    let along = Along { filter: filter.query(), after: more.after };
    let page_of = make(ctx, &who, id, facts, None, along, clock::now());
    page(StatusCode::OK, &page_of)
}

/// The page as it comes back, with what was typed.
pub(super) async fn again(
    status: StatusCode,
    ctx: PageContext,
    db: &Data<Db>,
    who: Arc<Who>,
    id: ItemId,
    typed: Typed,
    filter: Filter,
) -> AppResult<HttpResponse> {
    let reader = who.clone();
    let facts = db.read(move |conn| read(conn, &reader, id, None)).await?;
    let along = Along { filter: filter.query(), after: typed.form.after.clone() };
    let page_of = make(ctx, &who, id, facts, Some(typed), along, clock::now());
    page(status, &page_of)
}

fn make(
    ctx: PageContext,
    who: &Who,
    id: ItemId,
    facts: Facts,
    typed: Option<Typed>,
    along: Along,
    now: Instant,
) -> ShowPage {
    let Facts { subject, slots, opinions, shown, about, claims, history, .. } = facts;
    let Facts { earlier, past, done, calendars, escalation, .. } = facts;
    let reveals = subject.found.waiting.is_none();
    let view = shown::view(&shown, Audience::Team, now);
    let Typed { form, mistakes, notice } = typed.unwrap_or_else(|| start(&subject, &about));
    let (candidates, related) = answers(&subject, reveals, now);
    ShowPage {
        title: title(&subject, &slots),
        reviewing: Reviewing::of(&subject, &slots, &opinions, who, now),
        is_conflict: subject.is_conflict,
        is_audit: subject.is_audit(),
        escalation,
        due: subject.found.waiting.as_ref().map(|row| Due::of(row, &shown, &calendars, now)),
        round: history.last().map_or(0, |last| last.resolution.number),
        steps: history.into_iter().map(|each| step(each, about.kind, now)).collect(),
        past: past.iter().map(|each| past::row(each, &subject, about.kind, now)).collect(),
        earlier: EarlierPart::of(earlier, reveals, now),
        along,
        candidates,
        related,
        ctx,
        id,
        view,
        holder: holder(&claims, &slots, By::Person(who.id()), now),
        about,
        form,
        mistakes,
        notice,
        done,
    }
}

/// What is decided now, and what else was said of the same question.
fn answers(subject: &Subject, reveals: bool, now: Instant) -> (Vec<Answer>, Vec<Answer>) {
    let own = subject.found.item.id;
    let is_decided =
        |each: &&Candidate| each.item.id == own || (subject.is_conflict && !each.is_escalation());
    let (decided, others): (Vec<&Candidate>, Vec<&Candidate>) =
        subject.candidates.iter().partition(is_decided);
    let show = |each: &Candidate| answer(each, subject, reveals, now);
    (decided.into_iter().map(show).collect(), others.into_iter().map(show).collect())
}

impl Due {
    fn of(row: &Waiting, shown: &Shown, calendars: &Calendars, now: Instant) -> Self {
        let at = calendars.due(&shown.deployment, row.is_urgent, row.waiting_at);
        Self { when: words::when(at, now), is_late: at < now, is_urgent: row.is_urgent }
    }
}

fn title(subject: &Subject, slots: &Slots) -> &'static str {
    let verdict = subject.own().and_then(Candidate::verdict);
    match subject.found.item.status {
        SignalStatus::Accepted => return "Accepted",
        SignalStatus::Declined => return "Declined",
        SignalStatus::Pending if slots.is_settling && subject.owner.is_none() => {
            return "Which of the reviewers is right?";
        }
        SignalStatus::Pending if subject.is_conflict => return "Which of these is right?",
        SignalStatus::Pending => {}
    }
    use crate::feedback::Verdict;
    match verdict {
        None if subject.is_audit() => "Is this answer right?",
        Some(Verdict::Corrected) => "Is this correction right?",
        Some(Verdict::Rejected) => "Is this answer wrong?",
        Some(Verdict::Confirmed) => "Is this answer right?",
        Some(Verdict::Escalated) => "Should a person take over?",
        None => "Nothing to decide any more",
    }
}

/// The form before anything was typed: an edit starts from what was said last.
fn start(subject: &Subject, about: &About) -> Typed {
    let own = subject.own();
    let label = own.and_then(|own| own.label.clone()).or_else(|| about.output.clone());
    let (label, tool_calls) = match label {
        Some(label) => about.as_typed(&label),
        None => (String::new(), String::new()),
    };
    let is_new_label = about.kind == OutputKind::Label && own.is_some_and(|o| o.label.is_none());
    let label = if is_new_label { String::new() } else { label };
    let form = DecideForm { label, tool_calls, ..DecideForm::default() };
    Typed { form, mistakes: Mistakes::default(), notice: None }
}

/// What was typed, where somebody else was faster.
fn left_over(form: &DecideForm) -> String {
    let mut parts: Vec<&str> = Vec::new();
    if form.verb() == Some(Verb::AcceptedWithEdits) {
        parts.extend([form.label.as_str(), form.tool_calls.as_str()]);
    }
    parts.extend([form.edit_reason.as_str(), &form.reason, &form.question, &form.escalate_reason]);
    parts.retain(|part| !part.trim().is_empty());
    parts.join("\n\n")
}
