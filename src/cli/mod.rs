//! The command line: one file a command. Standard output carries what a program would read;
//! words to people and logs go to standard error.

mod agent;
mod backup;
mod copy;
mod dataset;
mod demo;
mod doctor;
mod export;
mod feed;
mod import;
mod key;
mod migrate;
mod progress;
mod restore;
mod serve;
mod user;
mod worker;

use crate::config::{Config, ConfigError};
use crate::db::{self, Db};
use crate::telemetry;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Turns people's overrides of AI agents into training signals.
#[derive(Parser)]
#[command(name = "overrule", version, about)]
struct Cli {
    /// The settings file [default: overrule.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the data is [default: overrule-data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look around in a sample company, on this machine only
    Demo(demo::Args),
    /// Serve, with the background worker
    Serve(serve::Args),
    /// Only the background work, for several machines on one PostgreSQL
    Worker,
    /// Bring the database up to date
    Migrate,
    /// People who may sign in
    #[command(subcommand)]
    User(user::Command),
    /// Agents
    #[command(subcommand)]
    Agent(agent::Command),
    /// Keys for programs
    #[command(subcommand)]
    Key(key::Command),
    /// Read interactions and feedback from interchange JSONL
    Import(import::Args),
    /// Write signals to a file that a trainer loads as it is
    Export(export::Args),
    /// Write every signal's revisions to a folder a day as Parquet, each once, and go on from there
    Feed(feed::Args),
    /// Saved questions, and frozen, numbered releases of them
    #[command(subcommand)]
    Dataset(dataset::Command),
    /// Keep a running embedded database, with its secrets, in one file
    Backup(backup::Args),
    /// Put a backup back
    Restore(restore::Args),
    /// Move the installation to another database, with its ids and links
    Copy(copy::Args),
    /// Say what is wrong with the installation and how to mend it
    Doctor(doctor::Args),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match start(cli) {
        Ok(code) => code,
        Err(error) if error.is::<ConfigError>() => {
            eprintln!("overrule: {error}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("overrule: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> anyhow::Result<ExitCode> {
    let config = Config::load(cli.config.as_deref(), cli.data_dir.as_deref());
    if let (Command::Doctor(args), Err(error)) = (&cli.command, &config) {
        return doctor::unreadable(error, args);
    }
    let config = config?;
    telemetry::start(&config.log);
    crate::db::keep_pages(config.database.cache_mib);
    match cli.command {
        Command::Demo(args) => demo::run(config, args, cli.data_dir.is_some()),
        Command::Serve(args) => serve::run(config, &args),
        Command::Worker => worker::run(&config),
        Command::Migrate => migrate::run(&config),
        Command::User(command) => user::run(&config, &command),
        Command::Agent(command) => agent::run(&config, command),
        Command::Key(command) => key::run(&config, &command),
        Command::Export(args) => export::run(&config, args),
        Command::Feed(args) => feed::run(&config, &args),
        Command::Dataset(command) => dataset::run(&config, &command),
        Command::Backup(args) => backup::run(&config, &args),
        Command::Restore(args) => restore::run(&config, &args),
        Command::Doctor(args) => doctor::run(&config, cli.config.as_deref(), &args),
        Command::Copy(args) => copy::run(&config, &args),
        Command::Import(args) => import::run(&config, &args),
    }
}

/// Opens the database for a command, and brings a new one up to date first.
pub(crate) fn open(config: &Config) -> anyhow::Result<Db> {
    let target = config.target()?;
    if let db::Target::Sqlite(path) = &target
        && !path.exists()
    {
        db::migrate(&target)?;
    } else if db::pending(&target)? {
        db::migrate(&target)?;
    }
    Db::open(&target)
}

/// Whoever reads the audit log learns that everything was taken along, by `backup` or `copy`. A
/// database of another version has no log that this build knows.
fn note_taken(target: &crate::db::Target, action: &'static str) -> anyhow::Result<()> {
    use crate::audit::{self, Actor};
    let db = crate::db::Db::open(target)?;
    if db.read_now(crate::db::is_current)? {
        let nothing = || serde_json::json!({});
        db.write_patiently(move |conn| {
            audit::record(conn, Actor::CommandLine, action, "installation", nothing())
        })?;
    }
    db.close();
    Ok(())
}
