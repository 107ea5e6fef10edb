//! The roll: queries on people and teams for those who look after them. Whoever was only named by
//! others has no account and is not on it.

use super::model::{Membership, Person, PersonId, Team, TeamId, Who};
use crate::db::Conn;
use crate::schema::{memberships, people, teams};
use diesel::prelude::*;

crate::text_enum!(
    /// Which of the people with an account.
    Standing {
        /// All of them.
        All = "all",
        Admin = "admin",
        Engineer = "engineer",
        /// They never signed in.
        Invited = "invited",
        Deactivated = "deactivated",
    }
);

diesel::define_sql_function!(
    /// A text in lower case.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text
);

/// People with an account, newest first: those whose name or address holds `part`.
pub fn list_accounts(
    conn: &mut Conn,
    standing: Standing,
    part: &str,
    before: Option<PersonId>,
    limit: i64,
) -> QueryResult<Vec<Person>> {
    let mut query = people::table
        .filter(people::can_sign_in)
        .select(people::all_columns)
        .order(people::id.desc())
        .limit(limit)
        .into_boxed();
    query = match standing {
        Standing::All => query,
        Standing::Admin => query.filter(people::is_admin),
        Standing::Engineer => query.filter(people::is_engineer),
        Standing::Invited => {
            query.filter(people::verified_at.is_null()).filter(people::deactivated_at.is_null())
        }
        Standing::Deactivated => query.filter(people::deactivated_at.is_not_null()),
    };
    if !part.is_empty() {
        let pattern = containing(part);
        let address = people::address.like(pattern.clone()).escape('\\');
        let name = lower(people::name).like(pattern).escape('\\');
        query = query.filter(name.or(address.assume_not_null()));
    }
    if let Some(before) = before {
        query = query.filter(people::id.lt(before));
    }
    query.load(conn)
}

/// `%part%` in lower case, where `%` and `_` stand for themselves.
fn containing(part: &str) -> String {
    let mut pattern = String::from("%");
    for letter in part.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// The person with this id, if they have an account.
pub fn find_account(conn: &mut Conn, id: PersonId) -> QueryResult<Option<Person>> {
    people::table
        .find(id)
        .filter(people::can_sign_in)
        .select(people::all_columns)
        .first(conn)
        .optional()
}

/// The people with these normal addresses, also those who were only named.
pub fn find_by_addresses(conn: &mut Conn, addresses: &[String]) -> QueryResult<Vec<Person>> {
    let named = people::table.filter(people::address.eq_any(addresses));
    named.select(people::all_columns).load(conn)
}

/// Those of these slugs that are teams.
pub fn slugs_of(conn: &mut Conn, slugs: &[String]) -> QueryResult<Vec<String>> {
    teams::table.filter(teams::slug.eq_any(slugs)).select(teams::slug).load(conn)
}

/// Someone who may sign in now, with their teams as they are now.
pub fn find_who(conn: &mut Conn, id: PersonId) -> QueryResult<Option<Who>> {
    let person = find_account(conn, id)?.filter(|person| person.deactivated_at.is_none());
    let Some(person) = person else { return Ok(None) };
    let memberships = memberships::table
        .filter(memberships::person_id.eq(id))
        .select(memberships::all_columns)
        .load(conn)?;
    Ok(Some(Who { person, memberships }))
}

/// How many admins there are who have signed in and still may.
pub fn count_admins(conn: &mut Conn) -> QueryResult<i64> {
    people::table
        .filter(people::is_admin)
        .filter(people::can_sign_in)
        .filter(people::deactivated_at.is_null())
        .filter(people::verified_at.is_not_null())
        .count()
        .get_result(conn)
}

/// The teams of these people, by slug.
pub fn teams_of(conn: &mut Conn, ids: &[PersonId]) -> QueryResult<Vec<(Membership, Team)>> {
    memberships::table
        .inner_join(teams::table)
        .filter(memberships::person_id.eq_any(ids))
        .order(teams::slug)
        .select((memberships::all_columns, teams::all_columns))
        .load(conn)
}

/// The members of a team after `after` by their ids, so in the order in which they came.
pub fn members_after(
    conn: &mut Conn,
    team: TeamId,
    after: Option<PersonId>,
    limit: i64,
) -> QueryResult<Vec<(Person, Membership)>> {
    let mut query = memberships::table
        .inner_join(people::table)
        .filter(memberships::team_id.eq(team))
        .select((people::all_columns, memberships::all_columns))
        .order(memberships::person_id)
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(memberships::person_id.gt(after));
    }
    query.load(conn)
}

/// A person's place in a team, if they have one.
pub fn find_membership(
    conn: &mut Conn,
    person: PersonId,
    team: TeamId,
) -> QueryResult<Option<Membership>> {
    memberships::table.find((person, team)).select(memberships::all_columns).first(conn).optional()
}

/// Teams after `after` by slug, with how many are in each.
pub fn list_teams_after(conn: &mut Conn, after: &str, limit: i64) -> QueryResult<Vec<(Team, i64)>> {
    let teams: Vec<Team> = teams::table
        .filter(teams::slug.gt(after))
        .order(teams::slug)
        .limit(limit)
        .select(teams::all_columns)
        .load(conn)?;
    let ids: Vec<TeamId> = teams.iter().map(|team| team.id).collect();
    let counts: Vec<(TeamId, i64)> = memberships::table
        .filter(memberships::team_id.eq_any(ids))
        .group_by(memberships::team_id)
        .select((memberships::team_id, diesel::dsl::count_star()))
        .load(conn)?;
    let count = |team: &Team| counts.iter().find(|(id, _)| *id == team.id).map_or(0, |(_, n)| *n);
    Ok(teams.into_iter().map(|team| (team.clone(), count(&team))).collect())
}

/// The teams that a person looks after, by name; all of them for an admin.
pub fn teams_looked_after_by(conn: &mut Conn, who: &Who) -> QueryResult<Vec<Team>> {
    let query = teams::table.order(teams::name).select(teams::all_columns);
    if who.person.is_admin {
        return query.load(conn);
    }
    let mine: Vec<TeamId> = who.teams().into_iter().filter(|team| who.looks_after(*team)).collect();
    query.filter(teams::id.eq_any(mine)).load(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_stands_for_itself() {
        assert_eq!(containing("Ada_50%\\"), "%ada\\_50\\%\\\\%");
    }
}
