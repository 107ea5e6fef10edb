//! Where the files of releases lie on this machine. A release's folder appears under its name once
//! everything in it is written and flushed to disk; a folder that was begun and not finished bears
//! another name and goes with the next build.

use super::model::{LeaseId, ReleaseFile, ReleaseId, Side};
use crate::db::{self, Hash};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// The folder of all releases.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
}

impl Shelf {
    /// The folder `releases` in the data directory.
    pub fn in_data(data_dir: &Path) -> Self {
        Self { root: data_dir.join("releases") }
    }

    /// Where a file of a release lies once it is there.
    pub fn path(&self, release: ReleaseId, name: &str) -> PathBuf {
        self.root.join(release.to_string()).join(name)
    }

    /// Whether every one of these files is there, as long as it should be.
    pub fn has(&self, release: ReleaseId, files: &[ReleaseFile]) -> bool {
        files.iter().all(|file| {
            let found = fs::metadata(self.path(release, &file.name));
            found.is_ok_and(|found| found.len() == file.bytes.unsigned_abs())
        })
    }

    /// The hash of a file as it lies there.
    pub fn hash(&self, release: ReleaseId, name: &str) -> io::Result<Hash> {
        Hash::of_file(&self.path(release, name))
    }

    /// The line of `SIDE.rows.csv` about a row, counted from 0; none where there is none. Lines are
    /// in order, so it is found by halves.
    pub fn row(&self, release: ReleaseId, side: Side, row: u64) -> io::Result<Option<String>> {
        let mut file = match File::open(self.path(release, &format!("{side}.rows.csv"))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let (mut from, mut until) = (0, file.metadata()?.len());
        while from < until {
            let middle = from + (until - from) / 2;
            let mut lines = BufReader::with_capacity(512, &mut file);
            // The line that begins at or after the middle; the heading is the only one at 0.
            lines.seek(SeekFrom::Start(middle))?;
            let (mut skipped, mut line) = (Vec::new(), String::new());
            let skipped = lines.read_until(b'\n', &mut skipped)? as u64;
            lines.read_line(&mut line)?;
            let line = line.trim_end();
            match line.split(',').next().map(str::parse::<u64>) {
                Some(Ok(found)) if found == row => return Ok(Some(line.to_owned())),
                Some(Ok(found)) if found < row => from = middle + skipped,
                _ => until = middle,
            }
        }
        Ok(None)
    }

    /// The folder itself, made if it is not there.
    pub fn folder(&self) -> io::Result<&Path> {
        db::make_folder(&self.root).map_err(io::Error::other)?;
        Ok(&self.root)
    }

    /// A folder to write a release's files into. What an earlier attempt left goes.
    pub fn begin(&self, release: ReleaseId, lease: LeaseId) -> io::Result<Making> {
        self.folder()?;
        // Two processes that make the same files would be in each other's way.
        let lock = File::create(self.root.join(format!(".{release}.lock")))?;
        lock.lock()?;
        let start = format!(".{release}.");
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let is_begun = entry.file_name().to_string_lossy().starts_with(&start);
            if is_begun && entry.file_type()?.is_dir() {
                // Another process may remove the same.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let folder = self.root.join(format!("{start}{lease}"));
        db::make_folder(&folder).map_err(io::Error::other)?;
        let last = self.root.join(release.to_string());
        Ok(Making { folder, last, is_done: false, _lock: lock })
    }

    /// Removes a release's files.
    pub fn remove(&self, release: ReleaseId) -> io::Result<()> {
        match fs::remove_dir_all(self.root.join(release.to_string())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

/// A folder that is being filled; gone when this is dropped before it got its name.
pub struct Making {
    folder: PathBuf,
    last: PathBuf,
    is_done: bool,
    _lock: File,
}

impl Making {
    /// A new file in it.
    pub fn file(&self, name: &str) -> io::Result<Hashed> {
        let file = File::create_new(self.folder.join(name))?;
        Ok(Hashed::new(name, file))
    }

    /// A file in it that was finished, to read.
    pub fn open(&self, name: &str) -> io::Result<BufReader<File>> {
        Ok(BufReader::with_capacity(128 * 1024, File::open(self.folder.join(name))?))
    }

    /// Gives the folder its name, in place of one that is there already.
    pub fn publish(mut self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()?;
        if self.last.exists() {
            fs::remove_dir_all(&self.last)?;
        }
        fs::rename(&self.folder, &self.last)?;
        self.is_done = true;
        match self.last.parent() {
            Some(root) => File::open(root)?.sync_all(),
            None => Ok(()),
        }
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        if !self.is_done {
            // What stays is removed by the next attempt.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A file that is counted, and hashed and written by a thread of its own.
pub struct Hashed {
    name: String,
    buffer: Vec<u8>,
    writing: Option<Writing>,
    rows: i64,
    bytes: i64,
}

struct Writing {
    give: SyncSender<Vec<u8>>,
    thread: JoinHandle<io::Result<(File, Sha256)>>,
}

/// Bytes that are hashed and written at a time.
const BLOCK: usize = 128 * 1024;
/// Blocks after which they are flushed to disk, and how many may wait meanwhile.
const FLUSH: usize = 64;
const WAITING: usize = 64;

impl Hashed {
    fn new(name: &str, mut file: File) -> Self {
        let (give, blocks) = sync_channel::<Vec<u8>>(WAITING);
        let thread = std::thread::spawn(move || {
            let mut sha = Sha256::new();
            for (number, block) in blocks.into_iter().enumerate() {
                file.write_all(&block)?;
                sha.update(&block);
                // The disk works while others do, and not only at the end.
                if number % FLUSH == FLUSH - 1 {
                    file.sync_data()?;
                }
            }
            Ok((file, sha))
        });
        let writing = Some(Writing { give, thread });
        Self {
            name: name.to_owned(),
            buffer: Vec::with_capacity(BLOCK),
            writing,
            rows: 0,
            bytes: 0,
        }
    }

    /// Adds a text that has so many rows.
    pub fn put(&mut self, text: &str, rows: u64) -> io::Result<()> {
        self.count(rows);
        self.write_all(text.as_bytes())
    }

    /// So many rows were added.
    pub fn count(&mut self, rows: u64) {
        self.rows += rows as i64;
    }

    /// Flushes it to disk; gives what is known of it.
    pub fn finish(mut self, release_id: ReleaseId) -> io::Result<ReleaseFile> {
        self.hand_over()?;
        let (file, sha) = self.ended()?;
        file.sync_all()?;
        Ok(ReleaseFile {
            release_id,
            name: self.name,
            row_count: self.rows,
            bytes: self.bytes,
            sha256: Hash(sha.finalize().into()),
        })
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let block = std::mem::replace(&mut self.buffer, Vec::with_capacity(BLOCK));
        let sent = self.writing.as_ref().map(|writing| writing.give.send(block));
        // The thread ends before its time where the disk is full, say.
        if matches!(sent, Some(Ok(()))) { Ok(()) } else { self.ended().map(drop) }
    }

    /// What the thread gives once everything is written.
    fn ended(&mut self) -> io::Result<(File, Sha256)> {
        let Some(Writing { give, thread }) = self.writing.take() else {
            return Err(io::Error::other("the file was given up"));
        };
        drop(give);
        thread.join().unwrap_or_else(|_| Err(io::Error::other("writing panicked")))
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        self.bytes += bytes.len() as i64;
        if self.buffer.len() >= BLOCK {
            self.hand_over()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
