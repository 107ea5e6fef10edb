//! Mail: everything that leaves the house goes through the outbox, in the same transaction as the
//! fact it tells, and is delivered by a job.

mod outbox;

pub use outbox::{NewMail, deliver, enqueue, waiting};

use crate::config::Mail;
use anyhow::Context;
use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::path::{Path, PathBuf};

/// The way out.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

/// A mail as the outbox has it.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The same at every try, so that a mail sent twice is seen as one.
    pub message_id: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Mailer {
    /// By SMTP where `mail.smtp_url` is set, else into the folder `mail` of the data directory.
    pub fn new(settings: &Mail, data_dir: &Path) -> anyhow::Result<Self> {
        let from = settings.from.parse().context("mail.from is no mail address")?;
        let way = match &settings.smtp_url {
            Some(url) => Way::Smtp(
                AsyncSmtpTransport::<Tokio1Executor>::from_url(&url.0)
                    .context("mail.smtp_url can't be used")?
                    .timeout(Some(std::time::Duration::from_secs(20)))
                    .build(),
            ),
            None => Way::Folder(data_dir.join("mail")),
        };
        Ok(Self { from, way })
    }

    /// Sends one; an error is worth another try.
    pub async fn send(&self, letter: &Letter) -> anyhow::Result<()> {
        let message = Message::builder()
            .from(self.from.clone())
            .to(letter.to.parse().context("the recipient is no mail address")?)
            .subject(&letter.subject)
            .message_id(Some(letter.message_id.clone()))
            .multipart(MultiPart::alternative_plain_html(
                letter.text.clone(),
                letter.html.clone(),
            ))?;
        match &self.way {
            Way::Smtp(smtp) => {
                smtp.send(message).await?;
            }
            Way::Folder(folder) => write(folder, &letter.message_id, &message.formatted())?,
        }
        Ok(())
    }
}

/// A file appears whole or not at all; the name starts with the id, which sorts by time.
fn write(folder: &Path, message_id: &str, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write;
    std::fs::create_dir_all(folder)?;
    let name = message_id.trim_matches(['<', '>']).split('@').next().unwrap_or_default();
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(format!("{name}.eml")))?;
    Ok(())
}
