//! Signed links: they carry what they allow, so that no row is written when one is handed out.

use crate::db::Instant;
use crate::feedback::FeedbackId;
use crate::interactions::InteractionId;
use crate::web::Site;
use crate::web::token::Purpose;

/// The link under an answer, by which anyone who holds it gives feedback without an account. It
/// expires after `links.valid_days`.
pub fn correct_url(site: &Site, id: InteractionId, now: Instant) -> String {
    let expires = now.plus_minutes(i64::from(site.link_valid_days) * 24 * 60);
    let token = site.signer.sign(Purpose::Feedback, id.0, Some(expires));
    format!("{}/c/{token}", site.public_url)
}

/// The link to what became of one feedback; it does not expire.
pub fn receipt_url(site: &Site, id: FeedbackId) -> String {
    format!("{}{}", site.public_url, receipt_path(site, id))
}

/// The same without the installation's address.
pub fn receipt_path(site: &Site, id: FeedbackId) -> String {
    format!("/r/{}", site.signer.sign(Purpose::Receipt, id.0, None))
}
