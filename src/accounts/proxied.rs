//! Signing in by the word of a proxy in front: it knows who is there, and says so in a header. The
//! word counts from listed addresses alone; from anywhere else the header means nothing.

use super::actions::check_address;
use super::extract::{database, door};
use super::model::Who;
use super::{identities, queries, sessions};
use crate::clock;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::web::client;
use actix_web::HttpRequest;

/// Whom the proxy speaks for: none where it speaks for nobody, an error where nobody here has the
/// address. What it says goes before a session: it knows who is there now.
pub(super) async fn who(request: &HttpRequest) -> AppResult<Option<Who>> {
    let door = door(request)?;
    let Some(header) = &door.proxy.user_header else { return Ok(None) };
    if !client::is_proxy(request) {
        return Ok(None);
    }
    let mut values = request.headers().get_all(header.as_str());
    let Some(first) = values.next() else { return Ok(None) };
    // Two of them: one may have come from outside.
    let word = first.to_str().ok().filter(|_| values.next().is_none());
    let address = word.and_then(|word| check_address("", word).ok()).ok_or_else(|| {
        tracing::warn!(header, "the proxy's header is no mail address, or is there twice");
        AppError::Forbidden("Your organisation's sign-in does not say who you are.".into())
    })?;
    let db = database(request)?;
    let wanted = address.clone();
    let found = db.read(move |conn| Ok(queries::find_who_by_address(conn, &wanted)?)).await?;
    match found {
        // The proxy has shown that the address is theirs.
        Some(who) if who.person.verified_at.is_none() => {
            let person = who.person.clone();
            db.write(move |conn| Ok(sessions::verify(conn, &person, clock::now())?)).await?;
            Ok(Some(who))
        }
        Some(who) => Ok(Some(who)),
        None if door.proxy.create_people => {
            db.write(move |conn| make(conn, &address)).await?.map(Some).ok_or_else(unknown)
        }
        None => Err(unknown()),
    }
}

fn unknown() -> AppError {
    AppError::Forbidden(
        "You can't sign in here: you have not been added yet, or not any more. Whoever looks after \
         Overrule in your organisation can add you."
            .into(),
    )
}

/// Makes the person at first sight; whoever was deactivated stays so.
fn make(conn: &mut Conn, address: &str) -> AppResult<Option<Who>> {
    let before = queries::find_by_address(conn, address)?;
    if before.is_some_and(|person| person.deactivated_at.is_some()) {
        return Ok(None);
    }
    let person = identities::make(conn, address, "")?;
    sessions::verify(conn, &person, clock::now())?;
    Ok(queries::find_who_by_address(conn, address)?)
}
