//! Keys for programs.

use crate::accounts::model::{Key, KeyId, Scope};
use crate::audit::{self, Actor};
use crate::clock;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::schema::api_keys;
use crate::web::token;
use diesel::prelude::*;

/// Makes a key and gives its token, which is kept as a hash only and never shown again.
pub fn make_key(conn: &mut Conn, by: Actor, name: &str, scopes: &[Scope]) -> AppResult<String> {
    if name.trim().is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(AppError::invalid("", "a key's name has 1 to 100 characters"));
    }
    if scopes.is_empty() {
        return Err(AppError::invalid("", format!("a key has a scope: {}", Scope::allowed())));
    }
    // Recognisable, so that a scanner finds a key that leaked.
    let token = format!("ovr_{}", token::random());
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let key = Key {
        id: KeyId::new(),
        name: name.trim().to_owned(),
        token_hash: token::hash(&token),
        scopes: scopes.join(" "),
        created_at: clock::now(),
        revoked_at: None,
    };
    diesel::insert_into(api_keys::table).values(&key).execute(conn)?;
    let detail = serde_json::json!({ "scopes": scopes });
    audit::record(conn, by, "key.create", &format!("key:{}", key.id), detail)?;
    Ok(token)
}
