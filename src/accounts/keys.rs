//! API keys: how they are made, take each other's place and end; and a memory of them, so that
//! programs that send much don't pay a read for each request.

use super::actions::check_name;
use super::model::{Key, KeyId, Scope};
use super::queries;
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Hash};
use crate::error::{AppError, AppResult, Mistakes};
use crate::schema::api_keys;
use crate::web::token;
use diesel::prelude::*;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long a key is believed without asking the database again.
const LIFE: Duration = Duration::from_secs(2);
/// How many keys are remembered at most.
const MOST: usize = 1024;
/// How often it is written down that a key is in use.
const NOTED_EVERY: Duration = Duration::from_secs(5 * 60);
/// What every key begins with, so that scanners know a leaked one.
const PREFIX: &str = "ovr_";
/// How many letters of a key are kept to know it again; the rest has more than 200 bits.
const HINT: usize = 8;
/// The most days for which a key may be good: ten years.
pub const MAX_DAYS: i64 = 3_650;
/// The most hours for which an old key stays good beside the new one: a quarter of a year.
pub const MAX_OVERLAP_HOURS: i64 = 90 * 24;

/// A key to be made.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    pub scopes: Vec<Scope>,
    /// Slugs of agents that are there; none for all.
    pub agents: Option<Vec<String>>,
    /// Slugs of teams that are there; none for all.
    pub teams: Option<Vec<String>>,
    /// Days for which it works; none for ever.
    pub valid_days: Option<i64>,
}

/// A key that was made; the token can be shown now and never again.
#[derive(Debug, Clone)]
pub struct Made {
    pub id: KeyId,
    pub token: String,
}

/// Makes a key; only the hash of its token stays. An error names what is not right.
pub fn create(conn: &mut Conn, actor: Actor, new: &NewKey) -> AppResult<Made> {
    let name = check(new)?;
    let words: Vec<&str> =
        Scope::ALL.iter().filter(|s| new.scopes.contains(s)).map(|s| s.as_str()).collect();
    let now = clock::now();
    let (key, made) = Key {
        id: KeyId::new(),
        name,
        token_hash: Hash([0; 32]),
        scopes: words.join(" "),
        created_at: now,
        revoked_at: None,
        hint: String::new(),
        agents: new.agents.as_ref().map(|list| list.join(" ")),
        teams: new.teams.as_ref().map(|list| list.join(" ")),
        expires_at: new.valid_days.map(|days| now.plus_minutes(days * 24 * 60)),
        last_used_at: None,
        replaced_by: None,
    }
    .with_token();
    diesel::insert_into(api_keys::table).values(&key).execute(conn)?;
    let detail = json!({ "scopes": words, "agents": new.agents, "teams": new.teams,
        "expires_at": key.expires_at });
    audit::record(conn, actor, "key.create", &format!("key:{}", key.id), detail)?;
    Ok(made)
}

impl Key {
    /// The same with a new token.
    fn with_token(self) -> (Self, Made) {
        let token = format!("{PREFIX}{}", token::random());
        let hint = token.chars().take(HINT).collect();
        let key = Self { token_hash: token::hash(&token), hint, ..self };
        let made = Made { id: key.id, token };
        (key, made)
    }
}

fn check(new: &NewKey) -> Result<String, Mistakes> {
    let mut mistakes = Mistakes::default();
    let name = check_name("name", &new.name).unwrap_or_else(|more| {
        mistakes.0.extend(more.0);
        String::new()
    });
    if new.scopes.is_empty() {
        mistakes.add("scopes", format!("need one of: {}", Scope::allowed()));
    }
    if new.scopes.contains(&Scope::Admin) && (new.agents.is_some() || new.teams.is_some()) {
        mistakes.add("scopes", "a key with the scope `admin` is for all agents and teams");
    }
    if new.valid_days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
        mistakes.add("valid_days", format!("is a number of days from 1 to {MAX_DAYS}"));
    }
    mistakes.or(name)
}

/// Makes a key that takes the place of another and may do the same. The old one stays good for
/// `overlap_hours`, so that programs can change over in their own time.
pub fn rotate(conn: &mut Conn, actor: Actor, id: KeyId, overlap_hours: i64) -> AppResult<Made> {
    if !(0..=MAX_OVERLAP_HOURS).contains(&overlap_hours) {
        let why = format!("is a number of hours from 0 to {MAX_OVERLAP_HOURS}");
        return Err(AppError::invalid("overlap_hours", why));
    }
    let old = queries::find_key_by_id(conn, id)?.ok_or(AppError::NotFound)?;
    if !old.is_good() || old.replaced_by.is_some() {
        let why = "This key is revoked, has run out, or was replaced already; make a new one.";
        return Err(AppError::Conflict(why.into()));
    }
    let now = clock::now();
    // The new one is good for as long as the old one was meant to be.
    let life = old.expires_at.map(|end| end.as_micros() - old.created_at.as_micros());
    let end = now.plus_minutes(overlap_hours * 60);
    let end = old.expires_at.map_or(end, |before| before.min(end));
    let (key, made) = Key {
        id: KeyId::new(),
        created_at: now,
        last_used_at: None,
        expires_at: life.map(|life| now.plus_minutes(life / 60_000_000)),
        ..old.clone()
    }
    .with_token();
    diesel::insert_into(api_keys::table).values(&key).execute(conn)?;
    diesel::update(api_keys::table.find(id))
        .set((api_keys::expires_at.eq(Some(end)), api_keys::replaced_by.eq(Some(key.id))))
        .execute(conn)?;
    let detail = json!({ "new": key.id, "old_until": end });
    audit::record(conn, actor, "key.rotate", &format!("key:{id}"), detail)?;
    Ok(made)
}

