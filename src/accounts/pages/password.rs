//! Setting one's own password.

use super::profile::{Kept, Proof, Typed, profile};
use crate::accounts::door::session_of;
use crate::accounts::model::{Person, PersonId};
use crate::accounts::{Door, SignedIn, mails, passwords, sessions, tries};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::{Conn, Db, Hash};
use crate::error::{AppError, AppResult, Mistakes};
use crate::mail::Nudge;
use crate::web::{Site, form, see_other};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct PasswordForm {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    new_password: String,
}

/// How strong what is being typed is.
pub(super) async fn strength(
    by: SignedIn,
    door: Data<Door>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let form: PasswordForm = form::read(&body)?;
    let person = by.who.person.clone();
    let strength = move || passwords::strength(&form.new_password, &about(&person));
    Ok(HttpResponse::Ok().json(door.hasher.run(strength).await?))
}

/// What strangers may know of a person.
fn about(person: &Person) -> Vec<&str> {
    [Some(person.name.as_str()), person.address.as_deref()].into_iter().flatten().collect()
}

pub(super) async fn set(
    by: SignedIn,
    request: HttpRequest,
    site: Data<Site>,
    door: Data<Door>,
    db: Data<Db>,
    nudge: Data<Nudge>,
    body: Bytes,
) -> AppResult<HttpResponse> {
    let form: PasswordForm = form::read(&body)?;
    let this = session_of(&request);
    if !door.sign_in.password || this.is_none() {
        return Err(AppError::Forbidden("Nobody signs in by password here.".into()));
    }
    let kept = Kept::read(&by.who, &request, &door, &db).await?;
    let proved = prove(by.who.id(), &kept, &form, &site, &door, &db).await?;
    let (person, new) = (by.who.person.clone(), form.new_password.clone());
    let check = move || {
        let about = about(&person);
        let strength = (!new.is_empty()).then(|| passwords::strength(&new, &about));
        (passwords::check("new_password", &new, &about), strength)
    };
    let (checked, strength) = door.hasher.run(check).await?;
    let password = match (proved, checked) {
        (Ok(()), Ok(password)) => password,
        (proved, checked) => {
            let wrong = [proved.err(), checked.err()].into_iter().flatten();
            let password = Mistakes(wrong.flat_map(|mistakes| mistakes.0).collect());
            let typed = Typed { password, strength, ..Typed::default() };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return profile(status, by.ctx(), &by.who, &door, kept, typed);
        }
    };
    let (hash, person) = (door.hasher.hash(password).await?, by.who.person.clone());
    db.write(move |conn| change(conn, &site, &person, &hash, this)).await?;
    nudge.mail();
    Ok(see_other("/profile?done=password"))
}

/// Whether the person showed what is needed; tries are counted as on the page to sign in.
async fn prove(
    person: PersonId,
    kept: &Kept,
    form: &PasswordForm,
    site: &Site,
    door: &Door,
    db: &Db,
) -> AppResult<Result<(), Mistakes>> {
    let hash = match (kept.proof(), &kept.password) {
        (Proof::Shown, _) => return Ok(Ok(())),
        (Proof::Password, Some((hash, _))) => hash.clone(),
        _ => return Ok(Err(Mistakes::one("new_password", "Sign in again first, by a link."))),
    };
    let wrong = |message: &str| Ok(Err(Mistakes::one("current_password", message)));
    if form.current_password.is_empty() {
        return wrong("Enter the password you have.");
    }
    let bucket = site.signer.keyed_hash(&[b"tries of", person.0.as_bytes()]);
    let take = move |conn: &mut Conn| Ok(tries::take(conn, bucket, clock::now())?);
    if let Err(seconds) = db.write(take).await? {
        return wrong(&format!("Too many tries. Wait {seconds} seconds before the next."));
    }
    if !door.hasher.is_right(form.current_password.clone(), Some(hash)).await? {
        return wrong("This is not your password.");
    }
    db.write(move |conn| Ok(tries::forget(conn, bucket)?)).await?;
    Ok(Ok(()))
}

/// Sets it, signs out everywhere else, and tells the person by mail.
fn change(
    conn: &mut Conn,
    site: &Site,
    person: &Person,
    hash: &str,
    this: Option<Hash>,
) -> AppResult<()> {
    passwords::set(conn, person.id, hash)?;
    sessions::void_links(conn, person.id)?;
    sessions::end_others_of(conn, Actor::Person(person.id.0), person.id, this)?;
    let subject = format!("person:{}", person.id);
    audit::record(conn, Actor::Person(person.id.0), "password.set", &subject, json!({}))?;
    mails::password_set(conn, site, person)
}
