//! Who is named in a text: `@Ana Marques`, `@Ana` where the team has one Ana, or `@ana.marques`,
//! the part of an address before its `@`.

use crate::accounts::PersonId;
use std::collections::BTreeSet;

/// Somebody who can be named.
#[derive(Debug, Clone)]
pub struct Named {
    pub id: PersonId,
    pub name: String,
    pub address: Option<String>,
}

/// What is wrong with a name: several people bear it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguous {
    /// As it was written.
    pub name: String,
    /// Those who could be meant.
    pub people: Vec<String>,
}

/// No name is longer than this.
const LONGEST: usize = 300;

/// The people of `team` that a text names. What follows an `@` and is nobody's name is left alone:
/// it may be an address, or a handle of somewhere else.
pub fn find(text: &str, team: &[Named]) -> Result<BTreeSet<PersonId>, Ambiguous> {
    let spelled: Vec<Spelled> = team.iter().map(Spelled::of).collect();
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices('@') {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '.' | '-')) {
            continue;
        }
        let rest: String = text[at + 1..].chars().take(LONGEST).collect();
        found.extend(named(&rest.to_lowercase(), &spelled)?);
    }
    Ok(found)
}

/// A person with what they are called, in lower case.
struct Spelled<'a> {
    person: &'a Named,
    /// Their whole name, and the account in their address: nobody else's first name.
    whole: [String; 2],
    first: String,
}

impl<'a> Spelled<'a> {
    fn of(person: &'a Named) -> Self {
        let name = person.name.trim().to_lowercase();
        let first = name.split_whitespace().next().unwrap_or_default().to_owned();
        let address = person.address.as_deref().unwrap_or_default();
        let account = address.split('@').next().unwrap_or_default().to_lowercase();
        Self { person, whole: [name, account], first }
    }

    /// How much of a text is this person's name, and whether it is a whole one.
    fn fits(&self, rest: &str) -> Option<(usize, bool)> {
        let whole = self.whole.iter().map(|name| (name, true));
        let all = whole.chain([(&self.first, false)]);
        let fitting = all.filter(|(name, _)| !name.is_empty() && begins(rest, name));
        fitting.map(|(name, is_whole)| (name.len(), is_whole)).max()
    }
}

/// Who is named at the beginning of a text in lower case, by the longest name that fits.
fn named(rest: &str, team: &[Spelled<'_>]) -> Result<Option<PersonId>, Ambiguous> {
    let mut best = (0, false);
    let mut fitting: Vec<&Named> = Vec::new();
    for spelled in team {
        match spelled.fits(rest) {
            Some(fit) if fit > best => (best, fitting) = (fit, vec![spelled.person]),
            Some(fit) if fit == best => fitting.push(spelled.person),
            _ => {}
        }
    }
    match fitting.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.id)),
        many => Err(Ambiguous {
            name: rest[..best.0].to_owned(),
            people: many.iter().map(|person| person.name.clone()).collect(),
        }),
    }
}

/// Whether a text begins with a name, which then ends.
fn begins(text: &str, name: &str) -> bool {
    let Some(after) = text.strip_prefix(name) else { return false };
    // A full stop may end the sentence, or go on with an account such as `ana.marques`.
    let mut after = after.chars();
    match after.next() {
        Some('.' | '-' | '_') => after.next().is_none_or(|letter| !letter.is_alphanumeric()),
        Some(letter) => !letter.is_alphanumeric(),
        None => true,
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    fn team() -> Vec<Named> {
        let person = |name: &str, address: &str| Named {
            id: PersonId::new(),
            name: name.to_owned(),
            address: Some(address.to_owned()),
        };
        vec![
            person("Ana Marques", "ana.marques@example.com"),
            person("Ana", "ana@example.com"),
            person("Ben Ó Briain", "ben@example.com"),
            person("Cleo", "cleo@example.com"),
            person("Cleo Diaz", "cdiaz@example.com"),
            person("Dan Li", "dli@example.com"),
            person("Dan Wu", "dwu@example.com"),
        ]
    }

    fn names(text: &str) -> Vec<String> {
        let team = team();
        let found = find(text, &team).expect("nobody is meant twice");
        team.iter().filter(|one| found.contains(&one.id)).map(|one| one.name.clone()).collect()
    }

    #[test]
    fn people_are_named_by_name_by_first_name_or_by_account() {
        assert_eq!(names("@ben knows, @Cleo Diaz too."), ["Ben Ó Briain", "Cleo Diaz"]);
        assert_eq!(names("Ask (@BEN Ó BRIAIN)"), ["Ben Ó Briain"]);
        assert_eq!(names("thanks @ana.marques."), ["Ana Marques"]);
        assert_eq!(names("@Ana: and @cleo!"), ["Ana", "Cleo"], "a whole name comes first");
        assert_eq!(names("@dli and @Dan Wu"), ["Dan Li", "Dan Wu"]);
        assert!(names("ben@example.com, @benno, @nobody, @ @@").is_empty());
    }

    #[test]
    fn a_name_that_two_bear_is_asked_about() {
        let said = find("@dan: what do you think?", &team());
        let people = vec!["Dan Li".to_owned(), "Dan Wu".to_owned()];
        assert_eq!(said, Err(Ambiguous { name: "dan".to_owned(), people }));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,80}") {
            let _ = find(&text, &team());
        }
    }
}
