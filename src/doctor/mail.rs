//! Mail: whether it would leave, and from a sender that others take it from.

use super::Findings;
use crate::config::Config;
use crate::mail::Mailer;
use lettre::message::Mailbox;

pub(super) async fn examine(config: &Config, found: &mut Findings) {
    sender(config, found);
    let mailer = match Mailer::from_config(config) {
        Ok(mailer) => mailer,
        Err(error) => return found.wrong("mail", format!("{error:#}"), "set `mail.smtp_url`"),
    };
    match (mailer.examine().await, &config.mail.smtp_url) {
        (Ok(()), Some(_)) => found.ok("mail", "the SMTP server answers"),
        (Ok(()), None) => {
            let folder = config.data_dir.join("mail");
            found.ok("mail", format!("is kept as files in {}", folder.display()));
        }
        (Err(error), Some(_)) => found.wrong(
            "mail",
            format!("the SMTP server can't be used: {error}"),
            "look at host, port, name and password in `mail.smtp_url`, and whether a firewall \
             stands between",
        ),
        (Err(error), None) => {
            let folder = config.data_dir.join("mail");
            found.wrong(
                "mail",
                format!("{} can't be written: {error}", folder.display()),
                format!("give the server's user the right to write in {}", folder.display()),
            );
        }
    }
}

fn sender(config: &Config, found: &mut Findings) {
    let from = &config.mail.from;
    let domain = from.parse::<Mailbox>().map(|from| from.email.domain().to_owned());
    let is_local = domain.is_ok_and(|domain| domain == "localhost");
    if config.mail.smtp_url.is_some() && is_local {
        found.wrong(
            "sender",
            format!("mail.from is {from}, which other mail servers refuse"),
            "set `mail.from` to an address of your domain",
        );
    } else {
        found.ok("sender", format!("mail comes from {from}"));
    }
}
