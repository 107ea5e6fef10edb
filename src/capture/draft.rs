//! One judgement as it is sent, before it is known whom and what it is about.

use super::line::TOO_LARGE;
use super::submit::Target;
use crate::agents::Environment;
use crate::db::{Hash, Instant};
use crate::error::Mistakes;
use crate::feedback::Verdict;
use crate::feedback::model::{MAX_COMMENT, Severity, Urgency};
use crate::interactions::JsonText;
use crate::interactions::content::canonical;
use crate::signals::SignalStatus;
use crate::signals::model::Outcome;
use crate::web::strict;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The most bytes a correction may have.
pub const MAX_CORRECTION: usize = 1024 * 1024;

/// Feedback as programs send it. What an export adds is known and passed over.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FeedbackInput)]
pub struct Sent {
    /// With `POST /api/v1/feedback`: the interaction, by our id or by the sender's key
    /// `{"agent", "environment", "external_id"}`.
    #[serde(default)]
    #[schema(value_type = serde_json::Value, required = false)]
    interaction: Option<Box<RawValue>>,
    /// The sender's own id; the same id on the same interaction is the same feedback.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Address of the person who judged, as claimed.
    #[serde(default)]
    pub author: Option<String>,
    /// `confirmed`, `corrected`, `rejected` or `escalated`.
    pub verdict: Verdict,
    /// The right output; only, and always, with `corrected`.
    #[serde(default)]
    #[schema(value_type = serde_json::Value, required = false)]
    pub correction: Option<Box<RawValue>>,
    /// Slug of a category of the agent.
    #[serde(default)]
    pub category: Option<String>,
    /// `low`, `medium` (default), `high` or `critical`.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// At most 5,000 characters.
    #[serde(default)]
    pub comment: Option<String>,
    /// `normal` (default) or `urgent`.
    #[serde(default)]
    pub urgency: Option<Urgency>,
    /// RFC 3339; now when not given.
    #[serde(default)]
    pub occurred_at: Option<String>,
    /// Taken as given for keys with scope `admin` only.
    #[serde(default)]
    pub status: Option<SignalStatus>,
    /// With `status`, as an export tells it: what was decided. Taken where `status` is.
    #[serde(default)]
    decision: Option<String>,
    /// With the decision `accepted_with_edits`: the output that the reviewer held to be right.
    #[serde(default)]
    #[schema(value_type = Value, required = false)]
    label: Option<Box<RawValue>>,
    /// Address of who decided, as claimed.
    #[serde(default)]
    reviewer: Option<String>,
    /// Whether a reviewer found it in a random audit; it overrides nothing then. Taken where
    /// `status` is, with `accepted`.
    #[serde(default)]
    audit: bool,
    /// What an export adds is passed over.
    #[serde(default, rename = "id")]
    #[schema(value_type = Value, required = false)]
    _id: IgnoredAny,
    #[serde(default, rename = "signal_id")]
    #[schema(value_type = Value, required = false)]
    _signal_id: IgnoredAny,
    #[serde(default, rename = "decided_at")]
    #[schema(value_type = Value, required = false)]
    _decided_at: IgnoredAny,
}

/// What was decided elsewhere.
#[derive(Debug, Clone)]
pub struct Decided {
    pub status: SignalStatus,
    /// What was decided, where that was told and fits the status.
    pub outcome: Option<Outcome>,
    /// The right output by the reviewer's word.
    pub label: Option<JsonText>,
    /// Address of the reviewer, as claimed.
    pub reviewer: Option<String>,
    /// A reviewer found it in a random audit.
    pub is_audit: bool,
}

/// A judgement whose parts fit together.
#[derive(Debug, Clone)]
pub struct Draft {
    pub external_id: Option<String>,
    pub author: Option<String>,
    pub verdict: Verdict,
    pub correction: Option<JsonText>,
    pub category: Option<String>,
    pub severity: Severity,
    pub comment: Option<String>,
    pub urgency: Urgency,
    pub occurred_at: Option<Instant>,
    /// Taken as given from those who may say so.
    pub decided: Option<Decided>,
    pub dedup_key: Hash,
}

