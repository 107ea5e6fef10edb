//! What can go wrong, in words: one type, one conversion from the database.
//! `web::errors` turns it into a page or into problem JSON.

use actix_web::http::StatusCode;

/// Something a person or a program can put right.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    /// The form field, or a JSON pointer such as `/feedback/0/verdict`.
    #[serde(rename = "pointer")]
    pub field: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

/// The mistakes in one form or one item; never empty inside an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistakes {
    /// One mistake.
    pub fn one(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self(vec![Mistake { field: field.into(), message: message.into() }])
    }
    /// Adds a mistake.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Mistake { field: field.into(), message: message.into() });
    }
    /// The message for a field, if there is one.
    pub fn of(&self, field: &str) -> &str {
        self.0.iter().find(|m| m.field == field).map_or("", |m| m.message.as_str())
    }
    /// True when nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// `value` when nothing is wrong, these mistakes otherwise.
    pub fn or<T>(self, value: T) -> Result<T, Mistakes> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}
impl std::fmt::Display for Mistakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (n, m) in self.0.iter().enumerate() {
            let sep = if n == 0 { "" } else { "; " };
            if m.field.is_empty() {
                write!(f, "{sep}{}", m.message)?;
            } else {
                write!(f, "{sep}{}: {}", m.field, m.message)?;
            }
        }
        Ok(())
    }
}

/// Why a request could not be answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Not JSON, or not HTTP as it should be.
    #[error("{0}")]
    BadRequest(String),
    /// Well formed, but not valid.
    #[error("{0}")]
    Invalid(Mistakes),
    /// Not there, or not yours: the two look the same from outside.
    #[error("not found")]
    NotFound,
    /// Known, but not allowed.
    #[error("{0}")]
    Forbidden(String),
    /// A link that once worked and no longer does.
    #[error("{0}")]
    Gone(String),
    /// Nobody is signed in, or the key is unknown.
    #[error("sign in first")]
    SignIn,
    /// It contradicts what is stored.
    #[error("{0}")]
    Conflict(String),
    /// More bytes than are taken.
    #[error("{0}")]
    TooLarge(String),
    /// A body of a type that is not understood.
    #[error("{0}")]
    MediaType(String),
    /// Too many requests; try again after so many seconds.
    #[error("too many requests")]
    TooMany(u64),
    /// The database or a queue can't take it now; nothing was written.
    #[error("{0}")]
    Busy(String),
    /// The database refused; the writer looks at it to decide whether to try again.
    #[error("the database said: {0}")]
    Database(diesel::result::Error),
    /// A fault of ours.
    #[error("{0:#}")]
    Internal(anyhow::Error),
}

impl AppError {
    /// One mistake as an error.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(Mistakes::one(field, message))
    }
    /// A fault of ours, with a sentence for the log.
    pub fn internal(error: impl Into<anyhow::Error>) -> Self {
        Self::Internal(error.into())
    }
    /// The HTTP status it is answered with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Gone(_) => StatusCode::GONE,
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Database(e) if is_unavailable(e) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Database(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Mistakes> for AppError {
    fn from(mistakes: Mistakes) -> Self {
        Self::Invalid(mistakes)
    }
}
impl From<anyhow::Error> for AppError {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}
impl From<diesel::result::Error> for AppError {
    fn from(error: diesel::result::Error) -> Self {
        match error {
            diesel::result::Error::NotFound => Self::NotFound,
            other => Self::Database(other),
        }
    }
}
impl actix_web::ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }
    fn error_response(&self) -> actix_web::HttpResponse {
        // The body is written by `web::errors`, which knows who asked.
        actix_web::HttpResponse::new(self.status())
    }
}

/// Whether the database is away, locked or full rather than wrong.
pub fn is_unavailable(error: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind as Kind, Error};
    match error {
        Error::BrokenTransactionManager => true,
        Error::DatabaseError(Kind::ClosedConnection | Kind::UnableToSendCommand, _) => true,
        Error::DatabaseError(_, info) => {
            let text = info.message();
            UNAVAILABLE.iter().any(|part| text.contains(part))
        }
        _ => false,
    }
}

/// How the two databases say that they can't work now (diesel gives these no kind of their own).
const UNAVAILABLE: &[&str] = &[
    "database is locked",
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
    "attempt to write a readonly database",
    "could not extend file",
    "No space left on device",
    "terminating connection",
    "canceling statement due to lock timeout",
    "server closed the connection",
    "the database system is",
    "no connection to the server",
    "cannot execute",
    "connection not open",
    "could not receive data from server",
    "SSL connection has been closed",
];

/// The result of nearly everything.
pub type AppResult<T> = Result<T, AppError>;
