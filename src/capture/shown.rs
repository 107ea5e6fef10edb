//! An interaction as people read it: turns, answers, how sure the agent was, what it rests on.

use super::words::{self, When};
use crate::agents::OutputKind;
use crate::db::Instant;
use crate::interactions::model::usd;
use crate::interactions::queries::Shown;
use crate::interactions::{JsonText, Source, content};
use serde_json::Value;

/// One turn of the conversation.
pub struct Message {
    pub role: String,
    pub role_label: String,
    pub text: String,
    pub tool_calls: Vec<String>,
}

/// How sure the agent was.
pub struct Confidence {
    pub percent: u8,
    pub words: &'static str,
}

/// What an answer rests on; without a link where the address is not one of the web.
pub struct Reference {
    pub title: String,
    pub href: String,
}

/// A fact about an interaction: what it is, and its value.
pub type Fact = (&'static str, String);

/// An interaction as its pages show it.
pub struct View {
    pub agent: String,
    pub agent_name: String,
    pub team: String,
    pub environment: &'static str,
    pub when: When,
    pub turns: Vec<Message>,
    pub output: String,
    /// Of a message: its text without the tools it calls, which a correction starts from.
    pub said: String,
    pub has_output: bool,
    /// Why there is no output.
    pub error: String,
    pub is_code: bool,
    pub is_erased: bool,
    pub is_report: bool,
    pub confidence: Option<Confidence>,
    pub good_at: String,
    pub not_for: String,
    pub references: Vec<Reference>,
    pub facts: Vec<Fact>,
    pub metadata: String,
}

/// Who reads an interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Somebody of the team: sees all of it.
    Team,
    /// Whoever holds a link: sees what was said between the end user and the agent, not the
    /// agent's instructions, tools and figures.
    EndUser,
}

/// Makes the view.
pub fn view(shown: &Shown, audience: Audience, now: Instant) -> View {
    let (row, agent) = (&shown.row, &shown.agent);
    let body = shown.body.as_ref();
    let for_team = audience == Audience::Team;
    let output = body.and_then(|body| body.output.as_ref());
    let turns = body.map(|body| turns(&agent.name, &body.input, audience)).unwrap_or_default();
    let metadata = body.and_then(|body| body.metadata.as_ref()).filter(|_| for_team);
    View {
        agent: words::agent(&agent.name, &shown.version),
        agent_name: agent.name.clone(),
        team: shown.team.clone(),
        environment: row.environment.as_str(),
        when: words::when(row.occurred_at, now),
        turns,
        has_output: output.is_some(),
        said: output
            .filter(|_| agent.kind == OutputKind::Message)
            .map(|output| content::turn(&output.to_value()).text)
            .unwrap_or_default(),
        output: output.map(|output| spoken(agent.kind, output)).unwrap_or_default(),
        error: body.and_then(|body| body.error.clone()).unwrap_or_default(),
        is_code: matches!(agent.kind, OutputKind::Json | OutputKind::Message),
        is_erased: body.is_none(),
        is_report: row.source == Source::Report,
        confidence: row.confidence.map(confidence),
        good_at: agent.good_at.clone(),
        not_for: agent.not_for.clone(),
        references: body
            .and_then(|body| body.sources.as_ref())
            .map(|sources| references(&sources.to_value()))
            .unwrap_or_default(),
        facts: if for_team { facts(shown) } else { Vec::new() },
        metadata: metadata.map(|json| content::pretty(json.as_str())).unwrap_or_default(),
    }
}

impl Message {
    /// Whether an end user has part in it: their own words, and the agent's to them.
    fn is_said(&self) -> bool {
        matches!(self.role.as_str(), "user" | "assistant") && !self.text.is_empty()
    }
}

