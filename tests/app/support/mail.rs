//! The folder that mails are written to where no SMTP server is named.

use super::eventually;
use mail_parser::MessageParser;
use std::path::{Path, PathBuf};

/// All mails of an installation.
pub struct Mailbox(PathBuf);

/// One mail as its reader sees it.
#[derive(Debug, Clone)]
pub struct Letter {
    pub to: String,
    pub from: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub message_id: String,
    /// `List-Unsubscribe`, and how it is to be sent.
    pub unsubscribe: (String, String),
}

impl Mailbox {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// All mails so far, oldest first.
    pub fn all(&self) -> Vec<Letter> {
        let Ok(files) = std::fs::read_dir(&self.0) else { return Vec::new() };
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "eml"));
        files.sort();
        files.iter().map(|file| Letter::read(&std::fs::read(file).unwrap())).collect()
    }

    /// The mail number `number`, from 1, to `address`; waits until it is there.
    pub fn nth(&self, number: usize, address: &str) -> Letter {
        eventually(&format!("mail {number} to {address}"), || {
            self.all().into_iter().filter(|letter| letter.to == address).nth(number - 1)
        })
    }
}

impl Letter {
    /// Reads a mail as it is on the wire.
    pub fn read(bytes: &[u8]) -> Self {
        let mail = MessageParser::default().parse(bytes).expect("a mail");
        let address = |list: Option<&mail_parser::Address<'_>>| {
            let first = list.and_then(|list| list.first()).and_then(|one| one.address());
            first.unwrap_or_default().to_owned()
        };
        let header = |name: &str| mail.header_raw(name).unwrap_or_default().trim().to_owned();
        Self {
            to: address(mail.to()),
            from: address(mail.from()),
            subject: mail.subject().unwrap_or_default().to_owned(),
            text: mail.body_text(0).unwrap_or_default().into_owned(),
            html: mail.body_html(0).unwrap_or_default().into_owned(),
            message_id: mail.message_id().unwrap_or_default().to_owned(),
            unsubscribe: (header("List-Unsubscribe"), header("List-Unsubscribe-Post")),
        }
    }

    /// The only address in the text.
    #[track_caller]
    pub fn link(&self) -> String {
        let words = self.text.split_whitespace().filter(|word| word.starts_with("http"));
        let links: Vec<&str> = words.collect();
        assert_eq!(links.len(), 1, "one link expected in {}", self.text);
        links[0].to_owned()
    }
}
