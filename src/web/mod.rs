//! What every page and every API answer shares: rendering, errors, headers, origin checks,
//! signed tokens, cursors and static files.

pub mod assets;
pub mod budgets;
pub mod client;
pub mod diff;
pub mod errors;
pub mod form;
pub mod head;
pub mod json;
pub mod kept_form;
pub mod limits;
pub mod operating;
pub mod origin;
pub mod page;
pub mod paging;
pub mod problem;
pub mod same_origin;
pub mod security_headers;
pub mod strict;
pub mod token;

use crate::config::Config;

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
    /// How many answers or items it takes to show how much people agree.
    pub agreement_items: usize,
    /// The proxies whose word on who asks is taken.
    pub proxies: Vec<ipnet::IpNet>,
    /// The object store that releases are pushed to, such as `s3://training/overrule`.
    pub store: Option<String>,
}

impl Site {
    /// The installation as the settings have it, reached at `public_url`.
    pub fn new(config: &Config, public_url: String, secret: &str, demo: bool) -> Self {
        Self {
            secure_cookies: public_url.starts_with("https://"),
            public_url,
            signer: token::Signer::new(secret),
            link_valid_days: config.links.valid_days,
            demo,
            mail_folder: config.data_dir.join("mail"),
            agreement_items: config.limits.agreement_items as usize,
            proxies: config.proxy.addresses.clone(),
            store: config.store.url.clone(),
        }
    }
}