/// The turns of an input, as far as the reader may see them.
pub fn turns(agent: &str, input: &JsonText, audience: Audience) -> Vec<Message> {
    let message = |turn: content::Turn| Message {
        role_label: match turn.role.as_str() {
            "user" => "What was asked".to_owned(),
            "system" => "Instructions to the agent".to_owned(),
            "tool" => "What a tool gave back".to_owned(),
            _ => format!("{agent} said"),
        },
        role: turn.role,
        text: turn.text,
        tool_calls: turn.tool_calls,
    };
    let all = content::turns(&input.to_value()).into_iter().map(message);
    all.filter(|turn| audience == Audience::Team || turn.is_said()).collect()
}

/// An output as people read it: JSON on many lines, a message with the tools it calls.
pub fn spoken(kind: OutputKind, output: &JsonText) -> String {
    match kind {
        OutputKind::Text | OutputKind::Label => output.plain(),
        OutputKind::Json => content::pretty(output.as_str()),
        OutputKind::Message => {
            let turn = content::turn(&output.to_value());
            let text = Some(turn.text).filter(|text| !text.is_empty());
            text.into_iter().chain(turn.tool_calls).collect::<Vec<_>>().join("\n")
        }
    }
}

/// A confidence from 0 to 1 in words and per cent.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 100.
fn confidence(sure: f64) -> Confidence {
    let percent = (sure.clamp(0.0, 1.0) * 100.0).round() as u8;
    let words = match percent {
        0..25 => "Not sure at all",
        25..50 => "Not very sure",
        50..75 => "Fairly sure",
        75..90 => "Quite sure",
        _ => "Very sure",
    };
    Confidence { percent, words }
}

fn references(sources: &Value) -> Vec<Reference> {
    let reference = |source: &Value| {
        let field = |name| source.get(name).and_then(Value::as_str).unwrap_or_default();
        let (title, url) = (field("title"), field("url"));
        let on_web = url.starts_with("https://") || url.starts_with("http://");
        let title = match (title, url, source) {
            ("", "", Value::String(text)) => text.clone(),
            ("", "", other) => other.to_string(),
            ("", url, _) => url.to_owned(),
            (title, _, _) => title.to_owned(),
        };
        Reference { title, href: if on_web { url.to_owned() } else { String::new() } }
    };
    sources.as_array().into_iter().flatten().map(reference).collect()
}

fn facts(shown: &Shown) -> Vec<Fact> {
    let row = &shown.row;
    let number = |n: Option<i64>| n.map(words::grouped);
    let facts = [
        ("Model", row.model.clone()),
        ("Took", number(row.latency_ms).map(|ms| format!("{ms} ms"))),
        ("Read", number(row.input_tokens).map(|n| format!("{n} tokens"))),
        ("Wrote", number(row.output_tokens).map(|n| format!("{n} tokens"))),
        ("Cost", row.cost_nano_usd.map(|nanos| format!("{} USD", usd(nanos)))),
        ("Asked by", shown.end_user.clone()),
        ("Team", Some(shown.team.clone())),
        ("Environment", Some(row.environment.to_string())),
        ("Sender's id", row.external_id.clone()),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn how_sure_it_was_is_said_in_words() {
        assert_eq!((confidence(0.41).percent, confidence(0.41).words), (41, "Not very sure"));
        assert_eq!((confidence(1.0).percent, confidence(1.0).words), (100, "Very sure"));
        assert_eq!((confidence(0.0).percent, confidence(0.0).words), (0, "Not sure at all"));
    }

    #[test]
    fn only_addresses_of_the_web_become_links() {
        let sources = json!([{"title": "Terms", "url": "https://example.com/t"},
            {"title": "Odd", "url": "javascript:alert(1)"}, {"url": "http://example.com"}, "note"]);
        let found: Vec<(String, String)> =
            references(&sources).into_iter().map(|each| (each.title, each.href)).collect();
        assert_eq!(found[0], ("Terms".into(), "https://example.com/t".into()));
        assert_eq!(found[1], ("Odd".into(), String::new()));
        assert_eq!(found[2], ("http://example.com".into(), "http://example.com".into()));
        assert_eq!(found[3], ("note".into(), String::new()));
    }
}
