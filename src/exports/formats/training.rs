//! Records for trainers: the shapes are those of TRL's conversational datasets and of OpenAI's
//! fine-tuning files.

use super::{annotation, cases};
use crate::agents::OutputKind;
use crate::exports::model::Format;
use crate::exports::queries::Example;
use crate::feedback::Verdict;
use crate::interactions::JsonText;
use std::collections::HashMap;

/// Why a signal gives no record in a format.
pub type Left = &'static str;

/// The output is right, which says nothing about a pair.
const NOT_AN_OVERRIDE: Left = "confirmed_only";
/// It is wrong, and nobody said what is right.
const NO_RIGHT_ANSWER: Left = "no_right_answer";
/// The agent gave an error instead.
const NO_OUTPUT: Left = "no_output";
/// A person was asked to take over, which says nothing about the right output.
const ESCALATED: Left = "escalated";
/// The right label is not in the agent's list.
const NOT_A_LABEL: Left = "label_not_in_list";

/// A label agent's list.
#[derive(Debug, Default)]
pub struct Labels {
    /// The place of each label.
    pub places: HashMap<String, i64>,
    /// The label of what is out of the agent's scope.
    pub out_of_scope: Option<String>,
}

/// Writes the records of one signal, a line each; gives how many, or why there is none.
pub fn write(
    format: Format,
    agent: &str,
    kind: OutputKind,
    labels: &Labels,
    example: &Example,
    out: &mut String,
) -> Result<u64, Left> {
    match format {
        Format::Sft => sft(kind, example, out),
        Format::Preference => preference(kind, example, out),
        Format::Kto => kto(kind, example, out),
        Format::OpenaiChat => openai_chat(kind, example, out),
        Format::OpenaiPreference => openai_preference(kind, example, out),
        Format::Classification => classification(labels, example, out),
        Format::Eval => cases::eval(agent, kind, example, out),
        Format::Promptfoo => cases::promptfoo(agent, kind, example, out),
        Format::OpenaiEvals => cases::openai_evals(kind, example, out),
        Format::Argilla => annotation::argilla(agent, kind, example, out),
        Format::LabelStudio => annotation::label_studio(agent, kind, example, out),
        Format::Signals => Err("not_a_training_format"),
    }
}

fn sft(kind: OutputKind, example: &Example, out: &mut String) -> Result<u64, Left> {
    let right = right(example)?;
    out.push_str("{\"prompt\":");
    messages(&example.prompt, out);
    out.push_str(",\"completion\":[");
    assistant(kind, right, out);
    out.push(']');
    tools(example, out);
    out.push_str("}\n");
    Ok(1)
}

fn preference(kind: OutputKind, example: &Example, out: &mut String) -> Result<u64, Left> {
    let (chosen, rejected) = pair(example)?;
    out.push_str("{\"prompt\":");
    messages(&example.prompt, out);
    out.push_str(",\"chosen\":[");
    assistant(kind, chosen, out);
    out.push_str("],\"rejected\":[");
    assistant(kind, rejected, out);
    out.push(']');
    tools(example, out);
    out.push_str("}\n");
    Ok(1)
}

fn kto(kind: OutputKind, example: &Example, out: &mut String) -> Result<u64, Left> {
    let output = example.output.as_ref();
    let rows: [Option<(&JsonText, bool)>; 2] = match example.verdict {
        Verdict::Confirmed => [output.map(|o| (o, true)), None],
        Verdict::Corrected => {
            [output.map(|o| (o, false)), example.label.as_ref().map(|label| (label, true))]
        }
        Verdict::Rejected => [output.map(|o| (o, false)), None],
        Verdict::Escalated => return Err(ESCALATED),
    };
    let mut written = 0;
    for (completion, is_good) in rows.into_iter().flatten() {
        out.push_str("{\"prompt\":");
        messages(&example.prompt, out);
        out.push_str(",\"completion\":[");
        assistant(kind, completion, out);
        out.push_str("],\"label\":");
        out.push_str(if is_good { "true" } else { "false" });
        tools(example, out);
        out.push_str("}\n");
        written += 1;
    }
    if written == 0 { Err(NO_OUTPUT) } else { Ok(written) }
}

fn openai_chat(kind: OutputKind, example: &Example, out: &mut String) -> Result<u64, Left> {
    let right = right(example)?;
    out.push_str("{\"messages\":");
    messages(&example.prompt, out);
    // The answer is one more message of the same list.
    let end = out.rfind(']').unwrap_or(out.len());
    out.truncate(end);
    out.push(',');
    assistant(kind, right, out);
    out.push(']');
    tools(example, out);
    out.push_str("}\n");
    Ok(1)
}

