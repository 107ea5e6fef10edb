//! Settings of single sign-on by OpenID Connect, and of what may be asked outside.

use super::sign_in::{list, yes_or_no};
use super::{Config, Secret};
use crate::outgoing::Allowed;
use url::{Host, Url};

/// An OpenID provider. Without `oidc.issuer` there is none.
#[derive(Debug, Clone)]
pub struct Oidc {
    /// What the provider calls itself, such as `https://login.example.com/realms/main`: `https`, or
    /// `http` on this machine.
    pub issuer: Option<String>,
    /// The name under which Overrule is known there.
    pub client_id: Option<String>,
    /// The secret that goes with it; none for a public client.
    pub client_secret: Option<Secret>,
    /// What people call the provider; it is on the button. Default `single sign-on`.
    pub name: String,
    /// What is asked for. Default `openid email profile`.
    pub scopes: Vec<String>,
    /// Whether somebody unknown is made a person at their first sign-in. Default false.
    pub create_people: bool,
    /// Whether an address counts as verified where the provider doesn't say; one that it calls
    /// unverified never does. Default false.
    pub trust_addresses: bool,
    /// The claim that lists a person's groups. Default `groups`.
    pub groups_claim: String,
    /// What each group gives: `admin`, `engineer`, `team:SLUG`, `team:SLUG:champion`,
    /// `team:SLUG:manager`. What is named here is given and taken at every sign-in. Default empty.
    pub groups: Vec<(String, Vec<Grant>)>,
}

/// What belonging to a group gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    Admin,
    Engineer,
    /// Membership in a team by its slug, and a role there.
    Team {
        slug: String,
        is_champion: bool,
        is_manager: bool,
    },
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            issuer: None,
            client_id: None,
            client_secret: None,
            name: "single sign-on".into(),
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
            create_people: false,
            trust_addresses: false,
            groups_claim: "groups".into(),
            groups: Vec::new(),
        }
    }
}

/// Requests to other machines.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// Names, addresses and networks inside one's own network that may be asked, such as
    /// `keycloak.lan, 10.1.2.0/24`. Default none.
    pub allow: Vec<Allowed>,
}

/// Every key of these sections, with what is allowed.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("oidc.issuer", "a URL that starts with https://, or with http:// and is on this machine"),
    ("oidc.client_id", "a text"),
    ("oidc.client_secret", "a text"),
    ("oidc.name", "a text of 1 to 60 characters"),
    ("oidc.scopes", "a list with `openid` in it, such as `openid, email, profile, groups`"),
    ("oidc.create_people", "true or false"),
    ("oidc.trust_addresses", "true or false"),
    ("oidc.groups_claim", "a text"),
    (
        "oidc.groups",
        "what groups give, such as `{ staff = \"team:support\", leads = [\"engineer\"] }` or \
         `staff=team:support; leads=engineer`: admin, engineer, team:SLUG, team:SLUG:champion, \
         team:SLUG:manager",
    ),
    ("outgoing.allow", "a list of names, addresses and networks, such as `idp.lan, 10.1.2.0/24`"),
];

impl Config {
    /// Sets one key of these sections.
    pub(super) fn apply_oidc(&mut self, key: &str, value: &toml::Value) -> Result<(), ()> {
        let text = || {
            let text = value.as_str().ok_or(())?.trim().to_owned();
            if text.is_empty() { Err(()) } else { Ok(text) }
        };
        let oidc = &mut self.oidc;
        match key {
            "oidc.issuer" => oidc.issuer = Some(issuer(text()?)?),
            "oidc.client_id" => oidc.client_id = Some(text()?),
            "oidc.client_secret" => oidc.client_secret = Some(Secret(text()?)),
            "oidc.name" => {
                oidc.name = text()?;
                if oidc.name.chars().count() > 60 {
                    return Err(());
                }
            }
            "oidc.scopes" => {
                let spaced = value.as_str().map(|text| text.replace(' ', ",").into());
                oidc.scopes = list(spaced.as_ref().unwrap_or(value))?;
                if !oidc.scopes.iter().any(|scope| scope == "openid") {
                    return Err(());
                }
            }
            "oidc.create_people" => oidc.create_people = yes_or_no(value)?,
            "oidc.trust_addresses" => oidc.trust_addresses = yes_or_no(value)?,
            "oidc.groups_claim" => oidc.groups_claim = text()?,
            "oidc.groups" => oidc.groups = groups(value)?,
            "outgoing.allow" => {
                let allowed: Result<_, _> = list(value)?.iter().map(|one| one.parse()).collect();
                self.outgoing.allow = allowed?;
            }
            _ => return self.apply_store(key, value),
        }
        Ok(())
    }
}

