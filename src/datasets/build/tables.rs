//! Tables beside the lines: made of them, with the same columns on every side.

use super::{Halt, full};
use crate::datasets::Question;
use crate::datasets::model::{ReleaseFile, ReleaseId, Side};
use crate::datasets::shelf::Making;
use crate::exports::columns::{Column, columns};
use crate::exports::{FileFormat, Shape, table};
use std::io;

type Step<'s> = &'s mut dyn FnMut(i64) -> Result<(), Halt>;

/// Writes the tables that the question asks for, of lines that are written.
pub(super) fn write(
    making: &Making,
    id: ReleaseId,
    question: &Question,
    shape: &Shape,
    lines: &[ReleaseFile],
    step: Step<'_>,
) -> Result<Vec<ReleaseFile>, Halt> {
    let columns = columns(question.format, shape);
    let mut files = Vec::new();
    for format in question.tables() {
        for side in Side::ALL {
            let name = side.file();
            if lines.iter().any(|file| file.name == name) {
                files.push(one(making, id, *side, (format, &columns), step)?);
            }
        }
    }
    Ok(files)
}

fn one(
    making: &Making,
    id: ReleaseId,
    side: Side,
    (format, columns): (FileFormat, &[Column]),
    step: Step<'_>,
) -> Result<ReleaseFile, Halt> {
    let lines = making.open(&side.file()).map_err(full)?;
    let mut file = making.file(&format!("{side}.{format}")).map_err(full)?;
    let mut halt = None;
    let written = table::write(format, columns, lines, &mut file, &mut |rows| {
        step(rows as i64).map_err(|why| {
            halt = Some(why);
            io::Error::other("stopped")
        })
    });
    match (written, halt) {
        (_, Some(halt)) => Err(halt),
        (Err(error), None) => Err(full(error)),
        (Ok(rows), None) => {
            file.count(rows);
            file.finish(id).map_err(full)
        }
    }
}
