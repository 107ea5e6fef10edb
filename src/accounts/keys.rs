//! A memory of API keys, so that programs that send much don't pay a read for each request.

use super::model::Key;
use crate::db::Hash;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long a key is believed without asking the database again.
const LIFE: Duration = Duration::from_secs(2);
/// How many keys are remembered at most.
const MOST: usize = 1024;

/// The keys that were used within the last two seconds. So a key that was revoked, or whose
/// scopes were changed, may still be taken for up to two seconds in each process; unknown
/// tokens are not remembered, so a new key works at once.
#[derive(Default)]
pub struct KeyCache(Mutex<HashMap<Hash, (Instant, Key)>>);

impl KeyCache {
    /// The key with this token's hash, if it was read within the last two seconds.
    pub fn find(&self, token_hash: &Hash) -> Option<Key> {
        let keys = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (read_at, key) = keys.get(token_hash)?;
        (read_at.elapsed() < LIFE).then(|| key.clone())
    }

    /// Remembers a key that the database was asked for at `asked_at`.
    pub fn put(&self, key: Key, asked_at: Instant) {
        let mut keys = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if keys.len() >= MOST {
            keys.retain(|_, (read_at, _)| read_at.elapsed() < LIFE);
        }
        if keys.len() < MOST {
            keys.insert(key.token_hash, (asked_at, key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::KeyId;

    #[test]
    fn a_key_is_remembered_for_two_seconds_and_memory_is_bounded() {
        let (cache, now) = (KeyCache::default(), Instant::now());
        let key = |n: usize| Key {
            id: KeyId::new(),
            name: "k".into(),
            token_hash: Hash::of(&[&n.to_be_bytes()]),
            scopes: "read".into(),
            created_at: crate::clock::now(),
            revoked_at: None,
        };
        cache.put(key(0), now);
        assert!(cache.find(&key(0).token_hash).is_some());
        let Some(before) = now.checked_sub(LIFE) else { return };
        cache.put(key(1), before);
        assert!(cache.find(&key(1).token_hash).is_none());
        for n in 2..MOST + 10 {
            cache.put(key(n), now);
        }
        assert!(cache.find(&key(MOST + 9).token_hash).is_none());
        assert!(cache.find(&key(0).token_hash).is_some());
    }
}
