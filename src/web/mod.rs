//! What every page and every API answer shares: rendering, errors, headers, origin checks,
//! signed tokens, cursors and static files.

pub mod assets;
pub mod client;
pub mod diff;
pub mod errors;
pub mod form;
pub mod head;
pub mod json;
pub mod kept_form;
pub mod limits;
pub mod operating;
pub mod page;
pub mod paging;
pub mod problem;
pub mod same_origin;
pub mod security_headers;
pub mod strict;
pub mod token;

pub use assets::asset;
pub use page::{PageContext, Viewer, html, in_a_zone, page, see_other};

/// What handlers need to know of the installation.
#[derive(Debug, Clone)]
pub struct Site {
    /// What absolute links start with, without a slash at the end.
    pub public_url: String,
    /// Signs links and receipts.
    pub signer: token::Signer,
    /// Days for which a link to give feedback works.
    pub link_valid_days: u32,
    /// Whether this is `overrule demo`.
    pub demo: bool,
    /// Where mails are files, unless they leave by SMTP.
    pub mail_folder: std::path::PathBuf,
    /// Whether cookies may travel over HTTPS only.
    pub secure_cookies: bool,
    /// The proxies whose word on who asks is taken.
    pub proxies: Vec<ipnet::IpNet>,
}
