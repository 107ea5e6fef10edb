//! The interchange line: what import reads, with ids and decisions.

use crate::exports::queries::{Record, Said};
use crate::interactions::model::usd;
use crate::interactions::{InteractionId, JsonText};

/// Writes a line for each interaction, whose feedback comes one after another.
pub struct Lines {
    agent: String,
    open: Option<InteractionId>,
}

impl Lines {
    /// For the signals of one agent.
    pub fn new(agent: &str) -> Self {
        Self { agent: agent.to_owned(), open: None }
    }

    /// Adds one signal; gives how many lines it finished.
    pub fn add(&mut self, record: &Record, out: &mut String) -> u64 {
        let id = record.interaction.id;
        if self.open == Some(id) {
            out.push(',');
            said(&record.feedback, out);
            return 0;
        }
        let finished = self.finish(out);
        self.begin(record, out);
        said(&record.feedback, out);
        self.open = Some(id);
        finished
    }

    /// Ends the line that is open; gives how many there were.
    pub fn finish(&mut self, out: &mut String) -> u64 {
        let Some(id) = self.open.take() else { return 0 };
        out.push_str("],\"id\":\"");
        out.push_str(&id.to_string());
        out.push_str("\"}\n");
        1
    }

    fn begin(&self, record: &Record, out: &mut String) {
        let row = &record.interaction;
        out.push('{');
        text("external_id", row.external_id.as_deref(), out);
        text("agent", Some(&self.agent), out);
        text("agent_version", Some(&record.version), out);
        text("environment", Some(row.environment.as_str()), out);
        text("team", Some(&record.team), out);
        text("conversation_id", row.conversation_id.as_deref(), out);
        text("occurred_at", Some(&row.occurred_at.to_string()), out);
        text("end_user", record.end_user.as_deref(), out);
        json("input", record.input.as_ref(), out);
        json("tools", record.tools.as_ref(), out);
        json("output", record.output.as_ref(), out);
        text("error", record.error.as_deref(), out);
        json("sources", record.sources.as_ref(), out);
        let confidence = row.confidence.map(|c| JsonText::value(&serde_json::json!(c)));
        json("confidence", confidence.as_ref(), out);
        text("model", row.model.as_deref(), out);
        number("latency_ms", row.latency_ms, out);
        number("input_tokens", row.input_tokens, out);
        number("output_tokens", row.output_tokens, out);
        text("cost_usd", row.cost_nano_usd.map(usd).as_deref(), out);
        json("metadata", record.metadata.as_ref(), out);
        key("feedback", out);
        out.push('[');
    }
}

fn said(said: &Said, out: &mut String) {
    out.push('{');
    text("external_id", said.external_id.as_deref(), out);
    text("author", said.author.as_deref(), out);
    text("verdict", Some(said.verdict.as_str()), out);
    json("correction", said.correction.as_ref(), out);
    text("category", said.category.as_deref(), out);
    text("severity", Some(said.severity.as_str()), out);
    text("comment", said.comment.as_deref(), out);
    text("urgency", Some(said.urgency.as_str()), out);
    text("occurred_at", Some(&said.occurred_at.to_string()), out);
    text("status", Some(said.status.as_str()), out);
    if said.is_audit {
        key("audit", out);
        out.push_str("true");
    }
    text("id", Some(&said.id.to_string()), out);
    text("signal_id", Some(&said.signal_id.to_string()), out);
    if let Some((outcome, label, reviewer, at)) = &said.decision {
        text("decision", Some(outcome.as_str()), out);
        json("label", label.as_ref(), out);
        text("reviewer", reviewer.as_deref(), out);
        text("decided_at", Some(&at.to_string()), out);
    }
    out.push('}');
}

fn key(name: &str, out: &mut String) {
    if !out.ends_with('{') {
        out.push(',');
    }
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
}

fn text(name: &str, value: Option<&str>, out: &mut String) {
    if let Some(value) = value {
        key(name, out);
        out.push_str(JsonText::string(value).as_str());
    }
}

fn json(name: &str, value: Option<&JsonText>, out: &mut String) {
    if let Some(value) = value {
        key(name, out);
        out.push_str(value.as_str());
    }
}

fn number(name: &str, value: Option<i64>, out: &mut String) {
    if let Some(value) = value {
        key(name, out);
        out.push_str(&value.to_string());
    }
}
