//! Lists of people as a file: CSV as spreadsheets write it, in whichever way. Reading it needs no
//! database; what it would change is looked up before anything is written, and then it is written
//! as a whole or not at all.

use super::actions::{NewPerson, TeamRole, add_person, check_address, check_name, check_slug};
use super::model::{Membership, Person, PersonId, Team, normal_address};
use super::people::{mail_invitation, still_admin};
use super::roll;
use crate::audit::{self, Actor};
use crate::db::Conn;
use crate::error::{AppError, AppResult, Mistakes};
use crate::web::Site;
use serde_json::json;
use std::collections::{BTreeSet, HashMap};

/// The most bytes a list may have.
pub const MAX_BYTES: usize = 1024 * 1024;
/// The most people a list may have.
pub const MAX_PEOPLE: usize = 2_000;
/// What may stand between two cells.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A list that was read.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    pub people: Vec<Listed>,
    /// The lines that are not right.
    pub bad: Vec<Bad>,
    /// Columns that mean nothing here.
    pub ignored: Vec<String>,
}

/// A person on a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// From 1.
    pub line: u64,
    pub person: NewPerson,
}

/// A line that is not right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// From 1.
    pub line: u64,
    /// Whom it names, as far as can be told.
    pub who: String,
    pub why: String,
}

/// The text of a file: UTF-8 with or without a mark at its beginning, or UTF-16 with one.
pub fn decode(bytes: &[u8]) -> Result<String, Mistakes> {
    let wrong = |why: &str| Mistakes::one("csv", why);
    if bytes.len() > MAX_BYTES {
        return Err(wrong("may have 1 MiB at most"));
    }
    let wide = |from: fn([u8; 2]) -> u16| {
        let pairs = bytes[2..].chunks(2);
        let units: Vec<u16> = pairs.map(|p| from([p[0], *p.get(1).unwrap_or(&0)])).collect();
        String::from_utf16(&units).map_err(|_| wrong("is broken UTF-16; save it as UTF-8"))
    };
    let text = match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes)?,
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes)?,
        _ => std::str::from_utf8(bytes)
            .map_err(|_| wrong("is not UTF-8; save it as “CSV UTF-8”"))?
            .to_owned(),
    };
    let text = text.trim_start_matches('\u{feff}').to_owned();
    if text.contains('\0') {
        return Err(wrong("holds the character NUL; it is no text"));
    }
    Ok(text)
}

/// Reads a list. A mistake is about the whole: no such column, too many people.
pub fn read(text: &str) -> Result<Roster, Mistakes> {
    // Spreadsheets end lines in three ways; they are counted alike.
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let (text, said) = separator_line(&text);
    let found = said.into_iter().chain(DELIMITERS).find_map(|delimiter| {
        let columns = Columns::read(text, delimiter)?;
        Some((delimiter, columns))
    });
    let Some((delimiter, columns)) = found else {
        let why = "needs a first line that names its columns: email, and name, role, teams";
        return Err(Mistakes::one("csv", why));
    };
    let mut roster = Roster { ignored: columns.ignored.clone(), ..Roster::default() };
    let mut seen: HashMap<String, u64> = HashMap::new();
    // Excel's line about the separator is counted, too.
    let before = u64::from(said.is_some());
    for record in reader(text, delimiter).records() {
        let unread = |error| Mistakes::one("csv", format!("can't be read: {error}"));
        let record = record.map_err(unread)?;
        let line = record.position().map_or(0, csv::Position::line) + before;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match columns.person(&record).and_then(|person| once(&mut seen, person, line)) {
            Ok(person) => roster.people.push(Listed { line, person }),
            Err(mistakes) => {
                let who = columns.cell(&record, columns.email).to_owned();
                roster.bad.push(Bad { line, who, why: mistakes.to_string() });
            }
        }
        if roster.people.len() + roster.bad.len() > MAX_PEOPLE {
            let why = format!("may name {MAX_PEOPLE} people at most; cut it in parts");
            return Err(Mistakes::one("csv", why));
        }
    }
    Ok(roster)
}

