//! What each rule finds. Numbers with a checksum are only found where it is right.

use regex::Regex;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

/// How a rule looks for what it redacts.
pub(super) enum Find {
    Email,
    Iban,
    Card,
    Ip,
    Phone,
    /// A pattern of one's own.
    Own(Regex),
}

macro_rules! pattern {
    ($name:ident, $text:expr) => {
        #[allow(clippy::expect_used)] // A constant, compiled by the tests.
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("the pattern compiles"));
    };
}

pattern!(EMAIL, r"[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+");
pattern!(IBAN, r"(?i)\b[a-z]{2}[0-9]{2}(?:[ -]?[a-z0-9]){11,30}");
pattern!(CARD, r"[0-9](?:[ -]?[0-9]){12,40}");
pattern!(IP4, r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b");
pattern!(IP6, r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
pattern!(
    PHONE,
    concat!(
        r"(?:\+|\b00)[1-9](?:[ ().\-/]{0,2}[0-9]){6,14}\b",
        r"|\(?\b0[1-9][0-9]{1,3}\)?[ /-][0-9](?:[ /-]?[0-9]){4,9}\b",
        r"|\(?\b[2-9][0-9]{2}\)?[ .-][0-9]{3}[ .-][0-9]{4}\b",
    )
);

impl Find {
    /// The rule with this name that comes with the program.
    pub(super) fn built_in(name: &str) -> Option<Self> {
        Some(match name {
            "email" => Self::Email,
            "iban" => Self::Iban,
            "card" => Self::Card,
            "ip" => Self::Ip,
            "phone" => Self::Phone,
            _ => return None,
        })
    }

    /// Where it finds something, from the left, none inside another.
    pub(super) fn all(&self, text: &str) -> Vec<Range<usize>> {
        let simply = |regex: &Regex| regex.find_iter(text).map(|found| found.range()).collect();
        match self {
            Self::Email if !text.contains('@') => Vec::new(),
            Self::Email => simply(&EMAIL),
            Self::Phone => simply(&PHONE),
            Self::Own(regex) => {
                regex.find_iter(text).map(|found| found.range()).filter(|r| !r.is_empty()).collect()
            }
            Self::Card => grouped(text, &CARD, 13..=19, is_card),
            Self::Iban => grouped(text, &IBAN, 15..=34, is_iban),
            Self::Ip => addresses(text),
        }
    }
}

/// Numbers written in groups: in each run of them, the longest part between two edges of groups
/// that has a right length and passes the check.
fn grouped(
    text: &str,
    runs: &Regex,
    lengths: std::ops::RangeInclusive<usize>,
    is_right: fn(&str) -> bool,
) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(run) = runs.find_at(text, from) {
        from = match longest(run.as_str(), &lengths, is_right) {
            Some(part) => {
                let end = run.start() + part.end;
                found.push(run.start() + part.start..end);
                end
            }
            // The next may begin inside this one, at its next group.
            None => match run.as_str().find([' ', '-']) {
                Some(edge) => run.start() + edge + 1,
                None => run.end(),
            },
        };
    }
    found
}

fn longest(
    run: &str,
    lengths: &std::ops::RangeInclusive<usize>,
    is_right: fn(&str) -> bool,
) -> Option<Range<usize>> {
    let edges =
        |text: &str| -> Vec<usize> { text.match_indices([' ', '-']).map(|(at, _)| at).collect() };
    let breaks = edges(run);
    let starts = std::iter::once(0).chain(breaks.iter().map(|at| at + 1));
    for start in starts {
        let ends = std::iter::once(run.len()).chain(breaks.iter().rev().copied());
        for end in ends.take_while(|end| *end > start) {
            let plain: String = run[start..end].chars().filter(|c| !" -".contains(*c)).collect();
            if lengths.contains(&plain.len()) && is_right(&plain) {
                return Some(start..end);
            }
        }
    }
    None
}

/// Luhn's checksum. Zeros alone pass it and are no card.
fn is_card(digits: &str) -> bool {
    let mut sum = 0;
    for (place, digit) in digits.bytes().rev().enumerate() {
        let digit = u32::from(digit.wrapping_sub(b'0'));
        let doubled = if place % 2 == 1 { digit * 2 } else { digit };
        sum += if doubled > 9 { doubled - 9 } else { doubled };
    }
    sum > 0 && sum % 10 == 0 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// ISO 7064, modulus 97: letters are numbers from 10 on, the first four signs come last.
fn is_iban(text: &str) -> bool {
    let begins = text.bytes().take(4).enumerate().all(|(place, byte)| match place {
        0 | 1 => byte.is_ascii_alphabetic(),
        _ => byte.is_ascii_digit(),
    });
    let turned = text[4..].chars().chain(text[..4].chars());
    let rest = turned.filter_map(|sign| sign.to_digit(36)).fold(0_u32, |rest, value| {
        let shifted = if value > 9 { rest * 100 } else { rest * 10 };
        (shifted + value) % 97
    });
    begins && rest == 1
}

fn addresses(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    if text.contains('.') {
        let all = IP4.find_iter(text).filter(|each| {
            let before = text[..each.start()].ends_with('.');
            let mut after = text[each.end()..].chars();
            let goes_on = after.next() == Some('.') && after.next().is_some_and(char::is_numeric);
            !before && !goes_on && each.as_str().parse::<Ipv4Addr>().is_ok()
        });
        found.extend(all.map(|each| each.range()));
    }
    if text.contains(':') {
        for each in IP6.find_iter(text) {
            let part = each.as_str().trim_end_matches(['.', ':']);
            let part = if each.as_str().starts_with(part) && each.as_str()[part.len()..] == *"::" {
                each.as_str()
            } else {
                part
            };
            let is_alone = !text[..each.start()].ends_with(char::is_alphanumeric)
                && !text[each.end()..].starts_with(char::is_alphanumeric);
            let has_digit = part.bytes().any(|byte| byte.is_ascii_digit());
            if is_alone && has_digit && part.parse::<Ipv6Addr>().is_ok() {
                found.push(each.start()..each.start() + part.len());
            }
        }
        found.sort_by_key(|range| range.start);
    }
    found
}
