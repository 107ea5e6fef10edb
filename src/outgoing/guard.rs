//! Where requests may go: the public network, and what the settings list.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Something inside that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// A name, whatever address it has.
    Name(String),
    /// An address or a network.
    Net(IpNet),
}

impl std::str::FromStr for Allowed {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(Self::Net(address.into()));
        }
        if let Ok(net) = text.parse() {
            return Ok(Self::Net(net));
        }
        match Host::parse(text) {
            Ok(Host::Domain(name)) => Ok(Self::Name(name)),
            _ => Err(()),
        }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct Guard {
    names: Vec<String>,
    nets: Vec<IpNet>,
}

/// What is said of a host that may not be asked.
pub(super) fn refused(host: &str) -> String {
    format!("{host} leads to an internal address; `outgoing.allow` lists those that may be asked")
}

impl Guard {
    /// The public network, and `allowed`.
    pub fn new(allowed: &[Allowed]) -> Self {
        let mut guard = Self { names: Vec::new(), nets: Vec::new() };
        for one in allowed {
            match one {
                Allowed::Name(name) => guard.names.push(name.to_lowercase()),
                Allowed::Net(net) => guard.nets.push(*net),
            }
        }
        guard
    }

    /// Whether `url` may be asked, as far as can be told before its name is looked up: `https`, or
    /// `http` to what is listed; a public or listed address; no password in it.
    pub fn check(&self, url: &Url) -> Result<(), String> {
        let host = url.host().ok_or("a URL needs a host")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL that is asked holds no name and no password".to_owned());
        }
        let is_listed = match host {
            Host::Domain(name) => self.has_name(name),
            Host::Ipv4(address) => self.has_address(address.into()),
            Host::Ipv6(address) => self.has_address(address.into()),
        };
        match url.scheme() {
            "https" => {}
            "http" if is_listed => {}
            _ => return Err(format!("{host} must be asked by https, or be in `outgoing.allow`")),
        }
        let is_public = match host {
            Host::Domain(_) => true,
            Host::Ipv4(address) => is_public(address.into()),
            Host::Ipv6(address) => is_public(address.into()),
        };
        if is_public || is_listed { Ok(()) } else { Err(refused(&host.to_string())) }
    }

    /// Whether `name` may be asked at `address`.
    pub fn allows(&self, name: &str, address: IpAddr) -> bool {
        is_public(address) || self.has_address(address) || self.has_name(name)
    }

    fn has_name(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.').to_lowercase();
        self.names.contains(&name)
    }

    fn has_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.nets.iter().any(|net| net.contains(&address))
    }
}

/// Whether an address is one of the public network, and not of one's own, of this machine, of a
/// link, or of something special.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = matches!(a, 0 | 10 | 127 | 224..)
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 168)
        || (a == 192 && b == 0 && matches!(c, 0 | 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && matches!(b, 18 | 19))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113);
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let v4_in = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match parts {
        // An IPv4 address behind a translator.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(v4_in(high, low)),
        [0x2002, high, low, ..] => is_public_v4(v4_in(high, low)),
        // Teredo, benchmarks, ORCHID, documentation.
        [0x2001, 0..0x0200, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..0x1000, ..] => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn only_the_public_network_may_be_asked() {
        let guard = Guard::new(&[]);
        for good in ["https://idp.example.com/a", "https://8.8.8.8/", "https://[2606:4700::1]/"] {
            assert_eq!(guard.check(&url(good)), Ok(()), "{good}");
        }
        for bad in [
            "http://idp.example.com/",
            "ftp://idp.example.com/",
            "https://user:secret@idp.example.com/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0/",
            "https://10.1.2.3/",
            "https://172.31.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[fe80::1]/",
            "https://[fd00:ec2::254]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://[ff02::1]/",
        ] {
            assert!(guard.check(&url(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_that_leads_inside_is_refused_at_its_address() {
        let guard = Guard::new(&[]);
        assert!(guard.allows("idp.example.com", "8.8.8.8".parse().unwrap()));
        for inside in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"] {
            assert!(!guard.allows("idp.example.com", inside.parse().unwrap()), "{inside}");
        }
    }

    #[test]
    fn what_is_listed_may_be_asked_and_nothing_beside_it() {
        let listed: Result<Vec<Allowed>, ()> =
            ["keycloak.lan", "127.0.0.1", "10.2.0.0/16"].map(str::parse).into_iter().collect();
        let guard = Guard::new(&listed.unwrap());
        for good in ["http://127.0.0.1:9000/a", "https://10.2.3.4/", "http://Keycloak.lan/"] {
            assert_eq!(guard.check(&url(good)), Ok(()), "{good}");
        }
        for bad in ["https://127.0.0.2/", "https://10.3.0.1/", "http://a.keycloak.lan/"] {
            assert!(guard.check(&url(bad)).is_err(), "{bad}");
        }
        assert!(guard.allows("keycloak.lan", "10.9.9.9".parse().unwrap()));
        assert!(!guard.allows("evil.lan", "10.9.9.9".parse().unwrap()));
        for bad in ["", "a b", "10.0.0.0/40", "http://x"] {
            assert!(bad.parse::<Allowed>().is_err(), "{bad}");
        }
    }
}
