//! Rows of interactions.

use super::content::JsonText;
use crate::accounts::PersonId;
use crate::agents::{AgentId, DeploymentId, Environment, VersionId};
use crate::db::{Hash, Instant};
use crate::schema::{interaction_bodies, interactions};
use diesel::prelude::*;

crate::id_type!(
    /// The id of an interaction.
    InteractionId
);

impl InteractionId {
    /// The id of what came at this instant: ids carry their time.
    pub fn of_time(at: Instant) -> Self {
        let micros = u64::try_from(at.as_micros()).unwrap_or(0);
        let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
        let nanos = u32::try_from(rest * 1_000).unwrap_or(0);
        Self(uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos)))
    }
}
crate::text_enum!(
    /// How an interaction came in.
    Source {
        /// A program sent it.
        Log = "log",
        /// A person reported it, for it was not logged.
        Report = "report",
    }
);

/// The narrow row.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = interactions, treat_none_as_default_value = false)]
pub struct Interaction {
    pub id: InteractionId,
    pub deployment_id: DeploymentId,
    pub agent_id: AgentId,
    pub version_id: VersionId,
    pub environment: Environment,
    pub external_id: Option<String>,
    /// Of what was sent, but for team and time; see `content::hash_of`.
    pub content_hash: Hash,
    /// Of the normalised input; the same question is the same hash.
    pub input_hash: Hash,
    pub source: Source,
    pub conversation_id: Option<String>,
    pub end_user_id: Option<PersonId>,
    pub occurred_at: Instant,
    /// 0 to 1.
    pub confidence: Option<f64>,
    pub model: Option<String>,
    pub latency_ms: Option<i64>,
    pub input_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    /// Billionths of a dollar.
    pub cost_nano_usd: Option<i64>,
}

/// The texts, exactly as they were sent. Gone after retention or erasure; the narrow row stays.
#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = interaction_bodies, treat_none_as_default_value = false)]
pub struct Body {
    pub interaction_id: InteractionId,
    /// A JSON string (one user message) or a list of messages.
    pub input: JsonText,
    /// A JSON list of tool definitions.
    pub tools: Option<JsonText>,
    /// A JSON string, any JSON (kind `json`) or an assistant's message (kind `message`).
    pub output: Option<JsonText>,
    /// Why there is no output, in plain text.
    pub error: Option<String>,
    /// A JSON list of what the answer rests on.
    pub sources: Option<JsonText>,
    /// Any JSON.
    pub metadata: Option<JsonText>,
}

/// A decimal string of dollars as billionths: at most nine decimals, not negative.
pub fn nano_usd(text: &str) -> Result<i64, &'static str> {
    const ALLOWED: &str = "is a decimal string of dollars with at most nine decimals";
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 9 {
        return Err(ALLOWED);
    }
    if text.contains('.') && part.is_empty() {
        return Err(ALLOWED);
    }
    let number = |s: &str| s.parse::<i64>().map_err(|_| "is too large");
    let nanos = number(&format!("{part:0<9}"))?;
    number(whole)?
        .checked_mul(1_000_000_000)
        .and_then(|dollars| dollars.checked_add(nanos))
        .ok_or("is too large")
}

/// Billionths of a dollar as the shortest decimal string: `0.0041`.
pub fn usd(nanos: i64) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn money_is_a_decimal_string_and_never_a_float() {
        assert_eq!(nano_usd("0.0041"), Ok(4_100_000));
        assert_eq!(usd(4_100_000), "0.0041");
        assert_eq!(usd(3_000_000_000), "3");
        for wrong in ["", ".5", "1.", "-1", "1e3", "0.0000000001", "1.2.3", "99999999999"] {
            assert!(nano_usd(wrong).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn money_comes_back_as_it_went_in(nanos in 0i64..i64::MAX) {
            proptest::prop_assert_eq!(nano_usd(&usd(nanos)), Ok(nanos));
        }
    }
}
