//! Forms are turned into true values or into mistakes at their fields.

use super::*;
use crate::agents::OutputKind;
use serde_json::json;

fn about(kind: OutputKind, output: serde_json::Value) -> About {
    About {
        kind,
        output: Some(JsonText::value(&output)),
        labels: vec!["billing".into(), "delivery".into()],
        json_schema: Some(
            r#"{"type": "object", "properties": {"total": {"type": "number"}}}"#.into(),
        ),
    }
}

fn sent(verdict: &str, correction: &str) -> FeedbackForm {
    FeedbackForm { verdict: verdict.into(), correction: correction.into(), ..Default::default() }
}

fn check(about: &About, form: &FeedbackForm) -> Result<Draft, Mistakes> {
    form.check(about, uuid::Uuid::nil())
}

#[test]
fn a_correction_counts_only_where_it_was_chosen() {
    let about = about(OutputKind::Text, json!("yes"));
    let rejected = check(&about, &sent("rejected", "no")).unwrap();
    assert_eq!((rejected.verdict, rejected.correction), (Verdict::Rejected, None));
    let corrected = check(&about, &sent("corrected", "no")).unwrap();
    assert_eq!(corrected.correction, Some(JsonText::string("no")));
    assert!(!check(&about, &sent("", "no")).unwrap_err().of("verdict").is_empty());
    assert!(!check(&about, &sent("corrected", " ")).unwrap_err().of("correction").is_empty());
}

