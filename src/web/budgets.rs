//! Rate limits by who asks: by person, by key, by link, and by address for whoever is none of
//! these. In memory, so each process counts for itself.

use super::client;
use crate::config;
use crate::error::{AppError, AppResult};
use actix_web::HttpRequest;
use actix_web::web::Data;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use uuid::Uuid;

/// So many requests a minute for each `K`.
type Budget<K> = Arc<DefaultKeyedRateLimiter<K>>;

/// What each kind of caller may ask for in a minute.
#[derive(Clone)]
pub struct Budgets {
    people: Budget<Uuid>,
    keys: Budget<Uuid>,
    links: Budget<Uuid>,
    strangers: Budget<IpAddr>,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Caller {
    /// A person who is signed in.
    Person(Uuid),
    /// A program with a good key.
    Key(Uuid),
    /// Whoever has the link or receipt of this interaction or feedback.
    Link(Uuid),
    /// Anybody else, also with a key or session that is no good.
    Stranger,
}

impl Budgets {
    /// As the settings have them.
    pub fn new(limits: &config::Limits) -> Self {
        fn budget<K: std::hash::Hash + Eq + Clone>(a_minute: u32) -> Budget<K> {
            let a_minute = NonZeroU32::new(a_minute).unwrap_or(NonZeroU32::MIN);
            Arc::new(RateLimiter::keyed(Quota::per_minute(a_minute)))
        }
        Self {
            people: budget(limits.person_requests_per_minute),
            keys: budget(limits.key_requests_per_minute),
            links: budget(limits.uses_of_a_link_per_minute),
            strangers: budget(limits.stranger_requests_per_minute),
        }
    }

    /// Counts a request; an error says how long to wait.
    pub fn spend(&self, caller: Caller, address: Option<IpAddr>) -> AppResult<()> {
        let spent = match caller {
            Caller::Person(id) => self.people.check_key(&id),
            Caller::Key(id) => self.keys.check_key(&id),
            Caller::Link(id) => self.links.check_key(&id),
            Caller::Stranger => match address {
                Some(address) => self.strangers.check_key(&network(address)),
                None => Ok(()),
            },
        };
        spent.map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            metrics::counter!("overrule_refused_total", "caller" => caller.word()).increment(1);
            AppError::TooMany(wait.as_secs() + 1)
        })
    }

    /// Forgets callers that are quiet again.
    pub fn tidy(&self) {
        self.people.retain_recent();
        self.keys.retain_recent();
        self.links.retain_recent();
        self.strangers.retain_recent();
    }
}

impl Caller {
    fn word(self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Key(_) => "key",
            Self::Link(_) => "link",
            Self::Stranger => "stranger",
        }
    }
}

/// Who has one IPv6 address has 2^64 of them: they count as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

/// Counts this request as one of `caller`.
pub fn spend(request: &HttpRequest, caller: Caller) -> AppResult<()> {
    match request.app_data::<Data<Budgets>>() {
        Some(budgets) => budgets.spend(caller, client::address(request)),
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_budget_of_their_own() {
        let limits = config::Limits {
            person_requests_per_minute: 2,
            stranger_requests_per_minute: 1,
            ..config::Limits::default()
        };
        let (budgets, one, two) = (Budgets::new(&limits), Uuid::now_v7(), Uuid::now_v7());
        let home = Some("2001:db8::1".parse().unwrap());
        for _ in 0..2 {
            assert!(budgets.spend(Caller::Person(one), home).is_ok());
        }
        let wait = budgets.spend(Caller::Person(one), home);
        assert!(matches!(wait, Err(AppError::TooMany(1..=31))), "{wait:?}");
        assert!(budgets.spend(Caller::Person(two), home).is_ok());
        assert!(budgets.spend(Caller::Stranger, home).is_ok());
        let neighbour = Some("2001:db8::ffff:1".parse().unwrap());
        assert!(budgets.spend(Caller::Stranger, neighbour).is_err());
        let elsewhere = Some("2001:db8:0:1::1".parse().unwrap());
        assert!(budgets.spend(Caller::Stranger, elsewhere).is_ok());
    }
}
