//! Redaction by named rules. What a rule finds becomes a placeholder that follows from the text and
//! the release's key: the same address is the same placeholder everywhere in a release, and tells
//! nothing in another. Patterns run in linear time, whatever is given to them.

mod find;
mod json;

use crate::db::Hash;
use crate::error::Mistakes;
use find::Find;
use regex::{Regex, RegexBuilder};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

/// The rules that come with the program, and what each finds.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("email", "mail addresses"),
    ("iban", "IBANs with a right checksum"),
    ("card", "card numbers with a right checksum"),
    ("ip", "IP addresses"),
    ("phone", "phone numbers as they are written for people"),
];

/// How large a pattern of one's own may become once it is compiled.
const MOST_COMPILED: usize = 1 << 20;
const MOST_PATTERNS: usize = 20;
const MOST_PATTERN: usize = 1_000;

/// How often each rule found something.
pub type Report = BTreeMap<String, u64>;

/// The rules of one release.
pub struct Redactor {
    rules: Vec<Rule>,
    key: [u8; 32],
}

struct Rule {
    name: String,
    /// What placeholders start with.
    tag: String,
    find: Find,
}

/// A placeholder is left alone by every rule.
#[allow(clippy::expect_used)] // A constant, compiled by the tests.
static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[[A-Z0-9_]{1,40}-[a-z]{10}\]").expect("it compiles"));

impl Redactor {
    /// The rules that `names` name: those that come with the program, and `patterns`. Patterns run
    /// first, so that what they find is not broken by others.
    pub fn new(
        names: &[String],
        patterns: &BTreeMap<String, String>,
        key: &[u8; 32],
    ) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let mut rules = own(names, patterns, &mut mistakes);
        for (n, name) in names.iter().enumerate() {
            let is_known = BUILT_IN.iter().any(|(known, _)| known == name);
            if !is_known && !patterns.contains_key(name) {
                let known: Vec<&str> = BUILT_IN.iter().map(|(known, _)| *known).collect();
                let known = known.join(", ");
                let why = format!("`{name}` is no rule: there are {known}, and your `patterns`");
                mistakes.add(format!("/redact/{n}"), why);
            }
        }
        for (name, _) in BUILT_IN {
            if names.iter().any(|asked| asked == name)
                && let Some(find) = Find::built_in(name)
            {
                rules.push(Rule { name: (*name).into(), tag: name.to_uppercase(), find });
            }
        }
        mistakes.or(Self { rules, key: *key })
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The text with placeholders. Doing it twice changes nothing more.
    pub fn text<'t>(&self, text: &'t str, report: &mut Report) -> Cow<'t, str> {
        self.with(text, report, &|_| true)
    }

    /// By the rules that come with the program only: for the names of fields.
    fn name<'t>(&self, text: &'t str, report: &mut Report) -> Cow<'t, str> {
        self.with(text, report, &|rule| !matches!(rule.find, Find::Own(_)))
    }

    fn with<'t>(
        &self,
        text: &'t str,
        report: &mut Report,
        takes: &dyn Fn(&Rule) -> bool,
    ) -> Cow<'t, str> {
        let mut now = Cow::Borrowed(text);
        loop {
            let mut has_changed = false;
            for rule in self.rules.iter().filter(|rule| takes(rule)) {
                if let Some(changed) = self.apply(rule, &now, report) {
                    now = Cow::Owned(changed);
                    has_changed = true;
                }
            }
            // Each round leaves fewer letters outside placeholders, so there is a last one.
            if !has_changed {
                return now;
            }
        }
    }

    fn apply(&self, rule: &Rule, text: &str, report: &mut Report) -> Option<String> {
        let found = rule.find.all(text);
        if found.is_empty() {
            return None;
        }
        let kept: Vec<Range<usize>> = match text.contains('[') {
            true => PLACEHOLDER.find_iter(text).map(|found| found.range()).collect(),
            false => Vec::new(),
        };
        let (mut out, mut end) = (String::with_capacity(text.len()), 0);
        for range in found {
            let range = widened(range, &kept);
            if range.start < end || is_all_kept(&range, &kept) {
                continue;
            }
            out.push_str(&text[end..range.start]);
            out.push_str(&self.placeholder(&rule.tag, &text[range.clone()]));
            *report.entry(rule.name.clone()).or_default() += 1;
            end = range.end;
        }
        if end == 0 {
            return None;
        }
        out.push_str(&text[end..]);
        Some(out)
    }

    /// `[EMAIL-qwhjzlbvka]`: letters only, so that no other rule finds anything in it.
    fn placeholder(&self, tag: &str, text: &str) -> String {
        let hash = Hash::of(&[&self.key, tag.as_bytes(), text.as_bytes()]);
        let letters = hash.0.iter().take(10).map(|byte| char::from(b'a' + byte % 26));
        format!("[{tag}-{}]", letters.collect::<String>())
    }
}

/// Rules of one's own.
fn own(
    names: &[String],
    patterns: &BTreeMap<String, String>,
    mistakes: &mut Mistakes,
) -> Vec<Rule> {
    if patterns.len() > MOST_PATTERNS {
        mistakes.add("/patterns", format!("has {MOST_PATTERNS} patterns at most"));
    }
    let mut rules = Vec::new();
    for (name, pattern) in patterns {
        let field = format!("/patterns/{name}");
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > 40 || !name.chars().all(is_name) {
            mistakes.add(&field, "a rule's name is 1 to 40 of a-z, 0-9 and “_”");
        } else if BUILT_IN.iter().any(|(known, _)| known == name) {
            mistakes.add(&field, "is the name of a rule that is there already");
        } else if !names.contains(name) {
            mistakes.add(&field, "is not used: name it in `redact`, too");
        } else if pattern.len() > MOST_PATTERN {
            mistakes.add(&field, format!("has {MOST_PATTERN} bytes at most"));
        } else {
            match RegexBuilder::new(pattern).size_limit(MOST_COMPILED).build() {
                Err(error) => mistakes.add(&field, no_pattern(&error)),
                Ok(regex) if regex.is_match("") => {
                    mistakes
                        .add(&field, "finds nothing at all everywhere; make it ask for a letter");
                }
                Ok(regex) => rules.push(Rule {
                    name: name.clone(),
                    tag: name.to_uppercase(),
                    find: Find::Own(regex),
                }),
            }
        }
    }
    rules
}

fn no_pattern(error: &regex::Error) -> String {
    let why = error.to_string();
    format!("is no regular expression: {}", why.lines().last().unwrap_or_default().trim())
}

/// A find that cuts a placeholder takes all of it.
fn widened(range: Range<usize>, kept: &[Range<usize>]) -> Range<usize> {
    let (mut start, mut end) = (range.start, range.end);
    for each in kept.iter().filter(|each| each.start < range.end && range.start < each.end) {
        start = start.min(each.start);
        end = end.max(each.end);
    }
    start..end
}

/// Whether there is nothing outside placeholders in it.
fn is_all_kept(range: &Range<usize>, kept: &[Range<usize>]) -> bool {
    let inside = kept.iter().filter(|each| range.start <= each.start && each.end <= range.end);
    inside.map(ExactSizeIterator::len).sum::<usize>() == range.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