/// A first line `sep=;`, as Excel has it.
fn separator_line(text: &str) -> (&str, Option<u8>) {
    let Some((first, rest)) = text.split_once('\n') else { return (text, None) };
    match first.trim_end().strip_prefix("sep=").map(str::as_bytes) {
        Some([delimiter]) if DELIMITERS.contains(delimiter) => (rest, Some(*delimiter)),
        _ => (text, None),
    }
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes())
}

/// The second line that names somebody is a mistake.
fn once(
    seen: &mut HashMap<String, u64>,
    person: NewPerson,
    line: u64,
) -> Result<NewPerson, Mistakes> {
    if let Some(first) = seen.get(&person.email) {
        return Err(Mistakes::one("email", format!("is on line {first} already")));
    }
    seen.insert(person.email.clone(), line);
    Ok(person)
}

/// Where which cell is.
struct Columns {
    email: Option<usize>,
    name: Option<usize>,
    role: Option<usize>,
    teams: Option<usize>,
    ignored: Vec<String>,
}

impl Columns {
    /// The columns of the first line, if it has one for addresses.
    fn read(text: &str, delimiter: u8) -> Option<Self> {
        let mut reader = reader(text, delimiter);
        let headers = reader.headers().ok()?;
        let mut columns =
            Self { email: None, name: None, role: None, teams: None, ignored: Vec::new() };
        for (place, title) in headers.iter().enumerate() {
            let slot = match title.trim().to_lowercase().as_str() {
                "email" | "e-mail" | "mail" | "address" | "email address" | "e-mail address" => {
                    &mut columns.email
                }
                "name" | "full name" | "display name" => &mut columns.name,
                "role" => &mut columns.role,
                "team" | "teams" => &mut columns.teams,
                _ => {
                    columns.ignored.push(title.trim().chars().take(100).collect());
                    continue;
                }
            };
            slot.get_or_insert(place);
        }
        columns.email.is_some().then_some(columns)
    }

    fn cell<'r>(&self, record: &'r csv::StringRecord, place: Option<usize>) -> &'r str {
        place.and_then(|place| record.get(place)).unwrap_or_default().trim()
    }

    fn person(&self, record: &csv::StringRecord) -> Result<NewPerson, Mistakes> {
        let mut mistakes = Mistakes::default();
        let m = &mut mistakes;
        let email = check_address("email", self.cell(record, self.email)).map_err(|_| {
            m.add("email", "is no e-mail address, such as name@example.com");
        });
        let name = match self.cell(record, self.name) {
            "" => None,
            name => check_name("name", name).map_err(|more| m.0.extend(more.0)).ok(),
        };
        let (mut is_admin, mut is_engineer) = (false, false);
        for word in words(self.cell(record, self.role)) {
            match word.to_lowercase().as_str() {
                "admin" => is_admin = true,
                "engineer" => is_engineer = true,
                "member" => {}
                _ => m.add("role", format!("`{word}` is not one of: member, engineer, admin")),
            }
        }
        let teams = teams(m, self.cell(record, self.teams));
        let email = email.unwrap_or_default();
        mistakes.or(NewPerson { email, name, is_engineer, is_admin, teams })
    }
}

fn words(cell: &str) -> impl Iterator<Item = &str> {
    let apart = |letter: char| letter.is_whitespace() || matches!(letter, ',' | ';' | '|');
    cell.split(apart).filter(|word| !word.is_empty())
}

/// `support:champion sales`; a team that is named twice has both roles.
fn teams(mistakes: &mut Mistakes, cell: &str) -> Vec<TeamRole> {
    let mut teams: Vec<TeamRole> = Vec::new();
    for word in words(cell) {
        let (slug, role) = word.split_once(':').unwrap_or((word, ""));
        let (is_champion, is_manager) = match role {
            "" | "member" => (false, false),
            "champion" => (true, false),
            "manager" => (false, true),
            other => {
                mistakes.add("teams", format!("`{other}` is not one of: champion, manager"));
                continue;
            }
        };
        if check_slug(slug).is_err() {
            mistakes.add("teams", format!("`{slug}` is no team: a-z, 0-9, “-”, “_” and “.”"));
            continue;
        }
        match teams.iter_mut().find(|team| team.team == slug) {
            Some(team) => {
                team.is_champion |= is_champion;
                team.is_manager |= is_manager;
            }
            None => teams.push(TeamRole { team: slug.to_owned(), is_champion, is_manager }),
        }
    }
    teams
}