impl Sent {
    /// Checks what can be checked without looking anything up; `at` goes before each pointer.
    pub fn check(self, at: &str) -> Result<Draft, Mistakes> {
        let mut mistakes = Mistakes::default();
        let occurred_at = instant(self.occurred_at.as_deref(), &format!("{at}/occurred_at"))
            .unwrap_or_else(|m| {
                mistakes.0.extend(m.0);
                None
            });
        short(&mut mistakes, &format!("{at}/external_id"), self.external_id.as_deref(), 500);
        short(&mut mistakes, &format!("{at}/author"), self.author.as_deref(), 320);
        check_verdict(&mut mistakes, at, self.verdict, self.correction.is_some());
        if self.comment.as_ref().is_some_and(|text| text.chars().count() > MAX_COMMENT) {
            mistakes.add(format!("{at}/comment"), "has more than 5,000 characters");
        }
        let correction = self.correction.as_ref().map_or(0, |correction| correction.get().len());
        if correction > MAX_CORRECTION {
            mistakes.add(format!("{at}/correction"), TOO_LARGE);
        }
        let dedup_key = self.dedup_key();
        let decided = self.decided(at).map_err(|more| mistakes.0.extend(more.0)).unwrap_or(None);
        mistakes.or(Draft {
            dedup_key,
            decided,
            external_id: self.external_id,
            author: self.author.filter(|author| !author.trim().is_empty()),
            verdict: self.verdict,
            correction: self.correction.map(JsonText::from),
            category: self.category,
            severity: self.severity.unwrap_or(Severity::Medium),
            comment: self.comment.filter(|text| !text.is_empty()),
            urgency: self.urgency.unwrap_or(Urgency::Normal),
            occurred_at,
        })
    }

    /// `status` with what goes along with it.
    fn decided(&self, at: &str) -> Result<Option<Decided>, Mistakes> {
        let Some(status) = self.status else { return Ok(None) };
        let outcome = match &self.decision {
            Some(word) => {
                let outcome: Outcome = word
                    .parse()
                    .map_err(|why: String| Mistakes::one(format!("{at}/decision"), why))?;
                Some(outcome).filter(|outcome| outcome.status() == status)
            }
            None => None,
        };
        let is_edited = outcome == Some(Outcome::AcceptedWithEdits);
        let label = self.label.clone().map(JsonText::from).filter(|_| is_edited);
        if is_edited && label.is_none() {
            let why = "is required with the decision `accepted_with_edits`";
            return Err(Mistakes::one(format!("{at}/label"), why));
        }
        let reviewer = self.reviewer.clone().filter(|name| !name.trim().is_empty());
        let is_audit = self.audit && status == SignalStatus::Accepted;
        if is_audit && self.verdict == Verdict::Escalated {
            let why = "says whether an output is right, which `escalated` doesn’t";
            return Err(Mistakes::one(format!("{at}/audit"), why));
        }
        Ok(Some(Decided { status, outcome, label, reviewer, is_audit }))
    }

    /// The sender's id, or else a hash of every key that was sent.
    fn dedup_key(&self) -> Hash {
        if let Some(id) = &self.external_id {
            return Hash::of(&[b"external id", id.as_bytes()]);
        }
        let correction = self
            .correction
            .as_ref()
            .map(|raw| canonical(&JsonText::from(raw.clone()).to_value()))
            .unwrap_or_default();
        let part = |text: &Option<String>| text.clone().unwrap_or_default().into_bytes();
        Hash::of(&[
            b"content",
            &part(&self.author),
            self.verdict.as_str().as_bytes(),
            correction.as_bytes(),
            &part(&self.category),
            self.severity.map_or("", Severity::as_str).as_bytes(),
            &part(&self.comment),
            self.urgency.map_or("", Urgency::as_str).as_bytes(),
            &part(&self.occurred_at),
        ])
    }
}

/// A correction goes with `corrected`, always and only.
pub fn check_verdict(mistakes: &mut Mistakes, at: &str, verdict: Verdict, has_correction: bool) {
    match (verdict, has_correction) {
        (Verdict::Corrected, false) => {
            mistakes.add(format!("{at}/correction"), "is required when the verdict is `corrected`");
        }
        (Verdict::Confirmed | Verdict::Rejected | Verdict::Escalated, true) => {
            mistakes.add(format!("{at}/correction"), "goes only with the verdict `corrected`");
        }
        _ => {}
    }
}

