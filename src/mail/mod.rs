//! Mail: everything that leaves the house goes through the outbox, and from there by SMTP, into
//! a folder, or into memory for tests. No address and no text is ever logged.

pub mod outbox;

use crate::config::Config;
use anyhow::Context;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use outbox::Mail;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::Notify;

/// How long one mail may take to leave.
const PATIENCE: Duration = Duration::from_secs(30);

/// The way out for mail; cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
    Memory(Arc<Mutex<Vec<String>>>),
}

impl Mailer {
    /// SMTP when the settings name a server, else the folder `mail` in the data directory.
    pub fn from_config(config: &Config) -> anyhow::Result<Self> {
        match &config.mail.smtp_url {
            Some(url) => Self::smtp(&url.0, &config.mail.from),
            None => Self::folder(&config.data_dir.join("mail"), &config.mail.from),
        }
    }

    /// Sends to the server of `smtp://…` or `smtps://…`; connects with the first mail.
    pub fn smtp(url: &str, from: &str) -> anyhow::Result<Self> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .context("mail.smtp_url can't be used")?
            .timeout(Some(PATIENCE))
            .build();
        Ok(Self { from: sender(from)?, way: Way::Smtp(transport) })
    }

    /// Writes each mail as an `.eml` file, whose names sort by time. The folder is made with the
    /// first mail.
    pub fn folder(folder: &Path, from: &str) -> anyhow::Result<Self> {
        Ok(Self { from: sender(from)?, way: Way::Folder(folder.to_owned()) })
    }

    /// Keeps mails, for tests: see `sent`.
    pub fn memory(from: &str) -> anyhow::Result<Self> {
        Ok(Self { from: sender(from)?, way: Way::Memory(Arc::default()) })
    }

    /// What a mailer made by `memory` has sent so far, as it would be on the wire.
    pub fn sent(&self) -> Vec<String> {
        match &self.way {
            Way::Memory(sent) => sent.lock().unwrap_or_else(|p| p.into_inner()).clone(),
            _ => Vec::new(),
        }
    }

    /// Looks whether mail could leave, sending none: the server is asked, or a file is made in the
    /// folder, or in the nearest one above it, and removed.
    pub async fn examine(&self) -> Result<(), String> {
        match &self.way {
            Way::Smtp(transport) => {
                match tokio::time::timeout(PATIENCE, transport.test_connection()).await {
                    Ok(Ok(true)) => Ok(()),
                    Ok(Ok(false)) => Err("it does not answer".into()),
                    Ok(Err(error)) => Err(causes(&error)),
                    Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
                }
            }
            Way::Folder(folder) => {
                let nearest = folder.ancestors().find(|folder| folder.exists());
                let nearest = nearest.unwrap_or(Path::new("."));
                tempfile::tempfile_in(nearest).map(drop).map_err(|error| error.to_string())
            }
            Way::Memory(_) => Ok(()),
        }
    }

    /// Hands one mail over. The error is for the outbox's row, not for the log: it may hold what
    /// the other side said about the address.
    async fn send(&self, mail: &Mail) -> Result<(), String> {
        let message = self.message(mail)?;
        match &self.way {
            Way::Smtp(transport) => tokio::time::timeout(PATIENCE, transport.send(message))
                .await
                .map_err(|_| format!("no answer within {} seconds", PATIENCE.as_secs()))?
                .map(drop)
                .map_err(|error| causes(&error)),
            Way::Folder(folder) => {
                let (folder, name) = (folder.clone(), file_name(mail));
                tokio::task::spawn_blocking(move || write(&folder, &name, &message.formatted()))
                    .await
                    .map_err(|error| error.to_string())?
                    .map_err(|error| error.to_string())
            }
            Way::Memory(sent) => {
                let text = String::from_utf8_lossy(&message.formatted()).into_owned();
                sent.lock().unwrap_or_else(|p| p.into_inner()).push(text);
                Ok(())
            }
        }
    }

    fn message(&self, mail: &Mail) -> Result<Message, String> {
        let to: Address = mail.recipient.parse().map_err(|e| format!("the recipient: {e}"))?;
        // The same id each time the mail is sent, so that a second copy is known for one.
        let id = format!("<{}@{}>", mail.id, self.from.email.domain());
        let written = Duration::from_micros(mail.created_at.as_micros().unsigned_abs());
        let header = |name, value: &str| {
            HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
        };
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .date(UNIX_EPOCH + written)
            .message_id(Some(id))
            .raw_header(header("Auto-Submitted", "auto-generated"));
        if let Some(address) = &mail.unsubscribe {
            // RFC 8058.
            message = message
                .raw_header(header("List-Unsubscribe", &format!("<{address}>")))
                .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
        }
        message
            .multipart(MultiPart::alternative_plain_html(
                mail.body_text.clone(),
                mail.body_html.clone(),
            ))
            .map_err(|error| error.to_string())
    }
}

fn sender(from: &str) -> anyhow::Result<Mailbox> {
    from.parse().context("mail.from is not a mail address")
}

/// `20261123T101500.123456Z-ID.eml`: sorts by time, and is the same when sent again.
fn file_name(mail: &Mail) -> String {
    format!("{}-{}.eml", mail.created_at.0.strftime("%Y%m%dT%H%M%S%.6fZ"), mail.id)
}

/// Writes beside and renames, so that nobody ever reads half a mail. Only the owner may look
/// into the folder, since a mail may hold a link that signs in.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name))?;
    Ok(())
}

/// An error and its causes in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// Tells the delivery that mail waits, so that it does not wait for its next round.
#[derive(Clone, Default)]
pub struct Nudge(Arc<Notify>);

impl Nudge {
    /// Mail was written; call it after the commit.
    pub fn mail(&self) {
        self.0.notify_one();
    }

    /// Waits for the next nudge.
    pub async fn wait(&self) {
        self.0.notified().await;
    }
}