fn openai_preference(kind: OutputKind, example: &Example, out: &mut String) -> Result<u64, Left> {
    let (chosen, rejected) = pair(example)?;
    out.push_str("{\"input\":{\"messages\":");
    messages(&example.prompt, out);
    tools(example, out);
    out.push_str("},\"preferred_output\":[");
    assistant(kind, chosen, out);
    out.push_str("],\"non_preferred_output\":[");
    assistant(kind, rejected, out);
    out.push_str("]}\n");
    Ok(1)
}

fn classification(labels: &Labels, example: &Example, out: &mut String) -> Result<u64, Left> {
    let label = match example.verdict {
        Verdict::Escalated => labels.out_of_scope.clone().ok_or(ESCALATED)?,
        _ => right(example)?.plain(),
    };
    let place = labels.places.get(&label).ok_or(NOT_A_LABEL)?;
    out.push_str("{\"text\":");
    string(&example.prompt.question(), out);
    out.push_str(",\"label\":");
    string(&label, out);
    out.push_str(",\"label_id\":");
    out.push_str(&place.to_string());
    out.push_str(",\"predicted\":");
    out.push_str(example.output.as_ref().map_or("null", JsonText::as_str));
    out.push_str("}\n");
    Ok(1)
}

/// The right output.
pub(super) fn right(example: &Example) -> Result<&JsonText, Left> {
    match example.verdict {
        Verdict::Confirmed => example.output.as_ref().ok_or(NO_OUTPUT),
        Verdict::Corrected => example.label.as_ref().ok_or(NO_RIGHT_ANSWER),
        Verdict::Rejected => example.label.as_ref().ok_or(NO_RIGHT_ANSWER),
        Verdict::Escalated => Err(ESCALATED),
    }
}

/// The right output and the wrong one.
fn pair(example: &Example) -> Result<(&JsonText, &JsonText), Left> {
    if example.verdict == Verdict::Confirmed {
        return Err(NOT_AN_OVERRIDE);
    }
    let right = right(example)?;
    Ok((right, example.output.as_ref().ok_or(NO_OUTPUT)?))
}

/// The input as a list of messages.
pub(super) fn messages(prompt: &JsonText, out: &mut String) {
    if prompt.as_str().starts_with('[') {
        out.push_str(prompt.as_str());
    } else {
        out.push_str("[{\"role\":\"user\",\"content\":");
        out.push_str(prompt.as_str());
        out.push_str("}]");
    }
}

/// An output as the assistant's message.
fn assistant(kind: OutputKind, output: &JsonText, out: &mut String) {
    if kind == OutputKind::Message {
        out.push_str(output.as_str());
        return;
    }
    out.push_str("{\"role\":\"assistant\",\"content\":");
    text(kind, output, out);
    out.push('}');
}

/// An output as a JSON string: a text as it is, JSON as its text.
pub(super) fn text(kind: OutputKind, output: &JsonText, out: &mut String) {
    match kind {
        OutputKind::Text | OutputKind::Label => out.push_str(output.as_str()),
        OutputKind::Json | OutputKind::Message => string(output.as_str(), out),
    }
}

pub(super) fn string(text: &str, out: &mut String) {
    out.push_str(JsonText::string(text).as_str());
}

