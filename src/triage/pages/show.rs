//! `/triage/{id}`: one item with all that helps to decide it. Opening it only reads.

use super::act::Along;
use super::decide::DecideForm;
use super::item::{
    Answer, EarlierRow, Holder, Step, answer, earlier_row, earlier_sentence, holder, step,
};
use super::view::{self, Done};
use crate::accounts::{Reviewer, Who};
use crate::agents::OutputKind;
use crate::capture::shown::{self, Audience, View};
use crate::capture::words::{self, When};
use crate::capture::{About, about as about_output};
use crate::clock;
use crate::db::{Conn, Db, Instant};
use crate::error::{AppError, AppResult, Mistakes};
use crate::hours::{self, Calendars};
use crate::interactions::queries as interactions;
use crate::interactions::queries::Shown;
use crate::signals::model::{ItemId, Reviewer as By, SignalStatus, Waiting};
use crate::triage::filter::{Filter, reviewed_by};
use crate::triage::model::{ActId, Verb};
use crate::triage::queries::{self, Decided, Earlier, Held};
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
    /// None once it is decided.
    due: Option<Due>,
    holder: Holder,
    candidates: Vec<Answer>,
    /// Said of the same question, and true beside it.
    related: Vec<Answer>,
    steps: Vec<Step>,
    earlier: Vec<EarlierRow>,
    earlier_sentence: String,
    round: i64,
    about: About,
    form: DecideForm,
    mistakes: Mistakes,
    notice: Option<String>,
    done: Option<Done>,
    along: Along,
    facts: Vec<(&'static str, String)>,
}

impl ShowPage {
    /// Whether a decision can be made now, by this person.
    fn is_open(&self) -> bool {
        self.due.is_some() && !matches!(self.holder, Holder::Other(..))
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
    shown: Shown,
    about: About,
    claims: Vec<Held>,
    history: Vec<Decided>,
    earlier: Vec<Earlier>,
    done: Option<Done>,
    calendars: Calendars,
}

/// What an edited answer is checked against, and starts from.
pub(super) fn about(conn: &mut Conn, subject: &Subject) -> AppResult<About> {
    let output = subject.own().and_then(|own| own.said.first());
    let output = output.and_then(|said| said.output.clone());
    about_output(conn, &subject.found.agent, output)
}

fn read(conn: &mut Conn, who: &Who, id: ItemId, done: Option<ActId>) -> AppResult<Facts> {
    let subject = Subject::load(conn, id)?.ok_or(AppError::NotFound)?;
    let team = subject.found.item.team_id;
    if !who.reviews(team) {
        return Err(AppError::NotFound);
    }
    let first = subject.own().and_then(|own| own.said.first());
    let interaction = match first {
        Some(said) => Some(said.feedback.interaction_id),
        None => queries::interaction_of(conn, id)?,
    };
    let gone = "Whoever reported this changed their mind; what they say now is in the queue.";
    let interaction = interaction.ok_or_else(|| AppError::Gone(gone.into()))?;
    let shown = interactions::find_by_id(conn, interaction)?.ok_or(AppError::NotFound)?;
    let author = first.and_then(|said| said.feedback.author_id);
    let earlier = match author {
        Some(author) => queries::earlier_of(conn, author, team, id, EARLIER)?,
        None => Vec::new(),
    };
    let used = reviewed_by(conn, who)?;
    Ok(Facts {
        about: about(conn, &subject)?,
        claims: queries::claims_on(conn, &subject.together(), clock::now())?,
        history: queries::history(conn, id)?,
        done: view::done(conn, who, &used, done, 0)?,
        calendars: hours::calendars(conn, &[team])?,
        earlier,
        shown,
        subject,
    })
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
    let Facts { subject, shown, about, claims, history, earlier, done, calendars } = facts;
    let holder = holder(&claims, By::Person(who.id()), now);
    let reveals = subject.found.waiting.is_none();
    let view = shown::view(&shown, Audience::Team, now);
    let Typed { form, mistakes, notice } = typed.unwrap_or_else(|| start(&subject, &about));
    let (candidates, related) = answers(&subject, reveals, now);
    ShowPage {
        title: title(&subject),
        is_conflict: subject.is_conflict,
        due: subject.found.waiting.as_ref().map(|row| Due::of(row, &shown, &calendars, now)),
        round: history.last().map_or(0, |last| last.resolution.number),
        steps: history.into_iter().map(|each| step(each, about.kind, now)).collect(),
        earlier_sentence: earlier_sentence(&earlier),
        earlier: earlier.into_iter().map(|each| earlier_row(each, reveals, now)).collect(),
        facts: figures(&view),
        along,
        candidates,
        related,
        ctx,
        id,
        view,
        holder,
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

/// The facts that help to decide; who asked is left out, as it may be who reports.
fn figures(view: &View) -> Vec<(&'static str, String)> {
    const NAMES: [&str; 5] = ["Model", "Took", "Cost", "Environment", "Team"];
    view.facts.iter().filter(|(name, _)| NAMES.contains(name)).cloned().collect()
}

impl Due {
    fn of(row: &Waiting, shown: &Shown, calendars: &Calendars, now: Instant) -> Self {
        let at = calendars.due(&shown.deployment, row.is_urgent, row.waiting_at);
        Self { when: words::when(at, now), is_late: at < now, is_urgent: row.is_urgent }
    }
}

fn title(subject: &Subject) -> &'static str {
    let verdict = subject.own().and_then(Candidate::verdict);
    match subject.found.item.status {
        SignalStatus::Accepted => return "Accepted",
        SignalStatus::Declined => return "Declined",
        SignalStatus::Pending if subject.is_conflict => return "Which of these is right?",
        SignalStatus::Pending => {}
    }
    use crate::feedback::Verdict;
    match verdict {
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
