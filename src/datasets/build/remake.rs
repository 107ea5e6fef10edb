//! A machine that was asked for files it doesn't have makes them again, of the rows that the
//! release froze, and gives them only if they are the same, byte for byte.

use super::lines::Maker;
use super::read::redactor;
use super::write::{Files, judges, whole};
use super::{Halt, full};
use crate::datasets::Question;
use crate::datasets::model::{Frame, LeaseId, Release, ReleaseFile, ReleaseRow};
use crate::datasets::queries;
use crate::datasets::shelf::{Making, Shelf};
use crate::db::Db;
use crate::error::{AppError, AppResult};

/// Parts read at a time.
const PARTS: i64 = 4;

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
    let mut made = files(db, release, &question, &frame, &making)?;
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

/// The files that are made of the release's rows.
fn files(
    db: &Db,
    release: &Release,
    question: &Question,
    frame: &Frame,
    making: &Making,
) -> Result<Vec<ReleaseFile>, Halt> {
    let judges = judges(frame, question);
    let mut maker = Maker::new(redactor(question, &release.redaction_key.0)?);
    let (mut files, mut after, mut text) = (Files::new(making), -1, String::new());
    loop {
        let parts = db.read_now(|conn| Ok(queries::list_parts(conn, release.id, after, PARTS)?))?;
        let Some(last) = parts.last() else { break };
        after = last.position;
        for part in &parts {
            let place = frame.agents.iter().position(|agent| agent.id == part.agent_id);
            let judge = place.and_then(|place| judges.get(place)).ok_or_else(erased)?;
            let rows = part.rows()?;
            let kept: Vec<&ReleaseRow> = rows.iter().filter(|row| row.reason.is_none()).collect();
            let mut texts = db.read_now(|conn| Ok(queries::texts(conn, &kept)?))?.into_iter();
            for row in &rows {
                if row.reason.is_some() {
                    files.add(row, None, judge, &maker).map_err(full)?;
                    continue;
                }
                let of = texts.next().flatten().ok_or_else(erased)?;
                text.clear();
                let count = judge.write(&of.example, &mut text);
                let count =
                    count.map_err(|why| AppError::internal(anyhow::anyhow!("a row gave {why}")))?;
                let made = maker.made(judge, &of, (&text, count));
                files.add(row, Some(&made), judge, &maker).map_err(full)?;
            }
        }
    }
    Ok(files.finish(release.id, question, &maker, &mut |_| Ok(()))?.files)
}

fn erased() -> Halt {
    let why = "A text that the release holds was erased meanwhile; release it again.";
    Halt::Failed(why.to_owned())
}