/// An instant in RFC 3339, cut to the microsecond.
pub fn instant(text: Option<&str>, pointer: &str) -> Result<Option<Instant>, Mistakes> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<jiff::Timestamp>() {
        Ok(at) if in_calendar(at) => Ok(Some(Instant::truncated(at))),
        Ok(_) => Err(Mistakes::one(pointer, "lies outside the years 1900 to 2200")),
        Err(_) => Err(Mistakes::one(
            pointer,
            format!("`{}` is no instant like `2026-11-02T09:14:05.120Z`", cut(text)),
        )),
    }
}

/// An instant, or a day: its first moment in UTC.
pub fn time(text: &str, pointer: &str) -> Result<Instant, Mistakes> {
    let day = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10);
    let midnight = day.map(|day| day.to_datetime(jiff::civil::Time::midnight()));
    if let Some(midnight) = midnight
        && let Ok(at) = jiff::tz::TimeZone::UTC.to_timestamp(midnight)
        && in_calendar(at)
    {
        return Ok(Instant::truncated(at));
    }
    let why = || {
        let cut = cut(text);
        format!(
            "`{cut}` is no instant like `2026-11-02T09:14:05.120Z`, nor a day like `2026-11-02`"
        )
    };
    match text.parse::<jiff::Timestamp>() {
        Ok(_) => instant(Some(text), pointer)?.ok_or_else(|| Mistakes::one(pointer, why())),
        Err(_) => Err(Mistakes::one(pointer, why())),
    }
}

/// Instants that both databases, and people, can make sense of.
fn in_calendar(at: jiff::Timestamp) -> bool {
    (-2_208_988_800..7_258_118_400).contains(&at.as_second())
}

/// A mistake when `text` is longer than `most` characters or holds control characters.
pub fn short(mistakes: &mut Mistakes, pointer: &str, text: Option<&str>, most: usize) {
    let Some(text) = text else { return };
    if text.chars().count() > most {
        mistakes.add(pointer, format!("has more than {most} characters"));
    } else if text.chars().any(char::is_control) {
        mistakes.add(pointer, "holds a control character");
    }
}

/// The start of a text, for a message.
pub fn cut(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    text.chars().take(40).chain("…".chars()).collect()
}

/// Reads one feedback that stands inside an interaction.
pub fn read(text: &str, at: &str) -> Result<Draft, Mistakes> {
    let sent = parse(text).map_err(|mistakes| under(at, mistakes))?;
    if sent.interaction.is_some() {
        let why = "goes only with feedback that is sent by itself";
        return Err(Mistakes::one(format!("{at}/interaction"), why));
    }
    sent.check(at)
}

/// Reads one feedback that names its interaction.
pub fn read_with_target(text: &str) -> Result<(Target, Draft), Mistakes> {
    let mut sent = parse(text)?;
    let Some(interaction) = sent.interaction.take() else {
        return Err(Mistakes::one("/interaction", "is required: an id, or the sender's key"));
    };
    let target = target(interaction.get()).map_err(|mistakes| under("/interaction", mistakes))?;
    Ok((target, sent.check("")?))
}

fn parse(text: &str) -> Result<Sent, Mistakes> {
    strict::unfit(text)?;
    strict::read(text)
}

/// The sender's key of an interaction.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentKey {
    agent: String,
    #[serde(default)]
    environment: Option<Environment>,
    external_id: String,
}

fn target(text: &str) -> Result<Target, Mistakes> {
    if text.starts_with('"') {
        let id = serde_json::from_str(text).ok().and_then(|id: String| id.parse().ok());
        let id = id.ok_or_else(|| Mistakes::one("", "is no id: a UUID as text"))?;
        return Ok(Target::Id(id));
    }
    let key: SentKey = strict::read(text)?;
    let environment = key.environment.unwrap_or(Environment::Production);
    Ok(Target::Key { agent: key.agent, environment, external_id: key.external_id })
}

/// The same mistakes at a place further in.
fn under(at: &str, mut mistakes: Mistakes) -> Mistakes {
    for mistake in &mut mistakes.0 {
        mistake.field.insert_str(0, at);
    }
    mistakes
}
