//! Single sign-on: the authorization code flow of OpenID Connect with PKCE, against one provider.
//! Nothing here touches the database: what comes out is who somebody is at the provider.

mod attempt;
mod claims;
mod provider;

pub use attempt::Attempt;
pub use claims::Proved;
pub use provider::{Back, Provider};

/// Why somebody is not let in by the provider. What is shown is a sentence; the cause is logged.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The provider can't be reached, is too slow, or answers what makes no sense.
    #[error("the provider does not answer as it should: {0}")]
    Provider(String),
    /// What came back belongs to no attempt of this browser, or is too old.
    #[error("the answer belongs to no attempt of this browser: {0}")]
    Attempt(&'static str),
    /// The provider or the person said no.
    #[error("the provider said {0}")]
    Denied(String),
    /// The token is not what it must be.
    #[error("the token is refused: {0}")]
    Token(String),
    /// The provider knows no address of theirs.
    #[error("no mail address came along")]
    NoAddress,
    /// The address is not known to be theirs.
    #[error("the address is not verified")]
    Unverified,
    /// Nobody here has that address.
    #[error("nobody here has the address")]
    Unknown,
    /// They may not sign in.
    #[error("the person was deactivated")]
    Deactivated,
    /// The address belongs to another account of the provider.
    #[error("another account of the provider is linked to the person")]
    OtherAccount,
}
