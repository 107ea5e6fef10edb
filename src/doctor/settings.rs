//! The settings: what links will start with, and who can read the secrets.

use super::Findings;
use crate::config::Config;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const PROXY: &str = "put a proxy that speaks TLS in front and set \
     `server.public_url = \"https://…\"`";

pub(super) fn examine(config: &Config, file: Option<&Path>, found: &mut Findings) {
    public_url(config, found);
    secret(config, found);
    if let Some(file) = file {
        readers(file, found);
    }
}

/// Whether people elsewhere can follow the links that mails and answers carry.
fn public_url(config: &Config, found: &mut Findings) {
    let listen = &config.server.listen;
    let Some(address) = address(listen) else {
        // A name: what it leads to is for the network to say.
        return found.ok("address", format!("listens on {listen}"));
    };
    let Some(url) = &config.server.public_url else {
        if address.is_unspecified() {
            let what = format!("links would start with http://{listen}, which nobody can follow");
            return found.wrong("address", what, PROXY);
        }
        if !address.is_loopback() {
            return unencrypted(&format!("http://{listen}"), found);
        }
        return found.ok("address", format!("listens on {listen}, for this machine only"));
    };
    let parsed = url::Url::parse(url).ok();
    let host = parsed.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
    let is_local = host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(local);
    if is_local && !address.is_loopback() {
        let what = format!("links start with {url}, which works on this machine only");
        return found.wrong("address", what, PROXY);
    }
    if !is_local && url.starts_with("http://") {
        return unencrypted(url, found);
    }
    found.ok("address", format!("links start with {url}"));
}

fn local(ip: IpAddr) -> bool {
    ip.is_loopback()
}

fn unencrypted(url: &str, found: &mut Findings) {
    let what = format!("links start with {url}: sign-in links and sessions travel unencrypted");
    found.wrong("address", what, PROXY);
}

fn address(listen: &str) -> Option<IpAddr> {
    let (host, _) = listen.rsplit_once(':')?;
    if host == "localhost" {
        return Some(IpAddr::from([127, 0, 0, 1]));
    }
    listen.parse::<SocketAddr>().ok().map(|address| address.ip())
}

fn secret(config: &Config, found: &mut Findings) {
    let Some(secret) = &config.server.secret else {
        return found.ok("secret", "made once and kept in the database");
    };
    let kinds: std::collections::HashSet<char> = secret.0.chars().collect();
    if kinds.len() < 10 {
        found.wrong(
            "secret",
            "server.secret repeats itself, so that links can be forged by guessing it",
            "take it out, so that one is made, or set what `openssl rand -base64 32` prints",
        );
    } else {
        found.ok("secret", "server.secret is set; every machine needs the same");
    }
}

/// A file with passwords in it is for its owner.
fn readers(file: &Path, found: &mut Findings) {
    let Ok(metadata) = std::fs::metadata(file) else { return };
    let table: toml::Table =
        std::fs::read_to_string(file).ok().and_then(|text| text.parse().ok()).unwrap_or_default();
    let get = |section: &str, key: &str| table.get(section)?.get(key)?.as_str();
    let holds_secrets = get("server", "secret").is_some()
        || get("database", "url").is_some_and(|url| url.contains('@'))
        || get("mail", "smtp_url").is_some_and(|url| url.contains('@'));
    if holds_secrets && metadata.permissions().mode() & 0o004 != 0 {
        let what = format!("everybody on this machine can read the secrets in {}", file.display());
        found.wrong("settings", what, format!("run `chmod 640 {}`", file.display()));
    } else {
        found.ok("settings", format!("{} is understood", file.display()));
    }
}