fn tools(example: &Example, out: &mut String) {
    if let Some(tools) = example.tools.as_ref().filter(|_| example.has_tools()) {
        out.push_str(",\"tools\":");
        out.push_str(tools.as_str());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::agents::Environment;
    use crate::exports::queries::start;
    use crate::feedback::model::Severity;
    use crate::signals::model::SignalId;
    use serde_json::{Value, json};

    fn example(verdict: Verdict, output: Option<Value>, label: Option<Value>) -> Example {
        Example {
            signal_id: SignalId(uuid::Uuid::nil()),
            at: start(),
            verdict,
            category: None,
            severity: Severity::Medium,
            environment: Environment::Production,
            version: "v1".into(),
            prompt: JsonText::string("Which queue?"),
            tools: None,
            output: output.as_ref().map(JsonText::value),
            label: label.as_ref().map(JsonText::value),
        }
    }

    fn rows(format: Format, kind: OutputKind, example: &Example) -> Result<Vec<Value>, Left> {
        let labels = Labels {
            places: [("billing".to_owned(), 0), ("other".to_owned(), 1)].into(),
            out_of_scope: Some("other".into()),
        };
        let mut out = String::new();
        let count = write(format, "router", kind, &labels, example, &mut out)?;
        let rows: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(rows.len() as u64, count);
        Ok(rows)
    }

    #[test]
    fn each_verdict_gives_what_the_format_can_use() {
        let text = OutputKind::Text;
        let right = example(Verdict::Confirmed, Some(json!("a")), Some(json!("a")));
        let fixed = example(Verdict::Corrected, Some(json!("a")), Some(json!("b")));
        let wrong = example(Verdict::Rejected, Some(json!("a")), None);
        let asked = example(Verdict::Escalated, Some(json!("a")), None);
        let user = json!([{"role": "user", "content": "Which queue?"}]);
        let says = |text: &str| json!([{"role": "assistant", "content": text}]);

        let sft = |e| rows(Format::Sft, text, e);
        assert_eq!(sft(&right).unwrap(), [json!({"prompt": user, "completion": says("a")})]);
        assert_eq!(sft(&fixed).unwrap(), [json!({"prompt": user, "completion": says("b")})]);
        assert_eq!(sft(&wrong), Err(NO_RIGHT_ANSWER));
        assert_eq!(sft(&asked), Err(ESCALATED));

        let pair = |e| rows(Format::Preference, text, e);
        let made = json!({"prompt": user, "chosen": says("b"), "rejected": says("a")});
        assert_eq!(pair(&fixed).unwrap(), [made]);
        assert_eq!(pair(&right), Err(NOT_AN_OVERRIDE));

        let kto = |e| {
            rows(Format::Kto, text, e).map(|rows| {
                rows.iter()
                    .map(|r| (r["completion"][0]["content"].clone(), r["label"].clone()))
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(kto(&right).unwrap(), [(json!("a"), json!(true))]);
        assert_eq!(kto(&fixed).unwrap(), [(json!("a"), json!(false)), (json!("b"), json!(true))]);
        assert_eq!(kto(&wrong).unwrap(), [(json!("a"), json!(false))]);
        assert_eq!(kto(&asked), Err(ESCALATED));

        let chat = rows(Format::OpenaiChat, text, &fixed).unwrap();
        assert_eq!(chat[0]["messages"], json!([user[0], says("b")[0]]));
        let preference = rows(Format::OpenaiPreference, text, &fixed).unwrap();
        assert_eq!(preference[0]["preferred_output"], says("b"));
        assert_eq!(preference[0]["non_preferred_output"], says("a"));
    }

    #[test]
    fn a_label_has_its_place_in_the_list() {
        let fixed = example(Verdict::Corrected, Some(json!("other")), Some(json!("billing")));
        let made = rows(Format::Classification, OutputKind::Label, &fixed).unwrap();
        let wanted = json!({
            "text": "Which queue?", "label": "billing", "label_id": 0, "predicted": "other",
        });
        assert_eq!(made, [wanted]);
        let asked = example(Verdict::Escalated, Some(json!("billing")), None);
        let made = rows(Format::Classification, OutputKind::Label, &asked).unwrap();
        assert_eq!(made[0]["label"], "other");
        let stray = example(Verdict::Corrected, Some(json!("other")), Some(json!("nope")));
        assert_eq!(rows(Format::Classification, OutputKind::Label, &stray), Err(NOT_A_LABEL));
    }

    #[test]
    fn json_is_a_text_in_a_message_and_spelled_as_it_was_sent() {
        let mut fixed = example(Verdict::Corrected, None, None);
        fixed.output = Some(JsonText::parse("{\"b\": 1.0}").unwrap());
        fixed.label = Some(JsonText::parse("{\"b\": 1e3, \"a\": 2}").unwrap());
        let made = rows(Format::Sft, OutputKind::Json, &fixed).unwrap();
        assert_eq!(made[0]["completion"][0]["content"], "{\"b\": 1e3, \"a\": 2}");
        let made = rows(Format::Eval, OutputKind::Json, &fixed).unwrap();
        assert_eq!(made[0]["target"], "{\"b\": 1e3, \"a\": 2}");
    }

    #[test]
    fn messages_and_tools_go_through() {
        let call = json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
        let mut right = example(Verdict::Confirmed, Some(call.clone()), Some(call.clone()));
        right.tools = Some(JsonText::value(&json!([{"type": "function"}])));
        right.prompt = JsonText::value(&json!([{"role": "user", "content": "go"}]));
        let made = rows(Format::Sft, OutputKind::Message, &right).unwrap();
        assert_eq!(made[0]["completion"], json!([call]));
        assert_eq!(made[0]["tools"], json!([{"type": "function"}]));
        right.tools = Some(JsonText::parse("[ ]").unwrap());
        assert!(rows(Format::Sft, OutputKind::Message, &right).unwrap()[0].get("tools").is_none());
    }
}
