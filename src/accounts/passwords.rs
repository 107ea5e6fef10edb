//! Passwords: what is good enough, how they are kept (Argon2id), and how they are tried without
//! starving everything else.

use super::model::{Person, PersonId};
use crate::clock;
use crate::db::{Conn, Instant, Portable};
use crate::error::{AppError, AppResult, Mistakes};
use crate::schema::{passwords, people};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use diesel::prelude::*;
use std::sync::Arc;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;
use zxcvbn::{Score, zxcvbn};

/// The fewest characters of a password.
pub const LEAST: usize = 10;
/// The most characters of a password.
pub const MOST: usize = 200;
/// How many wait for their password to be looked at; beyond that they are asked to come back.
const MOST_WAITING: usize = 64;

/// How hard a password is to guess, in words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Strength {
    /// 0 to 4; from 3 on it is taken.
    pub score: u8,
    /// The score as a word.
    pub word: &'static str,
    /// What would make it better; may be empty.
    pub advice: Vec<String>,
}

/// How hard `password` is to guess for someone who knows the 30,000 commonest passwords, names,
/// words, dates, keyboard patterns, and `about`: the person's own names and addresses.
pub fn strength(password: &str, about: &[&str]) -> Strength {
    let parts: Vec<String> = about.iter().flat_map(|text| parts(text)).collect();
    let known: Vec<&str> = parts.iter().map(String::as_str).chain(["overrule"]).collect();
    let found = zxcvbn(password, &known);
    let word = match found.score() {
        Score::Zero => "very weak",
        Score::One => "weak",
        Score::Two => "not strong enough",
        Score::Three => "good",
        _ => "strong",
    };
    let feedback = found.feedback();
    let warning = feedback.and_then(zxcvbn::feedback::Feedback::warning);
    let advice = warning.iter().map(ToString::to_string);
    let more = feedback.map(|feedback| feedback.suggestions().to_vec()).unwrap_or_default();
    let advice = advice.chain(more.iter().map(ToString::to_string)).collect();
    Strength { score: found.score().into(), word, advice }
}

/// A name or address, whole, run together and in its parts.
fn parts(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let long = words.iter().filter(|word| word.chars().count() > 2);
    let long: Vec<String> = long.map(|word| (*word).to_owned()).collect();
    [text.clone(), words.concat()].into_iter().chain(long).collect()
}

/// A password as it is hashed, or what is wrong with it. `about` is what strangers may know.
pub fn check(field: &str, password: &str, about: &[&str]) -> Result<String, Mistakes> {
    let length = password.chars().count();
    if length < LEAST {
        return Err(Mistakes::one(field, format!("A password has at least {LEAST} characters.")));
    }
    if length > MOST {
        return Err(Mistakes::one(field, format!("A password has at most {MOST} characters.")));
    }
    let strength = strength(password, about);
    if strength.score < 3 {
        let message = format!("This password is {}: it would be guessed soon.", strength.word);
        return Err(Mistakes::one(field, message));
    }
    Ok(normal(password))
}

/// The same letters, however a keyboard spells them.
fn normal(password: &str) -> String {
    password.nfc().collect()
}

/// The person with this address and the hash of their password, where they have one and may
/// sign in.
pub fn find(conn: &mut Conn, address: &str) -> QueryResult<Option<(Person, String)>> {
    people::table
        .inner_join(passwords::table)
        .filter(people::address.eq(address))
        .filter(people::can_sign_in.eq(true))
        .filter(people::deactivated_at.is_null())
        .select((people::all_columns, passwords::hash))
        .first(conn)
        .optional()
}

/// The hash of a person's password and when it was set, if they have one.
pub fn of(conn: &mut Conn, person: PersonId) -> QueryResult<Option<(String, Instant)>> {
    passwords::table
        .find(person)
        .select((passwords::hash, passwords::set_at))
        .first(conn)
        .optional()
}

/// Sets or changes a person's password.
pub fn set(conn: &mut Conn, person: PersonId, hash: &str) -> QueryResult<()> {
    let values = (passwords::hash.eq(hash), passwords::set_at.eq(clock::now()));
    let insert =
        diesel::insert_into(passwords::table).values((passwords::person_id.eq(person), values));
    Portable(insert.on_conflict(passwords::person_id).do_update().set(values)).execute(conn)?;
    Ok(())
}

