//! Signed tokens: whatever is sent, nothing panics, and only what was signed here passes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use overrule::db::Instant;
use overrule::web::token::{Purpose, Signer};
use uuid::Uuid;

const PURPOSES: [Purpose; 6] = [
    Purpose::Feedback,
    Purpose::Receipt,
    Purpose::FirstAdmin,
    Purpose::Device,
    Purpose::Attempt,
    Purpose::Unsubscribe,
];

fuzz_target!(|data: &[u8]| {
    let signer = Signer::new("the fuzzer's secret");
    let now = Instant::from_micros(1_800_000_000_000_000);
    let text = String::from_utf8_lossy(data);
    let id = Uuid::from_u128(7);
    for purpose in PURPOSES {
        let good = signer.sign(purpose, id, None);
        // The fuzzer does not have the secret, so a token that passes is one that was signed.
        assert_eq!(signer.check(purpose, &text, now).is_ok(), *text == good);
        assert!(signer.unseal(purpose, &text).is_none());
        assert_eq!(signer.unseal(purpose, &signer.seal(purpose, data)).as_deref(), Some(data));
        changed(&signer, purpose, good, data, now);
    }
});

/// A good token with one letter put in another's place is good for nothing.
fn changed(signer: &Signer, purpose: Purpose, good: String, data: &[u8], now: Instant) {
    let [place, letter, ..] = data else { return };
    let mut token = good.clone().into_bytes();
    let place = usize::from(*place) % token.len();
    token[place] = letter & 0x7f;
    let Ok(token) = String::from_utf8(token) else { return };
    assert_eq!(signer.check(purpose, &token, now).is_ok(), token == good);
}
