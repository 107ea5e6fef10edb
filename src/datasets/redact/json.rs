//! Redaction inside JSON as it was sent: the texts in it are redacted, all else keeps its spelling,
//! and it stays JSON.

use super::{Redactor, Report};
use crate::interactions::JsonText;
use std::borrow::Cow;

/// Values that give a message its structure.
const STRUCTURE: [&str; 2] = ["role", "type"];

impl Redactor {
    /// Every text in it redacted: strings, JSON inside strings, names of fields, and numbers that a
    /// rule takes for something else, which become strings.
    pub fn json(&self, json: &JsonText, report: &mut Report) -> JsonText {
        match self.is_empty() {
            true => json.clone(),
            false => JsonText::parse(self.walk(json.as_str(), report))
                .unwrap_or_else(|_| JsonText::string("")),
        }
    }

    fn walk(&self, json: &str, report: &mut Report) -> String {
        let mut out = String::with_capacity(json.len());
        let (mut at, mut field) = (0, String::new());
        while at < json.len() {
            let rest = &json[at..];
            let length = match rest.as_bytes()[0] {
                b'"' => string_length(rest),
                b'-' | b'0'..=b'9' => rest.find(is_no_number).unwrap_or(rest.len()),
                // Anything else is a sign or a word of ASCII, or white space.
                _ => rest
                    .find(['"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
                    .unwrap_or(rest.len()),
            };
            let (token, after) = rest.split_at(length);
            at += length;
            match token.as_bytes()[0] {
                b'"' if after.trim_start().starts_with(':') => {
                    field = serde_json::from_str(token).unwrap_or_default();
                    out.push_str(&self.token(token, report, true));
                }
                b'"' if STRUCTURE.contains(&field.as_str()) => out.push_str(token),
                b'"' => out.push_str(&self.token(token, report, false)),
                b'-' | b'0'..=b'9' => match self.text(token, report) {
                    Cow::Borrowed(same) => out.push_str(same),
                    Cow::Owned(changed) => out.push_str(JsonText::string(&changed).as_str()),
                },
                _ => out.push_str(token),
            }
        }
        out
    }

    /// A string with its quotes.
    fn token<'t>(&self, token: &'t str, report: &mut Report, is_name: bool) -> Cow<'t, str> {
        let Ok(text) = serde_json::from_str::<String>(token) else { return Cow::Borrowed(token) };
        let start = text.trim_start();
        let is_json = start.starts_with(['{', '['])
            && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        let redacted = match (is_name, is_json) {
            (true, _) => self.name(&text, report),
            // Arguments of tools are JSON in a string, and must stay so.
            (false, true) => Cow::Owned(self.walk(&text, report)),
            (false, false) => self.text(&text, report),
        };
        if redacted == text {
            return Cow::Borrowed(token);
        }
        Cow::Owned(JsonText::string(&redacted).as_str().to_owned())
    }
}

fn is_no_number(sign: char) -> bool {
    !matches!(sign, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')
}

/// The bytes of the string that `json` starts with, both quotes counted.
fn string_length(json: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}
