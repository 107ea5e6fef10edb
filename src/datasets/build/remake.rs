//! A machine that was asked for files it doesn't have makes them again, of the rows that the
//! release froze, and gives them only if they are the same, byte for byte.

use super::write::{files, whole};
use super::{Halt, full};
use crate::datasets::Question;
use crate::datasets::model::{Frame, LeaseId, Release, ReleaseFile};
use crate::datasets::queries;
use crate::datasets::shelf::Shelf;
use crate::db::Db;
use crate::error::{AppError, AppResult};

/// Sees to it that the files of a release that is ready lie on this machine; gives what they are.
pub fn ensure(db: &Db, shelf: &Shelf, release: &Release) -> AppResult<Vec<ReleaseFile>> {
    let id = release.id;
    let known = db.read_now(|conn| Ok(queries::files(conn, id)?))?;
    if shelf.has(id, &known) {
        return Ok(known);
    }
    match remake(db, shelf, release, &known) {
        Ok(()) => Ok(known),
        Err(Halt::Error(error)) => Err(error),
        Err(Halt::Failed(why)) => Err(AppError::Busy(why)),
        Err(Halt::Stopped | Halt::Lost) => Err(AppError::Busy("This process is stopping.".into())),
    }
}

fn remake(db: &Db, shelf: &Shelf, release: &Release, known: &[ReleaseFile]) -> Result<(), Halt> {
    let id = release.id;
    let question = Question::of(&release.question).map_err(AppError::internal)?;
    let frame: Frame =
        serde_json::from_value(release.frame.0.clone()).map_err(AppError::internal)?;
    let making = shelf.begin(id, LeaseId::new()).map_err(full)?;
    // Whoever held the lock before may have made them.
    if shelf.has(id, known) {
        return Ok(());
    }
    let mut made = files(db, release, &question, &frame, &making, &mut |_, _| Ok(()))?.files;
    for (name, text) in [("manifest.json", &release.manifest), ("README.md", &release.card)] {
        let text = text.as_deref().unwrap_or_default();
        made.push(whole(&making, id, name, text).map_err(full)?);
    }
    made.sort_by(|a, b| a.name.cmp(&b.name));
    let same = |a: &ReleaseFile, b: &ReleaseFile| (&a.name, a.sha256) == (&b.name, b.sha256);
    if made.len() != known.len() || !made.iter().zip(known).all(|(a, b)| same(a, b)) {
        let made_by = frame.software;
        return Err(Halt::Error(AppError::Gone(format!(
            "The files are not on this machine, and this version makes others of the same rows. \
             Fetch them from the machine that built them with {made_by}, or release again."
        ))));
    }
    making.publish().map_err(full)
}
