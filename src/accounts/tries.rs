//! Failed tries with a password: each further one waits longer, by what was tried and not by who
//! it belongs to, so an address that nobody has answers the same. It never locks a person out for
//! good: the wait is short, a browser they signed in with before has its own count, and a mailed
//! link always works.

use crate::db::{Conn, Hash, Instant, Portable};
use crate::schema::sign_in_tries as tries;
use diesel::prelude::*;

/// How many tries may fail before the next has to wait.
const FREE: i64 = 5;
/// The first wait, in seconds; each further one is twice as long.
const FIRST_WAIT: i64 = 15;
/// The longest wait, in seconds.
const LONGEST_WAIT: i64 = 15 * 60;
/// After how many minutes without a try all is forgotten.
const MEMORY_MINUTES: i64 = 24 * 60;

/// For how many seconds the next try must wait after so many failures.
fn wait_after(failures: i64) -> i64 {
    match failures - FREE {
        ..0 => 0,
        over => FIRST_WAIT.saturating_mul(1 << over.min(10)).min(LONGEST_WAIT),
    }
}

/// Counts a try as failed, before it is known whether it does, so that many at once count too.
/// Where it came too early nothing is counted: the seconds to wait are given.
pub fn take(conn: &mut Conn, bucket: Hash, now: Instant) -> QueryResult<Result<(), u64>> {
    let row: Option<(i64, Instant, Instant)> = tries::table
        .find(bucket)
        .select((tries::failures, tries::wait_until, tries::forget_at))
        .first(conn)
        .optional()?;
    let failures = match row {
        Some((_, wait_until, _)) if wait_until > now => {
            let micros = wait_until.as_micros() - now.as_micros();
            return Ok(Err(micros.unsigned_abs() / 1_000_000 + 1));
        }
        Some((failures, _, forget_at)) if forget_at > now => failures + 1,
        _ => 1,
    };
    let wait_until = Instant::from_micros(now.as_micros() + wait_after(failures) * 1_000_000);
    let values = (
        tries::failures.eq(failures),
        tries::wait_until.eq(wait_until),
        tries::forget_at.eq(now.plus_minutes(MEMORY_MINUTES)),
    );
    let insert = diesel::insert_into(tries::table).values((tries::bucket.eq(bucket), values));
    Portable(insert.on_conflict(tries::bucket).do_update().set(values)).execute(conn)?;
    Ok(Ok(()))
}

/// Forgets failures after a try that was right.
pub fn forget(conn: &mut Conn, bucket: Hash) -> QueryResult<()> {
    diesel::delete(tries::table.find(bucket)).execute(conn)?;
    Ok(())
}

/// Removes what is a day old.
pub fn tidy(conn: &mut Conn, now: Instant) -> QueryResult<usize> {
    diesel::delete(tries::table.filter(tries::forget_at.le(now))).execute(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_have_an_end() {
        let waits: Vec<i64> = (1..=14).map(wait_after).collect();
        assert_eq!(waits, [0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 900, 900, 900, 900]);
        assert_eq!(wait_after(i64::MAX), LONGEST_WAIT);
    }
}