/// Hashes passwords on a few blocking threads: half as many at once as there are processors, so
/// that however many people sign in, pages go on.
#[derive(Clone)]
pub struct Hasher {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// The hash of no password: trying one against it takes as long as against a real one. It is
/// written down, for to make one takes time and 19 MiB at each start.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdA$\
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Default for Hasher {
    /// One for this machine.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            running: Arc::new(Semaphore::new((processors / 2).max(1))),
            waiting: Arc::new(Semaphore::new(MOST_WAITING)),
        }
    }
}

impl Hasher {
    /// The hash of a password that was checked.
    pub async fn hash(&self, password: String) -> AppResult<String> {
        Ok(self.run(move || hash(&password)).await??)
    }

    /// Whether `password` is the one that was hashed; without a hash it takes as long and is not.
    pub async fn is_right(&self, password: String, hash: Option<String>) -> AppResult<bool> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODYS.to_owned());
        let matches = self.run(move || matches(&password, &hash)).await?;
        Ok(matches && known)
    }

    /// Runs what takes a processor for a while, a few at once.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> AppResult<T> {
        let busy = || AppError::Busy("too many passwords are being looked at".into());
        let waits = self.waiting.clone().try_acquire_owned().map_err(|_| busy())?;
        let runs = self.running.clone().acquire_owned().await.map_err(AppError::internal)?;
        // The permits go along, for the work goes on even where nobody waits for it any more.
        let work = move || {
            let _permits = (waits, runs);
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(AppError::internal)
    }
}

fn hash(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|error| anyhow::anyhow!("can't hash: {error}"))?.to_string())
}

fn matches(password: &str, hash: &str) -> bool {
    // A longer one can't be anybody's.
    let password: String = normal(password).chars().take(MOST + 1).collect();
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ADA: &[&str] = &["Ada Lovelace", "ada.lovelace@example.com"];

    #[test]
    fn what_would_be_guessed_is_refused() {
        for bad in [
            "password",
            "password12",
            "1234567890",
            "qwertyuiop",
            "iloveyou12",
            "Passw0rd123!",
            "aaaaaaaaaaaa",
            "adalovelace1",
            "ada.lovelace@example.com",
            "overrule2026",
            "short",
            &"x9".repeat(150),
        ] {
            assert!(check("new", bad, ADA).is_err(), "{bad}");
        }
        for good in ["correct horse battery", "tea kettle sings at noon", "vK3#pq9Lm2x"] {
            assert!(check("new", good, ADA).is_ok(), "{good}: {:?}", strength(good, ADA));
        }
    }

    #[test]
    fn the_advice_says_what_would_be_better() {
        let weak = strength("password12", ADA);
        assert!(weak.score < 3 && !weak.advice.is_empty(), "{weak:?}");
        assert_eq!(strength("tea kettle sings at noon", ADA).word, "strong");
    }

    #[test]
    fn a_password_is_right_in_any_spelling_of_its_letters_and_for_nobody_else() {
        let kept = hash(&check("new", "caf\u{e9} am ring morgens", ADA).unwrap()).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(matches("cafe\u{301} am ring morgens", &kept));
        assert!(!matches("cafe am ring morgens", &kept));
        assert!(!matches("", &kept) && !matches("x", "not a hash"));
    }

    #[test]
    fn what_nobody_knows_takes_as_long_as_a_password() {
        let kept = hash("café am ring morgens").unwrap();
        let (nobodys, kept) =
            (PasswordHash::new(NOBODYS).unwrap(), PasswordHash::new(&kept).unwrap());
        assert_eq!((nobodys.algorithm, nobodys.version), (kept.algorithm, kept.version));
        assert_eq!(nobodys.params, kept.params);
        let length = |hash: &PasswordHash| hash.hash.as_ref().map(|output| output.len());
        assert_eq!(length(&nobodys), length(&kept));
        let verified = Argon2::default().verify_password(b"", &nobodys);
        assert_eq!(verified, Err(argon2::password_hash::Error::PasswordInvalid));
    }
}