#[test]
fn what_the_agent_said_already_is_no_correction() {
    let text = about(OutputKind::Text, json!("one\r\ntwo"));
    assert_eq!(check(&text, &sent("corrected", "one\ntwo")).unwrap_err().0[0].field, "correction");
    let json = about(OutputKind::Json, json!({"total": 1, "of": "x"}));
    let (start, _) = json.start();
    assert!(check(&json, &sent("corrected", &start)).is_err());
    assert!(check(&json, &sent("corrected", r#"{"of": "x", "total": 1.0}"#)).is_err());
    assert!(check(&json, &sent("corrected", r#"{"of": "x", "total": 2}"#)).is_ok());
}

#[test]
fn a_label_is_one_of_the_list() {
    let about = about(OutputKind::Label, json!("billing"));
    let why = check(&about, &sent("corrected", "delivry")).unwrap_err();
    assert_eq!(why.of("correction"), "There is no label “delivry”. Did you mean “delivery”?");
    let right = check(&about, &sent("corrected", " delivery ")).unwrap();
    assert_eq!(right.correction, Some(JsonText::string("delivery")));
    assert_eq!(about.start(), (String::new(), String::new()));
}

#[test]
fn broken_json_is_said_with_its_line() {
    let about = about(OutputKind::Json, json!({"total": 1}));
    let why = check(&about, &sent("corrected", "{\n  \"total\": 1,\n}")).unwrap_err();
    assert!(why.of("correction").starts_with("Line 3, character 1"), "{}", why.of("correction"));
    let why = check(&about, &sent("corrected", "{\n  \"total\": \"1\"\n}")).unwrap_err();
    assert!(why.of("correction").starts_with("Line 2: "), "{}", why.of("correction"));
    let kept = check(&about, &sent("corrected", "{\"total\": 1e3}\n")).unwrap();
    assert_eq!(kept.correction.unwrap().as_str(), "{\"total\": 1e3}");
}

#[test]
fn a_message_keeps_what_was_not_touched() {
    let call = json!([{"id": "1", "type": "function",
        "function": {"name": "book", "arguments": "{\"days\": 3}"}}]);
    let own = json!({"role": "assistant", "content": "Booked.", "refusal": null,
        "tool_calls": call});
    let about = about(OutputKind::Message, own);
    let (text, calls) = about.start();
    assert_eq!(text, "Booked.");
    let form = |text: &str, calls: &str| FeedbackForm {
        tool_calls: calls.into(),
        ..sent("corrected", text)
    };
    assert!(check(&about, &form(&text, &calls)).is_err());
    let changed = check(&about, &form("Not booked.", "")).unwrap().correction.unwrap();
    assert_eq!(
        changed.to_value(),
        json!({"role": "assistant", "content": "Not booked.", "refusal": null})
    );
    let calls = calls.replace('3', "5");
    let changed = check(&about, &form("Booked.", &calls)).unwrap().correction.unwrap();
    assert_eq!(changed.to_value()["content"], "Booked.");
    assert!(changed.as_str().contains("days\\\": 5"), "{}", changed.as_str());
    assert_eq!(check(&about, &form("x", "{")).unwrap_err().0[0].field, "tool_calls");
    let whole = r#"{"role": "assistant", "content": "No."}"#;
    assert_eq!(check(&about, &form(whole, "")).unwrap().correction.unwrap().as_str(), whole);
}

#[test]
fn the_same_form_twice_is_one_feedback_and_a_changed_one_is_another() {
    let about = about(OutputKind::Text, json!("yes"));
    let form = FeedbackForm { nonce: "n".into(), ..sent("corrected", "no") };
    let key = |form: &FeedbackForm, by| form.check(&about, by).unwrap().dedup_key;
    let (ada, ben) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
    assert_eq!(key(&form, ada), key(&form.clone(), ada));
    assert_ne!(key(&form, ada), key(&form, ben));
    assert_ne!(key(&form, ada), key(&FeedbackForm { comment: "x".into(), ..form.clone() }, ada));
}

#[test]
fn a_comment_that_is_too_long_says_how_long_it_is() {
    let form = FeedbackForm { comment: "ä".repeat(5_001), ..sent("rejected", "") };
    let why = check(&about(OutputKind::Text, json!("yes")), &form).unwrap_err();
    assert!(why.of("comment").starts_with("It has 5,001 characters"), "{}", why.of("comment"));
}

fn report(what: &str, verdict: &str) -> ReportForm {
    ReportForm {
        agent: "router/support".into(),
        what: what.into(),
        verdict: verdict.into(),
        nonce: "n".into(),
        ..ReportForm::default()
    }
}

#[test]
fn a_report_becomes_a_line() {
    let about = about(OutputKind::Json, json!(null));
    let form = ReportForm {
        question: "What does it cost?".into(),
        answer: "{\"total\": 1.0}".into(),
        correction: "{\"total\": 1e3}".into(),
        ..report("wrong", "corrected")
    };
    let line = form.check(Some(&about), "ada@example.com").unwrap();
    assert_eq!((line.agent.as_str(), line.team.as_deref()), ("router", Some("support")));
    assert_eq!(line.output.unwrap().as_str(), "{\"total\": 1.0}");
    let draft = line.feedback[0].as_ref().unwrap();
    assert_eq!(draft.correction.as_ref().unwrap().as_str(), "{\"total\": 1e3}");
    let missing = ReportForm { question: "And now?".into(), ..report("missing", "rejected") };
    let line = missing.check(Some(&about), "ada@example.com").unwrap();
    assert_eq!(line.error.as_deref(), Some("The agent gave no answer."));
}

#[test]
fn a_report_says_what_is_missing_in_it() {
    let about = about(OutputKind::Label, json!(null));
    let why = report("wrong", "").check(None, "ada@example.com").unwrap_err();
    for field in ["agent", "question", "answer", "verdict"] {
        assert!(!why.of(field).is_empty(), "{field}");
    }
    let why = report("problem", "rejected").check(Some(&about), "a@example.com").unwrap_err();
    assert!(!why.of("comment").is_empty());
    let form = ReportForm {
        question: "q".into(),
        answer: "nonsense".into(),
        ..report("wrong", "rejected")
    };
    let why = form.check(Some(&about), "a@example.com").unwrap_err();
    assert!(!why.of("answer").is_empty());
}
