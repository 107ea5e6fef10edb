//! The settings `limits.*`.

/// The keys of this section, with what is allowed.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("limits.link_requests_per_minute", "a number from 1 to 1000000"),
    ("limits.sign_ins_per_minute", "a number from 1 to 1000000"),
    ("limits.person_requests_per_minute", "a number from 1 to 100000000"),
    ("limits.key_requests_per_minute", "a number from 1 to 100000000"),
    ("limits.uses_of_a_link_per_minute", "a number from 1 to 100000000"),
    ("limits.stranger_requests_per_minute", "a number from 1 to 100000000"),
    ("limits.agreement_items", "a number from 1 to 1000"),
];

/// How much is taken at once, and how much it takes to say something.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests a minute from one address to pages that need no account, 1 to 1,000,000.
    /// Default 120.
    pub link_requests_per_minute: u32,
    /// Sign-in attempts a minute from one address, 1 to 1,000,000. Default 20.
    pub sign_ins_per_minute: u32,
    /// Requests a minute of one person who is signed in. Default 1,200; this and the next three
    /// are 1 to 100,000,000, and each process counts for itself.
    pub person_requests_per_minute: u32,
    /// Requests a minute with one key; each may bring many items. Default 60,000.
    pub key_requests_per_minute: u32,
    /// Requests a minute with one link to give feedback, or one receipt. Default 60.
    pub uses_of_a_link_per_minute: u32,
    /// Requests a minute from one address to anything that asks who is there, without a session
    /// or key that is good. Default 600.
    pub stranger_requests_per_minute: u32,
    /// How many answers or items at least two people must have judged before it is shown how much
    /// they agree, 1 to 1,000. Default 20.
    pub agreement_items: u32,
}

impl Limits {
    /// The limit that a key sets, and the most it may be.
    pub(super) fn of(&mut self, key: &str) -> Option<(&mut u32, i64)> {
        Some(match key {
            "limits.link_requests_per_minute" => (&mut self.link_requests_per_minute, 1_000_000),
            "limits.sign_ins_per_minute" => (&mut self.sign_ins_per_minute, 1_000_000),
            "limits.person_requests_per_minute" => {
                (&mut self.person_requests_per_minute, 100_000_000)
            }
            "limits.key_requests_per_minute" => (&mut self.key_requests_per_minute, 100_000_000),
            "limits.uses_of_a_link_per_minute" => {
                (&mut self.uses_of_a_link_per_minute, 100_000_000)
            }
            "limits.stranger_requests_per_minute" => {
                (&mut self.stranger_requests_per_minute, 100_000_000)
            }
            "limits.agreement_items" => (&mut self.agreement_items, 1_000),
            _ => return None,
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            link_requests_per_minute: 120,
            sign_ins_per_minute: 20,
            person_requests_per_minute: 1_200,
            key_requests_per_minute: 60_000,
            uses_of_a_link_per_minute: 60,
            stranger_requests_per_minute: 600,
            agreement_items: 20,
        }
    }
}
