//! An export as one file: lines go out as they are read; a table is made of lines that were put
//! aside first, for its columns are known once all was read.

use super::columns::columns;
use super::model::{FileFormat, Summary};
use super::stream::{Export, Sinks, gone};
use super::table;
use crate::db::Db;
use crate::error::AppResult;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, SeekFrom, Write};

/// Writes an export in the kind of file that was asked for. `aside` makes an empty file to put
/// lines into, where that is needed.
pub fn write(
    export: &Export,
    db: &Db,
    sinks: Sinks<'_>,
    aside: impl FnOnce() -> std::io::Result<File>,
    progress: impl FnMut(u64),
) -> AppResult<Summary> {
    let question = export.question();
    let (format, file_format) = (question.format, question.file_format);
    if file_format == FileFormat::Jsonl {
        return export.write(db, sinks, progress).map(|written| written.summary);
    }
    let mut lines = aside().map_err(gone)?;
    let mut out = BufWriter::new(&mut lines);
    let Sinks { records, mut ids } = sinks;
    let ids = ids.as_mut().map(|ids| &mut **ids as &mut dyn Write);
    let written = export.write(db, Sinks { records: &mut out, ids }, progress)?;
    out.flush().map_err(gone)?;
    drop(out);
    lines.seek(SeekFrom::Start(0)).map_err(gone)?;
    let columns = columns(format, &written.shape);
    let mut hashed = Hashed { out: records, sha: Sha256::new(), bytes: 0 };
    let read = BufReader::with_capacity(128 * 1024, lines);
    table::write(file_format, &columns, read, &mut hashed, &mut |_| Ok(())).map_err(gone)?;
    let (bytes, sha) = (hashed.bytes, hashed.sha);
    Ok(Summary { bytes, sha256: hex::encode(sha.finalize()), ..written.summary })
}

/// Counts and hashes what goes through.
struct Hashed<'o> {
    out: &'o mut (dyn Write + Send),
    sha: Sha256,
    bytes: u64,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write_all(bytes)?;
        self.sha.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
