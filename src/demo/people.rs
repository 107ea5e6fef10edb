//! The people of the demo, made up, and their links to sign in.

use crate::accounts::model::{Person, Team};
use crate::accounts::{PersonId, actions};
use crate::clock;
use crate::db::Conn;
use crate::error::AppResult;
use crate::schema::{people, teams};
use diesel::prelude::*;

/// Slug and name of each team.
pub const TEAMS: &[(&str, &str)] = &[
    ("support", "Customer support"),
    ("stores", "Stores"),
    ("finance", "Finance"),
    ("people", "People and travel"),
];

/// Who a person is in the demo: name, team, champion, manager, engineer, admin.
type Cast = (&'static str, &'static str, bool, bool, bool, bool);

const CAST: &[Cast] = &[
    ("Ana Marques", "support", false, false, false, false),
    ("Maya Lindqvist", "support", true, false, false, false),
    ("Tomas Novak", "support", false, true, false, false),
    ("Ines Okafor", "", false, false, true, false),
    ("Ruth Adeyemi", "", false, false, false, true),
    ("Bilal Haddad", "support", false, false, false, false),
    ("Chloé Bernard", "support", false, false, false, false),
    ("Daniel Weiss", "support", false, false, false, false),
    ("Ewa Kowalska", "support", false, false, false, false),
    ("Farid Rahimi", "support", false, false, false, false),
    ("Greta Holm", "stores", true, true, false, false),
    ("Hugo Silva", "stores", false, false, false, false),
    ("Irina Petrova", "stores", false, false, false, false),
    ("Jonas Vogel", "stores", false, false, false, false),
    ("Kim Nguyen", "finance", true, false, false, false),
    ("Lena Fischer", "finance", false, true, false, false),
    ("Marco Conti", "finance", false, false, false, false),
    ("Nadia Benali", "finance", false, false, false, false),
    ("Oskar Lund", "finance", false, false, false, false),
    ("Priya Raman", "people", true, false, false, false),
    ("Quentin Moreau", "people", false, true, false, false),
    ("Rosa Jiménez", "people", false, false, false, false),
    ("Samuel Osei", "people", false, false, false, false),
    ("Tilda Berg", "people", false, false, false, false),
];

/// One link for each kind of person: the kind, the name and the token.
pub const KINDS: &[(&str, &str)] = &[
    ("member", "Ana Marques"),
    ("champion", "Maya Lindqvist"),
    ("manager", "Tomas Novak"),
    ("engineer", "Ines Okafor"),
    ("admin", "Ruth Adeyemi"),
];

/// The address of a person of the cast.
pub fn address(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|c| match c {
            'é' | 'è' => 'e',
            ' ' => '.',
            other => other,
        })
        .collect();
    format!("{plain}@example.com")
}

/// The addresses of the members of a team.
pub fn members(team: &str) -> Vec<String> {
    CAST.iter().filter(|cast| cast.1 == team).map(|cast| address(cast.0)).collect()
}

/// The address of the first champion of a team.
pub fn champion(team: &str) -> String {
    let found = CAST.iter().find(|cast| cast.1 == team && cast.2);
    address(found.map_or("Maya Lindqvist", |cast| cast.0))
}

/// Makes teams and people.
pub fn make(conn: &mut Conn) -> AppResult<()> {
    for (slug, name) in TEAMS {
        let team: Team = actions::ensure_team(conn, slug)?;
        diesel::update(teams::table.find(team.id)).set(teams::name.eq(*name)).execute(conn)?;
    }
    for (name, team, is_champion, is_manager, is_engineer, is_admin) in CAST {
        let now = clock::now();
        let person = Person {
            id: PersonId::new(),
            address: Some(address(name)),
            name: (*name).to_owned(),
            can_sign_in: true,
            is_engineer: *is_engineer,
            is_admin: *is_admin,
            verified_at: Some(now),
            deactivated_at: None,
            created_at: now,
        };
        diesel::insert_into(people::table).values(&person).execute(conn)?;
        if !team.is_empty() {
            let team = actions::ensure_team(conn, team)?;
            actions::join_team(conn, person.id, team.id, *is_champion, *is_manager)?;
        }
    }
    Ok(())
}

/// A link that signs in as a person as often as one likes.
pub fn link(conn: &mut Conn, name: &str) -> AppResult<String> {
    let person = crate::accounts::queries::find_by_address(conn, &address(name))?
        .ok_or(crate::error::AppError::NotFound)?;
    crate::accounts::make_sign_in_link(conn, person.id, true, 30 * 24 * 60)
}