fn issuer(text: String) -> Result<String, ()> {
    let url = Url::parse(&text).map_err(drop)?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    match url.scheme() {
        "https" if is_plain => Ok(text),
        "http" if is_plain && is_here => Ok(text),
        _ => Err(()),
    }
}

fn groups(value: &toml::Value) -> Result<Vec<(String, Vec<Grant>)>, ()> {
    let pairs: Vec<(String, Vec<String>)> = match value {
        toml::Value::Table(table) => table
            .iter()
            .map(|(group, gives)| Ok((group.clone(), list(gives)?)))
            .collect::<Result<_, ()>>()?,
        toml::Value::String(text) => text
            .split(';')
            .filter(|pair| !pair.trim().is_empty())
            .map(|pair| {
                let (group, gives) = pair.rsplit_once('=').ok_or(())?;
                Ok((group.trim().to_owned(), list(&gives.to_owned().into())?))
            })
            .collect::<Result<_, ()>>()?,
        _ => return Err(()),
    };
    pairs
        .into_iter()
        .map(|(group, gives)| {
            let gives: Vec<Grant> =
                gives.iter().map(|text| grant(text)).collect::<Result<_, _>>()?;
            if group.is_empty() || gives.is_empty() { Err(()) } else { Ok((group, gives)) }
        })
        .collect()
}

fn grant(text: &str) -> Result<Grant, ()> {
    match text.split(':').collect::<Vec<_>>()[..] {
        ["admin"] => Ok(Grant::Admin),
        ["engineer"] => Ok(Grant::Engineer),
        ["team", slug] => team(slug, false, false),
        ["team", slug, "champion"] => team(slug, true, false),
        ["team", slug, "manager"] => team(slug, false, true),
        _ => Err(()),
    }
}

fn team(slug: &str, is_champion: bool, is_manager: bool) -> Result<Grant, ()> {
    let good =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if slug.is_empty() || slug.len() > 100 || !slug.chars().all(good) {
        return Err(());
    }
    Ok(Grant::Team { slug: slug.to_owned(), is_champion, is_manager })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, String> {
        Config::from_text(text, "overrule.toml", &[], None).map_err(|error| error.to_string())
    }

    #[test]
    fn groups_are_read_from_the_file_and_from_one_line() {
        let team = |slug: &str, is_champion, is_manager| Grant::Team {
            slug: slug.into(),
            is_champion,
            is_manager,
        };
        let file = "[oidc.groups]\n\"All Staff\" = \"team:support\"\n\
                    leads = [\"engineer\", \"team:support:champion\", \"team:sales:manager\"]";
        let wanted = vec![
            ("All Staff".to_owned(), vec![team("support", false, false)]),
            (
                "leads".to_owned(),
                vec![Grant::Engineer, team("support", true, false), team("sales", false, true)],
            ),
        ];
        assert_eq!(load(file).unwrap().oidc.groups, wanted);
        let line = "[oidc]\ngroups = \"All Staff=team:support; \
                    leads=engineer,team:support:champion,team:sales:manager\"";
        assert_eq!(load(line).unwrap().oidc.groups, wanted);
        for bad in ["staff=boss", "staff=team:", "staff=team:A b", "staff", "=admin", "staff="] {
            let said = load(&format!("[oidc]\ngroups = \"{bad}\"")).unwrap_err();
            assert!(said.contains("team:SLUG"), "{bad}: {said}");
        }
    }

    #[test]
    fn an_issuer_is_asked_by_https_but_on_this_machine() {
        let of = |issuer: &str| {
            load(&format!("[oidc]\nissuer = \"{issuer}\"\nclient_id = \"overrule\""))
        };
        for good in ["https://idp.example.com/realms/a", "http://localhost:1", "http://127.0.0.1"] {
            assert!(of(good).is_ok(), "{good}");
        }
        for bad in ["http://idp.example.com", "idp.example.com", "https://a.b/?x=1", "file:///x"] {
            assert!(of(bad).is_err(), "{bad}");
        }
        let said = load("[oidc]\nissuer = \"https://idp.example.com\"").unwrap_err();
        assert_eq!(said, "oidc.issuer needs oidc.client_id: the name Overrule has there");
        let secret = load("[oidc]\nclient_secret = 7").unwrap_err();
        assert!(secret.contains("***"), "{secret}");
    }

    #[test]
    fn scopes_hold_openid() {
        let of = |scopes: &str| load(&format!("[oidc]\nscopes = {scopes}"));
        let wanted = ["openid", "email", "groups"];
        for good in ["\"openid email groups\"", "[\"openid\", \"email\", \"groups\"]"] {
            assert_eq!(of(good).unwrap().oidc.scopes, wanted);
        }
        assert!(of("\"email\"").is_err());
    }
}