/// What a list would do to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// They get an account.
    New,
    /// They have one, and get a name, roles or teams.
    Changed,
    /// Nothing.
    Same,
}

/// What a list would do.
#[derive(Debug, Clone, Default)]
pub struct Outlook {
    /// One for each person on the list.
    pub fates: Vec<Fate>,
    /// Slugs of teams that would be made.
    pub new_teams: Vec<String>,
    /// People who can't be on it.
    pub bad: Vec<Bad>,
}

impl Outlook {
    /// How many have this fate.
    pub fn count(&self, fate: Fate) -> usize {
        self.fates.iter().filter(|one| **one == fate).count()
    }
}

/// Looks up what a list would do; a fixed few queries, however long it is.
pub fn look(conn: &mut Conn, listed: &[Listed]) -> AppResult<Outlook> {
    let addresses: Vec<String> = listed.iter().map(|one| one.person.email.clone()).collect();
    let known: HashMap<String, Person> = roll::find_by_addresses(conn, &addresses)?
        .into_iter()
        .filter_map(|person| Some((person.address.clone()?, person)))
        .collect();
    let ids: Vec<PersonId> = known.values().map(|person| person.id).collect();
    let places = roll::teams_of(conn, &ids)?;
    let mut outlook = Outlook::default();
    for one in listed {
        let person = known.get(&one.person.email).filter(|person| person.can_sign_in);
        if person.is_some_and(|person| person.deactivated_at.is_some()) {
            let why = "is deactivated; activate them on their page first".to_owned();
            outlook.bad.push(Bad { line: one.line, who: one.person.email.clone(), why });
        }
        outlook.fates.push(match person {
            None => Fate::New,
            Some(person) if adds_nothing(&one.person, person, &places) => Fate::Same,
            Some(_) => Fate::Changed,
        });
    }
    let named: BTreeSet<&str> =
        listed.iter().flat_map(|one| &one.person.teams).map(|team| team.team.as_str()).collect();
    let named: Vec<String> = named.into_iter().map(str::to_owned).collect();
    let there = roll::slugs_of(conn, &named)?;
    outlook.new_teams = named.into_iter().filter(|slug| !there.contains(slug)).collect();
    Ok(outlook)
}

fn adds_nothing(new: &NewPerson, person: &Person, places: &[(Membership, Team)]) -> bool {
    let has = |wanted: &TeamRole| {
        places.iter().any(|(place, team)| {
            place.person_id == person.id
                && team.slug == wanted.team
                && (place.is_champion || !wanted.is_champion)
                && (place.is_manager || !wanted.is_manager)
        })
    };
    new.name.as_ref().is_none_or(|name| *name == person.name)
        && (person.is_admin || !new.is_admin)
        && (person.is_engineer || !new.is_engineer)
        && new.teams.iter().all(has)
}

/// Writes a list, all of it or, with a mistake, nothing. Whoever is new is mailed a link where
/// `invites` says so.
pub fn apply(
    conn: &mut Conn,
    site: &Site,
    by: PersonId,
    listed: &[Listed],
    invites: bool,
) -> AppResult<Outlook> {
    let by = still_admin(conn, by)?;
    let outlook = look(conn, listed)?;
    if let Some(bad) = outlook.bad.first() {
        let why = format!("line {}: {} {}", bad.line, normal_address(&bad.who), bad.why);
        return Err(AppError::invalid("csv", why));
    }
    for (one, fate) in listed.iter().zip(&outlook.fates) {
        if *fate == Fate::Same {
            continue;
        }
        let person = add_person(conn, Actor::Person(by.id().0), &one.person)?;
        if *fate == Fate::New && invites {
            mail_invitation(conn, site, &by, &person)?;
        }
    }
    let detail = json!({ "new": outlook.count(Fate::New), "changed": outlook.count(Fate::Changed),
        "new_teams": outlook.new_teams, "invited": invites });
    audit::record(conn, Actor::Person(by.id().0), "people.import", "people", detail)?;
    Ok(outlook)
}

#[cfg(test)]
#[path = "roster_tests.rs"]
#[allow(clippy::unwrap_used)]
mod tests;