/// Ends a key, in every process within two seconds. Ending it twice is no error.
pub fn revoke(conn: &mut Conn, actor: Actor, id: KeyId) -> AppResult<()> {
    let key = queries::find_key_by_id(conn, id)?.ok_or(AppError::NotFound)?;
    if key.revoked_at.is_some() {
        return Ok(());
    }
    diesel::update(api_keys::table.find(id))
        .set(api_keys::revoked_at.eq(Some(clock::now())))
        .execute(conn)?;
    audit::record(conn, actor, "key.revoke", &format!("key:{id}"), json!({}))
}

/// Writes down when keys were last used.
pub fn note_uses(conn: &mut Conn, uses: &[(KeyId, crate::db::Instant)]) -> AppResult<()> {
    for (id, at) in uses {
        let earlier = api_keys::last_used_at.is_null().or(api_keys::last_used_at.lt(at));
        diesel::update(api_keys::table.find(id).filter(earlier))
            .set(api_keys::last_used_at.eq(Some(*at)))
            .execute(conn)?;
    }
    Ok(())
}

/// The keys that were used within the last two seconds. So a key that was revoked, or whose
/// scopes were changed, may still be taken for up to two seconds in each process; unknown
/// tokens are not remembered, so a new key works at once.
#[derive(Default)]
pub struct KeyCache {
    keys: Mutex<HashMap<Hash, (Instant, Key)>>,
    uses: Mutex<HashMap<KeyId, Use>>,
}

/// When a key was used last, and when that was last written down.
struct Use {
    at: crate::db::Instant,
    noted: Option<Instant>,
}

impl KeyCache {
    /// The key with this token's hash, if it was read within the last two seconds.
    pub fn find(&self, token_hash: &Hash) -> Option<Key> {
        let keys = self.keys.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (read_at, key) = keys.get(token_hash)?;
        (read_at.elapsed() < LIFE).then(|| key.clone())
    }

    /// Remembers a key that the database was asked for at `asked_at`.
    pub fn put(&self, key: Key, asked_at: Instant) {
        let mut keys = self.keys.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if keys.len() >= MOST {
            keys.retain(|_, (read_at, _)| read_at.elapsed() < LIFE);
        }
        if keys.len() < MOST {
            keys.insert(key.token_hash, (asked_at, key));
        }
    }

    /// The key was used just now.
    pub fn used(&self, id: KeyId) {
        let at = clock::now();
        let mut uses = self.uses.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        uses.entry(id).and_modify(|last| last.at = at).or_insert(Use { at, noted: None });
    }

    /// What should be written down: keys used for the first time, or again after five minutes.
    pub fn unnoted(&self) -> Vec<(KeyId, crate::db::Instant)> {
        let uses = self.uses.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let due = |last: &Use| last.noted.is_none_or(|noted| noted.elapsed() >= NOTED_EVERY);
        uses.iter().filter(|(_, last)| due(last)).map(|(id, last)| (*id, last.at)).collect()
    }

    /// These were written down. Those that were quiet since the last time are forgotten.
    pub fn noted(&self, written: &[(KeyId, crate::db::Instant)]) {
        let mut uses = self.uses.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for (id, at) in written {
            let Some(last) = uses.get_mut(id) else { continue };
            if last.noted.is_some() && last.at == *at {
                uses.remove(id);
            } else {
                last.noted = Some(Instant::now());
            }
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
            hint: String::new(),
            agents: None,
            teams: None,
            expires_at: None,
            last_used_at: None,
            replaced_by: None,
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

    #[test]
    fn a_use_is_written_down_once_and_then_not_for_a_while() {
        let (cache, id) = (KeyCache::default(), KeyId::new());
        assert!(cache.unnoted().is_empty());
        cache.used(id);
        cache.used(id);
        let first = cache.unnoted();
        assert_eq!(first.len(), 1);
        cache.noted(&first);
        cache.used(id);
        assert!(cache.unnoted().is_empty());
    }
}
