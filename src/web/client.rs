//! Who is at the other end: the address that limits count and sessions show. Behind a proxy that
//! is listed it is what the proxy says; from anybody else such a word is worth nothing.

use super::Site;
use actix_web::HttpRequest;
use actix_web::web::Data;
use ipnet::IpNet;
use std::net::IpAddr;

/// The address of whoever sent the request.
pub fn address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let Some(site) = request.app_data::<Data<Site>>() else { return Some(peer) };
    let forwarded = request.headers().get_all("x-forwarded-for");
    let forwarded: Vec<&str> = forwarded.filter_map(|value| value.to_str().ok()).collect();
    Some(behind(&site.proxies, peer, &forwarded.join(",")))
}

/// Whether the request came from a proxy that is listed.
pub fn is_proxy(request: &HttpRequest) -> bool {
    let Some(site) = request.app_data::<Data<Site>>() else { return false };
    request.peer_addr().is_some_and(|peer| is_listed(&site.proxies, peer.ip()))
}

/// Each proxy adds whom it heard from at the end: the last who is no proxy of ours is the one.
fn behind(proxies: &[IpNet], peer: IpAddr, forwarded: &str) -> IpAddr {
    let mut address = plain(peer);
    let mut before = forwarded.rsplit(',');
    while is_listed(proxies, address) {
        match before.next().and_then(|text| text.trim().parse().ok()) {
            Some(earlier) => address = plain(earlier),
            None => break,
        }
    }
    address
}

fn is_listed(proxies: &[IpNet], address: IpAddr) -> bool {
    let address = plain(address);
    proxies.iter().any(|proxy| proxy.contains(&address))
}

/// An IPv4 address, even where it is written as an IPv6 one.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listed_proxy_is_believed() {
        let proxies: Vec<IpNet> =
            ["10.0.0.0/8", "fd00::/8"].iter().map(|net| net.parse().unwrap()).collect();
        for (peer, forwarded, wanted) in [
            ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
            ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
            ("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "no address", "10.0.0.1"),
            ("fd00::1", "2001:db8::1", "2001:db8::1"),
        ] {
            let address = behind(&proxies, peer.parse().unwrap(), forwarded);
            assert_eq!(address, wanted.parse::<IpAddr>().unwrap(), "{peer} {forwarded}");
        }
    }
}
