//! What a provider says of somebody, as far as it counts here.

use super::Refused;
use crate::accounts::actions::{MAX_NAME, breaks_lines, check_address};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Claims beside the standard ones: groups are under a name of the provider's choice.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Extra {
    #[serde(flatten)]
    all: BTreeMap<String, Value>,
}
impl openidconnect::AdditionalClaims for Extra {}

impl Extra {
    /// From when on the token counts (`nbf`), in seconds since 1970.
    pub(super) fn not_before(&self) -> Option<f64> {
        self.all.get("nbf")?.as_f64()
    }
}

/// Who somebody is at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    pub issuer: String,
    pub subject: String,
    /// A mail address as it is kept, if the provider gave one.
    pub address: Option<String>,
    /// Whether the address was shown to be theirs.
    pub is_verified: bool,
    /// What they are called, in one line; may be empty.
    pub name: String,
    pub groups: Vec<String>,
    /// The token itself, to sign out with.
    pub id_token: String,
}

/// What the token, and else the provider's page about the person, says.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub address: Option<String>,
    pub is_verified: Option<bool>,
    pub name: Option<String>,
    pub groups: Option<Vec<String>>,
}

impl Said {
    /// What is missing here and said there. Address and verification go together.
    pub(super) fn or(self, other: Self) -> Self {
        let (address, is_verified) = match self.address {
            Some(address) => (Some(address), self.is_verified),
            None => (other.address, other.is_verified),
        };
        let name = self.name.or(other.name);
        Self { address, is_verified, name, groups: self.groups.or(other.groups) }
    }
}

impl Extra {
    /// The names of groups under `claim`: a list of texts, or one text. None where it isn't there.
    pub(super) fn groups(&self, claim: &str) -> Option<Vec<String>> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match self.all.get(claim)? {
            Value::Array(all) => Some(all.iter().filter_map(text).collect()),
            one => Some(text(one).into_iter().collect()),
        }
    }
}

/// An address as it is kept: one that is none, or that would break a header, is as good as none.
pub(super) fn address(said: &Said) -> Option<String> {
    check_address("", said.address.as_deref()?).ok()
}

/// A name in one line, cut to what is kept.
pub(super) fn name(text: &str) -> String {
    let plain: String =
        text.chars().map(|letter| if breaks_lines(letter) { ' ' } else { letter }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    plain.chars().take(MAX_NAME).collect::<String>().trim().to_owned()
}

impl Proved {
    /// The address, where it is known to be theirs.
    pub fn verified_address(&self) -> Result<&str, Refused> {
        let address = self.address.as_deref().ok_or(Refused::NoAddress)?;
        if self.is_verified { Ok(address) } else { Err(Refused::Unverified) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_one_line() {
        assert_eq!(name(" Ada\r\nBcc: eve@example.com \u{202e}x "), "Ada Bcc: eve@example.com x");
        assert_eq!(name("\u{0}\u{2028}"), "");
        assert_eq!(name(&"ä".repeat(500)).chars().count(), MAX_NAME);
    }

    #[test]
    fn an_address_that_would_break_a_header_is_none() {
        let said = |text: &str| Said { address: Some(text.into()), ..Said::default() };
        assert_eq!(address(&said(" Ada@Example.com ")).as_deref(), Some("ada@example.com"));
        for bad in ["ada@example.com\r\nBcc: eve@example.com", "ada", "", "a@b.c, d@e.f"] {
            assert_eq!(address(&said(bad)), None, "{bad:?}");
        }
    }

    #[test]
    fn groups_are_a_list_or_one_and_nothing_else_makes_one() {
        let extra = |json: &str| serde_json::from_str::<Extra>(json).unwrap().groups("groups");
        assert_eq!(extra(r#"{"groups": ["a", 7, "b"]}"#).unwrap(), ["a", "b"]);
        assert_eq!(extra(r#"{"groups": "a"}"#).unwrap(), ["a"]);
        assert_eq!(extra(r#"{"groups": {"a": true}}"#).unwrap(), Vec::<String>::new());
        assert_eq!(extra(r#"{"roles": ["a"]}"#), None);
    }

    #[test]
    fn an_address_of_one_place_is_not_verified_by_another() {
        let token = Said { address: Some("eve@x.io".into()), ..Said::default() };
        let page =
            Said { address: Some("ada@x.io".into()), is_verified: Some(true), ..Said::default() };
        let both = token.or(page);
        assert_eq!((both.address.as_deref(), both.is_verified), (Some("eve@x.io"), None));
    }
}
