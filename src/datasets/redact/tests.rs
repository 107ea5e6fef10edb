//! What is found, what isn't, and the laws of redaction.

use super::*;
use crate::interactions::JsonText;
use proptest::prelude::*;
use serde_json::{Value, json};

fn all() -> Redactor {
    with(&[])
}

fn with(patterns: &[(&str, &str)]) -> Redactor {
    let own: BTreeMap<String, String> =
        patterns.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let names = BUILT_IN.iter().map(|(name, _)| *name).chain(patterns.iter().map(|(n, _)| *n));
    let names: Vec<String> = names.map(str::to_owned).collect();
    Redactor::new(&names, &own, &[7; 32]).unwrap()
}

/// The rule's tag in place of each placeholder.
fn redacted(text: &str) -> String {
    let out = all().text(text, &mut Report::new()).into_owned();
    PLACEHOLDER
        .replace_all(&out, |found: &regex::Captures<'_>| {
            let tag = found[0].trim_start_matches('[').split('-').next().unwrap().to_owned();
            format!("<{tag}>")
        })
        .into_owned()
}

#[test]
fn what_identifies_somebody_is_found() {
    for (text, wanted) in [
        ("write to ana.b+c@mail.example.com, please", "write to <EMAIL>, please"),
        ("an jürgen@müller.de.", "an <EMAIL>."),
        ("call +49 170 1234567 or (0221) 99887-66", "call <PHONE> or <PHONE>"),
        ("0049 (170) 123 45 67", "<PHONE>"),
        ("212-555-0187!", "<PHONE>!"),
        ("card 4111 1111 1111 1111 exp 12/27", "card <CARD> exp 12/27"),
        ("order 12 4111-1111-1111-1111", "order 12 <CARD>"),
        ("5500005555555559", "<CARD>"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN <IBAN> please"),
        ("gb82west12345698765432", "<IBAN>"),
        ("from 10.0.0.255 and 2001:db8::ff00:42:8329.", "from <IP> and <IP>."),
        ("[::1]:80", "[<IP>]:80"),
    ] {
        assert_eq!(redacted(text), wanted, "{text}");
    }
}

#[test]
fn what_only_looks_like_it_stays() {
    for text in [
        "an @mention and a@b",
        "4111 1111 1111 1112 has a wrong checksum",
        "FR14 2004 1010 0505 0001 3M02 607 has one, too",
        "on 2026-11-24 at 12:30:45, or 01/02/2026",
        "version 1.2.3.4.5 and 300.1.1.1",
        "std::net::IpAddr a::b",
        "order 1234567",
        "0000 0000 0000 0000",
        "",
    ] {
        assert_eq!(redacted(text), text);
    }
}

#[test]
fn the_same_text_is_the_same_placeholder_in_one_release_only() {
    let text = "a@b.de, c@b.de, a@b.de";
    let mut report = Report::new();
    let out = all().text(text, &mut report).into_owned();
    let parts: Vec<&str> = out.split(", ").collect();
    assert_eq!(parts[0], parts[2]);
    assert_ne!(parts[0], parts[1]);
    assert_eq!(report, Report::from([("email".to_owned(), 3)]));
    let other = Redactor::new(&["email".into()], &BTreeMap::new(), &[8; 32]).unwrap();
    assert_ne!(other.text(text, &mut Report::new()), out);
}

#[test]
fn json_stays_json_and_keeps_its_spelling() {
    let sent = r#"[{"role":"user", "content":"I am \"a@b.de\"", "n": 1.0, "card": 4111111111111111,
        "tool_calls":[{"function":{"arguments":"{\"to\": \"a@b.de\", \"x\": 1e3}"}}],
        "c@d.de": [1,-2e-3,true,null]}]"#;
    let out = all().json(&JsonText::parse(sent).unwrap(), &mut Report::new());
    let value = out.to_value();
    assert!(!out.as_str().contains('@'), "{}", out.as_str());
    assert!(out.as_str().contains("\"n\": 1.0, "));
    assert_eq!(value[0]["role"], "user");
    assert!(value[0]["card"].as_str().unwrap().starts_with("[CARD-"));
    let inner = value[0]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    assert!(inner.ends_with("\", \"x\": 1e3}"), "{inner}");
    assert!(serde_json::from_str::<Value>(inner).is_ok());
    let plain = JsonText::value(&json!({"a": [1, 2.5, "x"]}));
    assert_eq!(all().json(&plain, &mut Report::new()), plain);
}

