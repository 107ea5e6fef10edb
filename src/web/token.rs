//! Tokens: random ones, kept as their hash only; and signed ones, which carry what they allow
//! and need no row.

use crate::db::{Hash, Instant};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// What a signed token allows. The byte is part of what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To give feedback on one interaction.
    Feedback = 1,
    /// To read what became of one feedback.
    Receipt = 2,
    /// To become the first admin.
    FirstAdmin = 3,
    /// Shows that somebody signed in with this browser before.
    Device = 4,
    /// Remembers an attempt to sign in at an identity provider.
    Attempt = 5,
    /// To switch off mails about what one reported.
    Unsubscribe = 8,
}

/// Why a signed token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Cut, changed, made elsewhere, or made for something else.
    Forged,
    /// It was good, but its time is over.
    Expired,
}

/// Signs and checks tokens with the installation's secret (HMAC-SHA-256, cut to 128 bits).
#[derive(Clone)]
pub struct Signer([u8; 32]);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(***)")
    }
}

/// Purpose, id, expiry in seconds since 1970 (0 for none), then the signature.
const PAYLOAD: usize = 1 + 16 + 8;
const SIGNATURE: usize = 16;

impl Signer {
    /// A signer with a key made from `secret`.
    pub fn new(secret: &str) -> Self {
        Self(Hash::of(&[b"overrule signed links", secret.as_bytes()]).0)
    }

    /// A token for `purpose` on the thing `id`, until `expires` if given.
    pub fn sign(&self, purpose: Purpose, id: Uuid, expires: Option<Instant>) -> String {
        let mut token = Vec::with_capacity(PAYLOAD + SIGNATURE);
        token.push(purpose as u8);
        token.extend_from_slice(id.as_bytes());
        let seconds = expires.map_or(0, |at| at.as_micros() / 1_000_000);
        token.extend_from_slice(&seconds.to_be_bytes());
        let signature = self.mac(&token).finalize().into_bytes();
        token.extend_from_slice(&signature[..SIGNATURE]);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The id in `token`, if it was signed here for `purpose` and is still valid.
    pub fn check(&self, purpose: Purpose, token: &str, now: Instant) -> Result<Uuid, Refused> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Refused::Forged)?;
        if bytes.len() != PAYLOAD + SIGNATURE {
            return Err(Refused::Forged);
        }
        let (payload, signature) = bytes.split_at(PAYLOAD);
        self.mac(payload).verify_truncated_left(signature).map_err(|_| Refused::Forged)?;
        if payload[0] != purpose as u8 {
            return Err(Refused::Forged);
        }
        let id = Uuid::from_slice(&payload[1..17]).map_err(|_| Refused::Forged)?;
        let mut seconds = [0; 8];
        seconds.copy_from_slice(&payload[17..]);
        let seconds = i64::from_be_bytes(seconds);
        if seconds != 0 && now.as_micros() / 1_000_000 >= seconds {
            return Err(Refused::Expired);
        }
        Ok(id)
    }

    /// `payload` as text that only this installation can make; everybody can read it.
    pub fn seal(&self, purpose: Purpose, payload: &[u8]) -> String {
        let signature = self.keyed_hash(&[b"seal", &[purpose as u8], payload]);
        format!("{}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(signature.0))
    }

    /// The payload of a text that was sealed here for `purpose`.
    pub fn unseal(&self, purpose: Purpose, sealed: &str) -> Option<Vec<u8>> {
        let (payload, signature) = sealed.split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let inner = Hash::of(&[b"seal", &[purpose as u8], &payload]);
        self.mac(&inner.0).verify_slice(&signature).ok()?;
        Some(payload)
    }

    /// A hash that only this installation can make: for what could be guessed from a plain one.
    pub fn keyed_hash(&self, parts: &[&[u8]]) -> Hash {
        let mac = self.mac(&Hash::of(parts).0).finalize().into_bytes();
        Hash(mac.into())
    }

    fn mac(&self, payload: &[u8]) -> Hmac<Sha256> {
        #[allow(clippy::expect_used)] // HMAC takes a key of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length is a key");
        mac.update(payload);
        mac
    }
}

/// A random token of 256 bits, as text.
pub fn random() -> String {
    let mut bytes = [0; 32];
    #[allow(clippy::expect_used)] // Without randomness nothing here is safe.
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is kept of a random token.
pub fn hash(token: &str) -> Hash {
    Hash::of(&[b"token", token.as_bytes()])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn a_token_is_good_for_its_purpose_its_installation_and_its_time() {
        let signer = Signer::new("one secret that is long enough to be one");
        let (id, now) = (Uuid::now_v7(), clock::now());
        let token = signer.sign(Purpose::Feedback, id, Some(now.plus_minutes(1)));
        assert_eq!(signer.check(Purpose::Feedback, &token, now), Ok(id));
        assert_eq!(signer.check(Purpose::Receipt, &token, now), Err(Refused::Forged));
        let later = now.plus_minutes(2);
        assert_eq!(signer.check(Purpose::Feedback, &token, later), Err(Refused::Expired));
        let other = Signer::new("another secret that is long enough to be one");
        assert_eq!(other.check(Purpose::Feedback, &token, now), Err(Refused::Forged));
    }

    proptest::proptest! {
        #[test]
        fn no_changed_token_passes(at in 0usize..54, to in "[A-Za-z0-9_-]") {
            let signer = Signer::new("one secret that is long enough to be one");
            let token = signer.sign(Purpose::Receipt, Uuid::now_v7(), None);
            let mut changed: Vec<char> = token.chars().collect();
            changed[at % token.len()] = to.chars().next().unwrap();
            let changed: String = changed.into_iter().collect();
            let passes = signer.check(Purpose::Receipt, &changed, clock::now()).is_ok();
            proptest::prop_assert_eq!(passes, changed == token);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            let signer = Signer::new("one secret that is long enough to be one");
            proptest::prop_assert!(signer.check(Purpose::Receipt, &text, clock::now()).is_err());
        }
    }
}
