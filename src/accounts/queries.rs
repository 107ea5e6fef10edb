//! Every query on people, teams, sessions and keys.

use super::model::{Key, KeyId, Membership, Person, PersonId, SignInLink, Team, TeamId, Who};
use crate::audit::ActorId;
use crate::db::{Conn, Hash, Instant, one_of};
use crate::schema::{api_keys, memberships, people, sessions, sign_in_links, teams};
use diesel::prelude::*;

/// Who holds the session with this token, if it is still good and was used within the last
/// `idle_minutes`: one query, a row a team.
pub fn find_by_session(
    conn: &mut Conn,
    token_hash: Hash,
    now: Instant,
    idle_minutes: i64,
) -> QueryResult<Option<Who>> {
    let rows: Vec<(Person, Option<Membership>)> = sessions::table
        .inner_join(people::table.left_join(memberships::table))
        .filter(sessions::token_hash.eq(token_hash))
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::last_seen_at.gt(now.plus_minutes(-idle_minutes)))
        .filter(people::deactivated_at.is_null())
        .filter(people::can_sign_in.eq(true))
        .select((people::all_columns, memberships::all_columns.nullable()))
        .load(conn)?;
    Ok(who(rows))
}

/// Whoever has this address and may sign in, with their teams: one query, a row a team.
pub fn find_who_by_address(conn: &mut Conn, address: &str) -> QueryResult<Option<Who>> {
    let rows: Vec<(Person, Option<Membership>)> = people::table
        .left_join(memberships::table)
        .filter(people::address.eq(address))
        .filter(people::deactivated_at.is_null())
        .filter(people::can_sign_in.eq(true))
        .select((people::all_columns, memberships::all_columns.nullable()))
        .load(conn)?;
    Ok(who(rows))
}

/// Whether anybody may sign in, or once could.
pub fn is_anybody_here(conn: &mut Conn) -> QueryResult<bool> {
    let one: Option<PersonId> = people::table
        .filter(people::can_sign_in.eq(true))
        .select(people::id)
        .first(conn)
        .optional()?;
    Ok(one.is_some())
}

fn who(rows: Vec<(Person, Option<Membership>)>) -> Option<Who> {
    let mut rows = rows.into_iter();
    let (person, first) = rows.next()?;
    let memberships = first.into_iter().chain(rows.filter_map(|(_, m)| m)).collect();
    Some(Who { person, memberships })
}

/// The person with this address, in any spelling.
pub fn find_by_address(conn: &mut Conn, address: &str) -> QueryResult<Option<Person>> {
    people::table
        .filter(people::address.eq(super::model::normal_address(address)))
        .select(people::all_columns)
        .first(conn)
        .optional()
}

/// The sign-in link with this token and its person, whether or not it still works.
pub fn find_link(conn: &mut Conn, token_hash: Hash) -> QueryResult<Option<(SignInLink, Person)>> {
    sign_in_links::table
        .inner_join(people::table)
        .filter(sign_in_links::token_hash.eq(token_hash))
        .select((sign_in_links::all_columns, people::all_columns))
        .first(conn)
        .optional()
}

/// How many one-time links of a person still work.
pub fn count_open_links(conn: &mut Conn, person: PersonId, now: Instant) -> QueryResult<i64> {
    sign_in_links::table
        .filter(sign_in_links::person_id.eq(person))
        .filter(sign_in_links::is_reusable.eq(false))
        .filter(sign_in_links::used_at.is_null())
        .filter(sign_in_links::expires_at.gt(now))
        .count()
        .get_result(conn)
}

/// The key with this token, unless it was revoked.
pub fn find_key(conn: &mut Conn, token_hash: Hash) -> QueryResult<Option<Key>> {
    api_keys::table
        .filter(api_keys::token_hash.eq(token_hash))
        .filter(api_keys::revoked_at.is_null())
        .select(api_keys::all_columns)
        .first(conn)
        .optional()
}

/// The key with this id, also one that was revoked.
pub fn find_key_by_id(conn: &mut Conn, id: KeyId) -> QueryResult<Option<Key>> {
    api_keys::table.find(id).select(api_keys::all_columns).first(conn).optional()
}

/// The newest keys before `before`, also those that were revoked.
pub fn list_keys(conn: &mut Conn, before: Option<KeyId>, limit: i64) -> QueryResult<Vec<Key>> {
    let mut query = api_keys::table
        .select(api_keys::all_columns)
        .order(api_keys::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(api_keys::id.lt(before));
    }
    query.load(conn)
}

/// The team with this slug.
pub fn find_team(conn: &mut Conn, slug: &str) -> QueryResult<Option<Team>> {
    teams::table.filter(teams::slug.eq(slug)).select(teams::all_columns).first(conn).optional()
}

/// All teams, by slug.
pub fn list_teams(conn: &mut Conn) -> QueryResult<Vec<Team>> {
    teams::table.order(teams::slug).select(teams::all_columns).load(conn)
}

/// The ids of people by their normal addresses; those nobody has are left out.
pub fn ids_by_address(
    conn: &mut Conn,
    addresses: &[String],
) -> QueryResult<Vec<(String, PersonId)>> {
    let rows: Vec<(Option<String>, PersonId)> = people::table
        .filter(one_of(people::address, addresses))
        .select((people::address, people::id))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(address, id)| Some((address?, id))).collect())
}

/// The champions' names of a team, for "who looks at it".
pub fn champion_names(conn: &mut Conn, team: TeamId) -> QueryResult<Vec<String>> {
    memberships::table
        .inner_join(people::table)
        .filter(memberships::team_id.eq(team))
        .filter(memberships::is_champion.eq(true))
        .filter(people::deactivated_at.is_null())
        .order(people::name)
        .select(people::name)
        .limit(20)
        .load(conn)
}

/// The names of those who did something: of people, and of keys.
pub fn names_of_actors(conn: &mut Conn, ids: &[ActorId]) -> QueryResult<Vec<(ActorId, String)>> {
    let mut names: Vec<(ActorId, String)> = people::table
        .filter(people::id.eq_any(ids))
        .select((people::id, people::name))
        .load(conn)?;
    let keys: Vec<(ActorId, String)> = api_keys::table
        .filter(api_keys::id.eq_any(ids))
        .select((api_keys::id, api_keys::name))
        .load(conn)?;
    names.extend(keys);
    Ok(names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::db::plans;

    #[test]
    fn who_is_signed_in_is_one_statement_that_walks_indexes_only() {
        let token = Hash::of(&[b"token"]);
        let asked = plans::of(|conn| Ok(find_by_session(conn, token, clock::now(), 60)?)).unwrap();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!(asked[0].len(), 3, "{asked:?}");
        assert!(asked[0].iter().all(|step| step.starts_with("SEARCH")), "{asked:?}");
    }
}