#[test]
fn a_pattern_of_ones_own_goes_first_and_swallows_what_stands_in_it() {
    let rules = with(&[("secret", "secret: .*")]);
    let out = rules.text("secret: hunter2 a@b.de\nrest", &mut Report::new()).into_owned();
    assert!(out.starts_with("[SECRET-") && out.ends_with("]\nrest"), "{out}");
}

#[test]
fn a_rule_that_cant_be_is_a_mistake_where_it_stands() {
    let wrong = |names: &[&str], own: &[(&str, &str)]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let own = own.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Redactor::new(&names, &own, &[0; 32]).err().unwrap().0.remove(0).field
    };
    assert_eq!(wrong(&["email", "shoe"], &[]), "/redact/1");
    for (own, text) in
        [("a", "("), ("a", "x*"), ("A", "x"), ("email", "x"), ("a", r"(\w{900}){900}")]
    {
        assert_eq!(wrong(&[own], &[(own, text)]), format!("/patterns/{own}"), "{text}");
    }
    assert_eq!(wrong(&[], &[("a", "x")]), "/patterns/a");
}

proptest! {
    #[test]
    fn doing_it_twice_changes_nothing_more(
        text in concat!(
            r#"([a-c@. \[\]+0-9:\-"{}\\]|DE89370400440532013000|a@b\.de|"#,
            r#"\[EMAIL-abcdefghij\]){0,40}"#,
        ),
        own in r"(\^|\\b|)[a-c0-9\[\]EMAIL@.-]{1,4}(\+|\$|\\b|)",
    ) {
        let own = regex::escape(&own[..own.len().min(2)]) + r"[a-c]+\b";
        let rules = with(&[("own", &own)]);
        let once = rules.text(&text, &mut Report::new()).into_owned();
        let mut report = Report::new();
        prop_assert_eq!(rules.text(&once, &mut report), once.as_str());
        prop_assert!(report.is_empty());
        let json = JsonText::string(&text);
        let once = rules.json(&json, &mut Report::new());
        prop_assert_eq!(rules.json(&once, &mut Report::new()), once);
    }

    #[test]
    fn no_address_and_no_card_is_left(
        before in "[ -~]{0,20}", name in "[a-z]{1,8}", host in "[a-z]{1,8}", digits in "[0-9]{15}",
    ) {
        let sum = |d: &str| d.bytes().rev().enumerate().map(|(n, b)| {
            let v = u32::from(b - b'0') * if n % 2 == 0 { 2 } else { 1 };
            if v > 9 { v - 9 } else { v }
        }).sum::<u32>();
        let card = format!("{digits}{}", (10 - sum(&digits) % 10) % 10);
        let text = format!("{before} {name}@{host}.com ({card})");
        let out = all().text(&text, &mut Report::new()).into_owned();
        prop_assert!(!out.contains(&format!("{name}@{host}")), "{}", out);
        prop_assert!(card.bytes().all(|b| b == b'0') || !out.contains(&card), "{}", out);
    }

    #[test]
    fn any_json_stays_json(
        text in r#"[a-z@.0-9\\"\u{0}-\u{1f}ä{}:,\[\] -]{0,30}"#, n in any::<f64>(),
    ) {
        let value = json!({"a": [text, n, {"arguments": json!({"x": text}).to_string()}]});
        let out = all().json(&JsonText::value(&value), &mut Report::new());
        let inner = out.to_value()["a"][2]["arguments"].as_str().map(str::to_owned).unwrap();
        prop_assert!(serde_json::from_str::<Value>(&inner).is_ok());
    }
}
