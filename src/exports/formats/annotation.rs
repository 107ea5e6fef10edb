//! Records for tools in which people annotate: Argilla and Label Studio. What the agent gave comes
//! as a suggestion, what a person said is right as the answer; where nobody said what is right, the
//! record waits for an annotator there. Nobody is named.

use super::cases::about;
use super::training::{Left, right, string, text};
use crate::agents::OutputKind;
use crate::exports::queries::Example;
use crate::interactions::JsonText;
use crate::interactions::content::{Turn, turns};

/// A record as Argilla's `Record.from_dict` reads it: the field `prompt` is a chat, the question
/// `answer` a text, or a label.
pub(super) fn argilla(
    agent: &str,
    kind: OutputKind,
    example: &Example,
    out: &mut String,
) -> Result<u64, Left> {
    out.push_str("{\"id\":\"");
    out.push_str(&example.signal_id.to_string());
    out.push_str("\",\"fields\":{\"prompt\":");
    chat(&turns(&example.prompt.to_value()), out);
    out.push_str("},\"metadata\":{");
    about(agent, example, out);
    out.push_str("},\"suggestions\":{");
    if let Some(output) = &example.output {
        out.push_str("\"answer\":{\"value\":");
        text(kind, output, out);
        out.push_str(",\"agent\":");
        string(&named(agent, &example.version), out);
        out.push('}');
    }
    out.push_str("},\"responses\":{");
    if let Ok(right) = right(example) {
        out.push_str("\"answer\":[{\"value\":");
        text(kind, right, out);
        // Its reader wants one; whoever logs the record puts their own there.
        out.push_str(",\"user_id\":\"");
        out.push_str(&uuid::Uuid::nil().to_string());
        out.push_str("\"}]");
    }
    out.push_str("}}\n");
    Ok(1)
}

/// A task of Label Studio, for a labelling page with `<Text name="input" value="$text"/>` and
/// `<TextArea name="answer" toName="input"/>`, or `<Choices name="answer" toName="input">`.
pub(super) fn label_studio(
    agent: &str,
    kind: OutputKind,
    example: &Example,
    out: &mut String,
) -> Result<u64, Left> {
    let turns = turns(&example.prompt.to_value());
    out.push_str("{\"data\":{\"text\":");
    string(&read_aloud(&turns), out);
    out.push_str(",\"messages\":");
    chat(&turns, out);
    out.push(',');
    about(agent, example, out);
    out.push_str("},\"predictions\":[");
    if let Some(output) = &example.output {
        out.push_str("{\"model_version\":");
        string(&named(agent, &example.version), out);
        out.push_str(",\"result\":[");
        region(kind, output, out);
        out.push_str("]}");
    }
    out.push_str("],\"annotations\":[");
    if let Ok(right) = right(example) {
        out.push_str("{\"result\":[");
        region(kind, right, out);
        out.push_str("]}");
    }
    out.push_str("]}\n");
    Ok(1)
}

fn region(kind: OutputKind, output: &JsonText, out: &mut String) {
    let (control, value) =
        if kind == OutputKind::Label { ("choices", "choices") } else { ("textarea", "text") };
    out.push_str("{\"from_name\":\"answer\",\"to_name\":\"input\",\"type\":\"");
    out.push_str(control);
    out.push_str("\",\"value\":{\"");
    out.push_str(value);
    out.push_str("\":[");
    text(kind, output, out);
    out.push_str("]}}");
}

/// The agent with its version.
fn named(agent: &str, version: &str) -> String {
    if version.is_empty() { agent.to_owned() } else { format!("{agent} {version}") }
}

/// A turn's text and the calls it makes.
fn said(turn: &Turn) -> String {
    let mut lines: Vec<&str> = Vec::new();
    lines.extend(Some(turn.text.as_str()).filter(|text| !text.is_empty()));
    lines.extend(turn.tool_calls.iter().map(String::as_str));
    lines.join("\n")
}

fn chat(turns: &[Turn], out: &mut String) {
    out.push('[');
    for (n, turn) in turns.iter().enumerate() {
        out.push_str(if n == 0 { "{\"role\":" } else { ",{\"role\":" });
        string(&turn.role, out);
        out.push_str(",\"content\":");
        string(&said(turn), out);
        out.push('}');
    }
    out.push(']');
}

/// One question as it is; of a conversation, who said what.
fn read_aloud(turns: &[Turn]) -> String {
    match turns {
        [only] if only.role == "user" => said(only),
        turns => {
            let told = turns.iter().map(|turn| format!("{}: {}", turn.role, said(turn)));
            told.collect::<Vec<_>>().join("\n\n")
        }
    }
}
