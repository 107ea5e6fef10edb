//! One attempt to sign in at the provider, from the way out to the way back. It is kept in a
//! signed cookie: no row for whoever only looks, and an answer counts only in the browser that
//! asked.

use super::Refused;
use crate::db::Instant;
use crate::web::form::local_path;
use crate::web::token::{Purpose, Signer};
use openidconnect::{CsrfToken, Nonce, PkceCodeVerifier};
use serde::{Deserialize, Serialize};

/// For how many minutes an answer is waited for.
pub(super) const MINUTES: i64 = 10;

/// What must be known when the browser comes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
    /// Where to go on to.
    pub next: String,
    expires: i64,
}

impl Attempt {
    pub(super) fn new(
        state: &CsrfToken,
        nonce: &Nonce,
        verifier: &PkceCodeVerifier,
        next: &str,
        now: Instant,
    ) -> Self {
        Self {
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
            next: local_path(next).to_owned(),
            expires: now.plus_minutes(MINUTES).as_micros(),
        }
    }

    /// As the cookie keeps it.
    pub fn seal(&self, signer: &Signer) -> String {
        signer.seal(Purpose::Attempt, &serde_json::to_vec(self).unwrap_or_default())
    }

    /// The attempt in a cookie of ours, if the answer with `state` belongs to it.
    pub fn open(signer: &Signer, cookie: &str, state: &str, now: Instant) -> Result<Self, Refused> {
        let payload =
            signer.unseal(Purpose::Attempt, cookie).ok_or(Refused::Attempt("a forged cookie"))?;
        let attempt: Self = serde_json::from_slice(&payload)
            .map_err(|_| Refused::Attempt("a cookie of another version"))?;
        let same = |text: &str| signer.keyed_hash(&[b"state", text.as_bytes()]);
        if same(state) != same(&attempt.state) {
            return Err(Refused::Attempt("another state"));
        }
        if attempt.expires <= now.as_micros() {
            return Err(Refused::Attempt("it took too long"));
        }
        Ok(attempt)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock;

    const SECRET: &str = "one secret that is long enough to be one";

    fn attempt() -> Attempt {
        let (state, nonce) = (CsrfToken::new("s".into()), Nonce::new("n".into()));
        Attempt::new(
            &state,
            &nonce,
            &PkceCodeVerifier::new("v".repeat(43)),
            "/report",
            clock::now(),
        )
    }

    #[test]
    fn an_answer_counts_once_its_cookie_is_ours_fits_and_is_fresh() {
        let (signer, now) = (Signer::new(SECRET), clock::now());
        let cookie = attempt().seal(&signer);
        let opened = Attempt::open(&signer, &cookie, "s", now).unwrap();
        assert_eq!((opened.next.as_str(), opened.nonce.as_str()), ("/report", "n"));
        assert!(Attempt::open(&signer, &cookie, "t", now).is_err());
        assert!(Attempt::open(&signer, &cookie, "", now).is_err());
        assert!(Attempt::open(&signer, &cookie, "s", now.plus_minutes(MINUTES + 1)).is_err());
        let other = Signer::new("another secret that is long enough too!!");
        assert!(Attempt::open(&other, &cookie, "s", now).is_err());
        assert!(Attempt::open(&signer, &cookie[..cookie.len() - 2], "s", now).is_err());
        assert!(Attempt::open(&signer, "", "s", now).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_changed_cookie_passes(at in 0usize..400, to in "[A-Za-z0-9_.-]") {
            let signer = Signer::new(SECRET);
            let cookie = attempt().seal(&signer);
            let mut changed: Vec<char> = cookie.chars().collect();
            let at = at % changed.len();
            changed[at] = to.chars().next().unwrap();
            let changed: String = changed.into_iter().collect();
            let passes = Attempt::open(&signer, &changed, "s", clock::now()).is_ok();
            proptest::prop_assert_eq!(passes, changed == cookie);
        }
    }
}
