//! The first admin: while nobody can sign in, `serve` prints a link that makes one. The link is
//! signed, so it needs no row and every server on one database prints one that works; it works
//! once, for then there is somebody.

use super::actions::{NewPerson, add_person};
use super::queries;
use super::sessions::{self, Start};
use crate::audit::Actor;
use crate::clock;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::web::Site;
use crate::web::token::{Purpose, Refused};
use uuid::Uuid;

/// For how many minutes a printed link works.
const MINUTES: i64 = 24 * 60;

/// The link that makes the first admin.
pub fn link(site: &Site) -> String {
    let expires = clock::now().plus_minutes(MINUTES);
    let token = site.signer.sign(Purpose::FirstAdmin, Uuid::nil(), Some(expires));
    format!("{}/first/{token}", site.public_url)
}

/// Whether the token is one of ours; an error says why not.
pub fn check(site: &Site, token: &str) -> AppResult<()> {
    match site.signer.check(Purpose::FirstAdmin, token, clock::now()) {
        Ok(_) => Ok(()),
        Err(Refused::Forged) => Err(AppError::NotFound),
        Err(Refused::Expired) => {
            Err(AppError::Gone("It works for a day. Start the server again for a new one.".into()))
        }
    }
}

/// An error where somebody can sign in already.
pub fn must_be_first(conn: &mut Conn) -> AppResult<()> {
    if queries::is_anybody_here(conn)? {
        return Err(AppError::Gone(
            "There is somebody who can sign in: they can add you, or `overrule user add`.".into(),
        ));
    }
    Ok(())
}

/// Makes the first admin and signs them in. Of two who try at once one wins.
pub fn make_admin(conn: &mut Conn, email: &str, name: &str, new: &Start) -> AppResult<()> {
    must_be_first(conn)?;
    // Whoever starts the server vouches for the address, but not for what others said in its name.
    if queries::find_by_address(conn, email)?.is_some() {
        let why = "was named in reports already, which would become yours unseen. Add yourself \
                   with `overrule user add`";
        return Err(AppError::invalid("email", why));
    }
    let (email, name) = (email.to_owned(), Some(name.to_owned()));
    let admin = NewPerson { email, name, is_admin: true, ..NewPerson::default() };
    let person = add_person(conn, Actor::System, &admin)?;
    sessions::verify(conn, &person, clock::now())?;
    sessions::start(conn, person.id, new)
}
