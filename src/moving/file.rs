//! A backup file: an SQLite database that any tool can open, then a line of JSON that says what
//! is in it, then a closing line with the checksum of everything before. SQLite reads only the
//! pages its header counts, so what follows them is in nobody's way; and a file that was cut
//! anywhere has lost its closing line.

use crate::db::{self, Instant};
use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// What the closing line starts with.
const MAGIC: &str = "overrule-backup ";
/// The layout of the lines after the database; a newer number is refused.
const FORMAT: u32 = 1;
/// Magic, four digits of the format, ten of the manifest's length, 64 of the checksum.
const CLOSING: usize = MAGIC.len() + 4 + 1 + 10 + 1 + 64 + 1;
/// In the header of the database inside a backup, so that a cut one is told from a stranger.
pub const APPLICATION_ID: i32 = 0x4f76_7252;
/// Where SQLite's header holds that number.
const APPLICATION_ID_AT: usize = 68;
/// The most bytes a manifest may have: it is held in memory.
const MAX_MANIFEST: u64 = 1024 * 1024;
const CHUNK: usize = 256 * 1024;

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Manifest {
    /// The version of the database.
    pub version: String,
    /// What made it, such as `overrule 0.1.0`.
    pub software: String,
    /// When.
    pub created_at: Instant,
    /// Bytes of the database.
    pub bytes: u64,
    /// Rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// Some of a hash of `server.secret` where the settings held it, so that restoring can say
    /// whether links will still work. Nothing where the secret is in the database, and so inside.
    pub secret_mark: Option<String>,
}

/// Adds the closing lines to a database file and flushes it to disk. `tell` hears of the bytes
/// read since it was last told.
pub fn seal(path: &Path, manifest: &Manifest, tell: &dyn Fn(u64)) -> anyhow::Result<()> {
    let mut file = File::options().read(true).append(true).open(path)?;
    let mut line = serde_json::to_vec(manifest)?;
    line.push(b'\n');
    let mut sha = Sha256::new();
    hash(&mut (&file).take(manifest.bytes), &mut sha, tell, |_| Ok(()))?;
    sha.update(&line);
    let sum = hex::encode(sha.finalize());
    file.write_all(&line)?;
    file.write_all(closing(line.len(), &sum).as_bytes())?;
    file.sync_all()?;
    Ok(())
}

fn closing(length: usize, sum: &str) -> String {
    format!("{MAGIC}{FORMAT:04} {length:010} {sum}\n")
}

/// A backup whose closing lines were read and make sense; the checksum is yet to be looked at.
#[derive(Debug)]
pub struct Backup {
    file: File,
    line: Vec<u8>,
    sum: String,
    /// What it says is in it.
    pub manifest: Manifest,
}

impl Backup {
    /// Opens a backup; a file that is cut, of a newer version, or no backup at all is an error
    /// that says which.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let mut file =
            File::open(path).with_context(|| format!("can't read {}", path.display()))?;
        let length = file.metadata()?.len();
        let mut start = [0; 100];
        let read = read_up_to(&mut file, &mut start)?;
        let of_ours = starts_as_ours(&start[..read])
            .with_context(|| format!("{} is not a backup", path.display()))?;
        let closing = last_line(&mut file, length)?;
        let Some((line_length, sum)) = closing.as_deref().map(parse).transpose()?.flatten() else {
            if of_ours {
                bail!("{} is cut: its end is missing", path.display());
            }
            bail!(
                "{} is not a backup: it is an SQLite database that `overrule backup` did not make",
                path.display()
            );
        };
        let damaged = || format!("{} is damaged: its manifest can't be read", path.display());
        let line = manifest_line(&mut file, length, line_length).with_context(damaged)?;
        let manifest: Manifest = serde_json::from_slice(&line).with_context(damaged)?;
        if manifest.bytes + line_length + CLOSING as u64 != length {
            bail!("{} is damaged: it has not the length it says", path.display());
        }
        if manifest.version > db::newest()? {
            bail!(
                "{} is of version {}, made by a newer Overrule ({}); this one is {}",
                path.display(),
                manifest.version,
                manifest.software,
                super::backup::software(),
            );
        }
        Ok(Self { file, line, sum, manifest })
    }

    /// Reads it all and compares the checksum; the database goes to `out`. An error leaves there
    /// what was read so far. `tell` hears of the bytes read since it was last told.
    pub fn extract(&mut self, out: &mut dyn Write, tell: &dyn Fn(u64)) -> anyhow::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut sha = Sha256::new();
        let mut database = (&self.file).take(self.manifest.bytes);
        hash(&mut database, &mut sha, tell, |bytes| out.write_all(bytes))?;
        sha.update(&self.line);
        if hex::encode(sha.finalize()) != self.sum {
            bail!("the backup is damaged: its content is not what its checksum says");
        }
        Ok(())
    }
}

/// Whether SQLite's header bears our mark; an error where there is no such header.
fn starts_as_ours(start: &[u8]) -> anyhow::Result<bool> {
    if !start.starts_with(b"SQLite format 3\0") {
        bail!("it does not start as one");
    }
    let mark = start.get(APPLICATION_ID_AT..APPLICATION_ID_AT + 4);
    Ok(mark == Some(APPLICATION_ID.to_be_bytes().as_slice()))
}

fn last_line(file: &mut File, length: u64) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(at) = length.checked_sub(CLOSING as u64) else { return Ok(None) };
    file.seek(SeekFrom::Start(at))?;
    let mut line = vec![0; CLOSING];
    file.read_exact(&mut line)?;
    Ok(line.starts_with(MAGIC.as_bytes()).then_some(line))
}

/// The manifest's length and the checksum; nothing where the line is not whole.
fn parse(line: &[u8]) -> anyhow::Result<Option<(u64, String)>> {
    let Ok(text) = std::str::from_utf8(line) else { return Ok(None) };
    let mut words = text.trim_end().split(' ').skip(1);
    let (Some(format), Some(length), Some(sum)) = (words.next(), words.next(), words.next()) else {
        return Ok(None);
    };
    if format.parse::<u32>().is_ok_and(|format| format > FORMAT) {
        bail!("the backup is in a newer format, made by a newer Overrule");
    }
    Ok(length.parse().ok().map(|length| (length, sum.to_owned())))
}

fn manifest_line(file: &mut File, length: u64, line_length: u64) -> anyhow::Result<Vec<u8>> {
    let at = length.checked_sub(CLOSING as u64 + line_length);
    let Some(at) = at.filter(|_| line_length <= MAX_MANIFEST) else { bail!("a wrong length") };
    file.seek(SeekFrom::Start(at))?;
    let mut line = Vec::new();
    file.take(line_length).read_to_end(&mut line)?;
    Ok(line)
}

/// Hashes what `input` gives, and hands it on.
fn hash(
    input: &mut dyn Read,
    sha: &mut Sha256,
    tell: &dyn Fn(u64),
    mut hand_on: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut input = BufReader::with_capacity(CHUNK, input);
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = input.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        sha.update(&chunk[..read]);
        hand_on(&chunk[..read])?;
        tell(read as u64);
    }
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut bytes = Vec::with_capacity(buffer.len());
    file.take(buffer.len() as u64).read_to_end(&mut bytes)?;
    buffer[..bytes.len()].copy_from_slice(&bytes);
    Ok(bytes.len())
}
