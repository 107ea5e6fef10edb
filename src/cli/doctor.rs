//! `overrule doctor`

use crate::config::{Config, ConfigError};
use crate::doctor::{self, Finding};
use std::path::Path;
use std::process::ExitCode;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Print the findings as JSON on standard output
    #[arg(long)]
    json: bool,
}

/// Exit 1 where anything is wrong.
pub(super) fn run(config: &Config, file: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let file = file.unwrap_or(Path::new("overrule.toml"));
    let file = Some(file).filter(|file| file.exists());
    let findings = actix_web::rt::System::new().block_on(doctor::examine(config, file));
    tell(&findings, args)
}

/// Where the settings are what is wrong, there is nothing else to look at.
pub(super) fn unreadable(error: &ConfigError, args: &Args) -> anyhow::Result<ExitCode> {
    tell(&[doctor::unreadable(error)], args)
}

fn tell(findings: &[Finding], args: &Args) -> anyhow::Result<ExitCode> {
    if args.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        findings.iter().for_each(show);
    }
    let wrong = findings.iter().filter(|finding| !finding.ok).count();
    if wrong == 0 {
        eprintln!("nothing is wrong");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{wrong} of {} are wrong", findings.len());
    Ok(ExitCode::FAILURE)
}

fn show(finding: &Finding) {
    let word = if finding.ok { "ok" } else { "wrong" };
    eprintln!("{word:<6} {:<12} {}", finding.about, finding.what);
    if let Some(mend) = &finding.mend {
        eprintln!("{:<6} {:<12} {mend}", "", "to mend:");
    }
}
