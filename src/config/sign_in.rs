//! Settings of signing in: how people prove who they are, and what may be asked outside for it.

use super::number;
use ipnet::IpNet;
use std::net::IpAddr;

/// How people sign in, and for how long.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Whether people may have a password. Default true.
    pub password: bool,
    /// Whether a one-time link is mailed to whoever asks for one. Default true.
    pub mail: bool,
    /// Hours after which a session that is not used ends, 1 to 8760. Default 168, a week.
    pub idle_hours: u32,
    /// Days after which every session ends, 1 to 365. Default 30.
    pub session_days: u32,
}

/// A proxy in front that speaks for its users, or only passes requests on.
#[derive(Debug, Clone, Default)]
pub struct Proxy {
    /// Addresses and networks of proxies whose word is taken, such as `10.0.0.5` or `10.1.0.0/16`:
    /// for `X-Forwarded-For`, and for `proxy.user_header`. Default none.
    pub addresses: Vec<IpNet>,
    /// The header in which these proxies give the mail address of who is signed in with them, such
    /// as `X-Auth-Request-Email`. They must remove it from what comes from outside. Default none:
    /// nobody signs in by a header.
    pub user_header: Option<String>,
    /// Whether somebody unknown is made a person at first sight. Default false.
    pub create_people: bool,
    /// Where to sign out of the proxy, a path or URL. Default: nowhere.
    pub sign_out_url: Option<String>,
}

impl Default for SignIn {
    fn default() -> Self {
        Self { password: true, mail: true, idle_hours: 7 * 24, session_days: 30 }
    }
}

/// Every key of these sections, with what is allowed.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("sign_in.password", "true or false"),
    ("sign_in.mail", "true or false"),
    ("sign_in.idle_hours", "a number from 1 to 8760"),
    ("sign_in.session_days", "a number from 1 to 365"),
    ("proxy.addresses", "a list of addresses and networks, such as `10.0.0.5, 10.1.0.0/16`"),
    ("proxy.user_header", "the name of a header, such as `X-Auth-Request-Email`"),
    ("proxy.create_people", "true or false"),
    ("proxy.sign_out_url", "a path or a URL that starts with https://"),
];

impl super::Config {
    /// Sets one key of these sections.
    pub(super) fn apply_sign_in(&mut self, key: &str, value: &toml::Value) -> Result<(), ()> {
        let text = || value.as_str().map(str::to_owned).ok_or(());
        match key {
            "sign_in.password" => self.sign_in.password = yes_or_no(value)?,
            "sign_in.mail" => self.sign_in.mail = yes_or_no(value)?,
            "sign_in.idle_hours" => self.sign_in.idle_hours = number(value, 1, 8760)? as u32,
            "sign_in.session_days" => self.sign_in.session_days = number(value, 1, 365)? as u32,
            "proxy.addresses" => {
                let listed = list(value)?;
                let nets: Result<_, _> = listed.iter().map(|text| network(text)).collect();
                self.proxy.addresses = nets?;
            }
            "proxy.user_header" => self.proxy.user_header = Some(header(&text()?)?),
            "proxy.create_people" => self.proxy.create_people = yes_or_no(value)?,
            "proxy.sign_out_url" => self.proxy.sign_out_url = Some(path_or_url(text()?)?),
            _ => return self.apply_oidc(key, value),
        }
        Ok(())
    }

    /// What is wrong with these sections as a whole, in one line.
    pub(super) fn contradiction(&self) -> Option<String> {
        if self.proxy.user_header.is_some() && self.proxy.addresses.is_empty() {
            let what = "proxy.user_header needs proxy.addresses: the proxies whose word is taken";
            return Some(what.to_owned());
        }
        if self.oidc.issuer.is_some() && self.oidc.client_id.is_none() {
            return Some(
                "oidc.issuer needs oidc.client_id: the name Overrule has there".to_owned(),
            );
        }
        let here = self.sign_in.password || self.sign_in.mail;
        let somehow = here || self.proxy.user_header.is_some() || self.oidc.issuer.is_some();
        if !somehow {
            let what = "nobody could sign in: set sign_in.password or sign_in.mail to true, or \
                        configure oidc or a proxy";
            return Some(what.to_owned());
        }
        self.store.contradiction()
    }
}

/// `true` or `false`, in the file as such or as text.
pub(super) fn yes_or_no(value: &toml::Value) -> Result<bool, ()> {
    match value {
        toml::Value::Boolean(yes) => Ok(*yes),
        toml::Value::String(text) => text.parse().map_err(drop),
        _ => Err(()),
    }
}

/// A list in the file, or a text with commas.
pub(super) fn list(value: &toml::Value) -> Result<Vec<String>, ()> {
    let all: Vec<String> = match value {
        toml::Value::Array(all) => all
            .iter()
            .map(|one| one.as_str().map(str::to_owned).ok_or(()))
            .collect::<Result<_, _>>()?,
        toml::Value::String(text) => text.split(',').map(str::to_owned).collect(),
        _ => return Err(()),
    };
    Ok(all.iter().map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect())
}

/// `10.0.0.0/8`, or an address as the network of itself alone.
pub(super) fn network(text: &str) -> Result<IpNet, ()> {
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(IpNet::from(address)),
        Err(_) => text.parse().map_err(drop),
    }
}

fn header(text: &str) -> Result<String, ()> {
    actix_web::http::header::HeaderName::from_bytes(text.as_bytes()).map_err(drop)?;
    Ok(text.to_lowercase())
}

fn path_or_url(text: String) -> Result<String, ()> {
    let is_path = text.starts_with('/') && !text.starts_with("//");
    let is_url = url::Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if (is_path || is_url) && is_plain { Ok(text) } else { Err(()) }
}
