//! An installation moved to another database: every row of every table with its id, a page at a
//! time, and at the end compared on both sides. It can be stopped at any moment and run again.
//!
//! The source is read in one transaction, so that what is copied is one moment's state. A server
//! on it is refused nevertheless: what it acknowledged meanwhile would stay behind.

use super::cell::Cell;
use super::content::{Content, Number, content, count};
use super::guard;
use super::layout::{Layout, Table};
use super::rows;
use crate::db::{self, Conn, Either, Target, installation};
use anyhow::{Context, bail};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;

/// How far a copy is, kept in the target until it is complete.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Mark {
    /// The id of the installation that is copied.
    pub(super) source: String,
    round: Round,
    /// The table at work.
    table: String,
    /// The key of the last row that is done.
    after: Option<Vec<Cell>>,
}

/// Rows come first, then the columns that refer to rows that came later.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub(super) enum Round {
    Rows,
    Links,
}

/// What goes on, for a progress bar.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'t> {
    /// So many rows there are in all.
    All(u64),
    /// So many rows more of the table are written.
    Written(&'t str, u64),
    /// Everything is written; so many rows there are to be compared, on both sides.
    Comparing(u64),
    /// So many rows more of the table are compared.
    Compared(&'t str, u64),
}

/// What was copied.
#[derive(Debug)]
pub struct Copied {
    /// Name, rows and content hash of each table.
    pub tables: Vec<(String, Content)>,
    /// An earlier copy was gone on with.
    pub resumed: bool,
}

/// Copies everything from `from` to `to`, which must be empty unless it holds the beginning of
/// this very copy; `start_over` empties it then.
pub fn run(
    from: &Target,
    to: &Target,
    start_over: bool,
    tell: &dyn Fn(Progress<'_>),
) -> anyhow::Result<Copied> {
    let mut copy = Copy::prepare(from, to)?;
    let mark = match mark(&mut copy.target)? {
        Some(mark) if !start_over => mark,
        Some(_) => {
            copy.empty()?;
            copy.begin()?
        }
        None => copy.begin()?,
    };
    let resumed = mark.after.is_some();
    let begin = copy.snapshot();
    copy.source.batch_execute(begin)?;
    tell(Progress::All(copy.count()?));
    let before = copy.changes()?;
    copy.write(mark, tell)?;
    let tables = copy.compare(tell)?;
    copy.source.batch_execute("COMMIT")?;
    guard::alone(&mut copy.source, from)?;
    if copy.changes()? != before {
        bail!(
            "another program wrote to {from} meanwhile, and what it wrote is not in the copy; \
             end it, then run this again with `--start-over`"
        );
    }
    copy.finish()?;
    Ok(Copied { tables, resumed })
}

struct Copy {
    source: Conn,
    target: Conn,
    /// The tables, with the types of each side.
    read: Layout,
    written: Layout,
    _locks: Vec<std::fs::File>,
}

impl Copy {
    /// Everything that can be refused is refused here, before anything is written.
    fn prepare(from: &Target, to: &Target) -> anyhow::Result<Self> {
        if from == to {
            bail!("{to} is the database that is to be copied");
        }
        let mut locks = Vec::new();
        let (mut source, lock) = guard::source(from)?;
        locks.extend(lock);
        let read = Layout::read(&mut source)?;
        let id = installation::find(&mut source, installation::ID)?;
        let (mut target, lock) = guard::target(to, &read, id.as_deref())?;
        locks.extend(lock);
        db::migrate(to)?;
        let written = Layout::read(&mut target)?;
        if let Some(difference) = read.difference(&written) {
            bail!("{from} and {to} don't match: {difference}");
        }
        // Both sides in the order of the side that checks what refers to what.
        let read = Layout(written.0.iter().filter_map(|t| read.table(&t.name).cloned()).collect());
        Ok(Self { source, target, read, written, _locks: locks })
    }

    /// Gives the installation an id, by which this copy is known when it is gone on with, and
    /// marks the target as incomplete.
    fn begin(&mut self) -> anyhow::Result<Mark> {
        let source = installation::ensure(&mut self.source, installation::ID, || {
            uuid::Uuid::now_v7().to_string()
        })?;
        let table = self.written.0.first().map(|table| table.name.clone()).unwrap_or_default();
        let mark = Mark { source, round: Round::Rows, table, after: None };
        write_mark(&mut self.target, &mark)?;
        Ok(mark)
    }

    fn empty(&mut self) -> anyhow::Result<()> {
        let tables = &self.written.0;
        in_transaction(&mut self.target, |conn| {
            // The mark of a copy stands in `installation`, and lets the audit log be emptied.
            let (last, before): (Vec<&Table>, Vec<&Table>) =
                tables.iter().rev().partition(|table| table.name == "installation");
            for table in before.into_iter().chain(last) {
                rows::delete(conn, table)?;
            }
            Ok(())
        })
    }

    fn snapshot(&mut self) -> &'static str {
        match self.source.either() {
            // The first read, which is to come, takes the view.
            Either::Sqlite(_) => "BEGIN",
            Either::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    /// A number that is another once somebody else has changed the source. PostgreSQL counts no
    /// such thing; there it is enough that no other Overrule was and is connected.
    fn changes(&mut self) -> anyhow::Result<i64> {
        let Either::Sqlite(c) = self.source.either() else { return Ok(0) };
        let version = "SELECT data_version AS number FROM pragma_data_version";
        Ok(diesel::sql_query(version).get_result::<Number>(c)?.number)
    }

    fn count(&mut self) -> anyhow::Result<u64> {
        let mut all = 0;
        for table in &self.read.0 {
            all += count(&mut self.source, &table.name)?;
        }
        Ok(all)
    }

    fn write(&mut self, mut mark: Mark, tell: &dyn Fn(Progress<'_>)) -> anyhow::Result<()> {
        let tables: Vec<Table> = self.written.0.clone();
        for round in [Round::Rows, Round::Links] {
            if round < mark.round {
                continue;
            }
            for table in &tables {
                let is_next = round == mark.round && table.name == mark.table;
                if round == mark.round && !is_next && self.is_before(table, &mark) {
                    if round == Round::Rows {
                        tell(Progress::Written(&table.name, count(&mut self.source, &table.name)?));
                    }
                    continue;
                }
                if !is_next {
                    mark = Mark { round, table: table.name.clone(), after: None, ..mark };
                }
                if round == Round::Rows {
                    let done = if is_next { count(&mut self.target, &table.name)? } else { 0 };
                    tell(Progress::Written(&table.name, done));
                }
                mark = self.write_table(table, mark, tell)?;
            }
        }
        Ok(())
    }

    fn is_before(&self, table: &Table, mark: &Mark) -> bool {
        let place = |name: &str| self.written.0.iter().position(|table| table.name == name);
        place(&table.name) < place(&mark.table)
    }

    /// Goes on with one table until its end: each page and how far it goes in one transaction.
    fn write_table(
        &mut self,
        table: &Table,
        mut mark: Mark,
        tell: &dyn Fn(Progress<'_>),
    ) -> anyhow::Result<Mark> {
        let late: Vec<usize> =
            (0..table.columns.len()).filter(|at| table.columns[*at].is_late).collect();
        if mark.round == Round::Links && late.is_empty() {
            return Ok(mark);
        }
        let Some(read) = self.read.table(&table.name).cloned() else { return Ok(mark) };
        loop {
            let page = rows::page(&mut self.source, &read, mark.after.as_deref())?;
            let Some(last) = page.last() else { return Ok(mark) };
            mark.after = Some(last.key(&read));
            in_transaction(&mut self.target, |conn| {
                match mark.round {
                    Round::Rows => rows::insert(conn, table, &page)?,
                    Round::Links => {
                        for column in &late {
                            rows::set_late(conn, table, *column, &page)?;
                        }
                    }
                }
                write_mark(conn, &mark)
            })
            .with_context(|| format!("can't write `{}`", table.name))?;
            if mark.round == Round::Rows {
                tell(Progress::Written(&table.name, page.len() as u64));
            }
        }
    }

    /// Reads both sides anew and compares how much there is and what it says.
    fn compare(&mut self, tell: &dyn Fn(Progress<'_>)) -> anyhow::Result<Vec<(String, Content)>> {
        tell(Progress::Comparing(self.count()? * 2));
        let mut tables = Vec::new();
        for (read, written) in self.read.0.iter().zip(&self.written.0) {
            let source = content(&mut self.source, read, written, tell)?;
            let target = content(&mut self.target, written, read, tell)?;
            if source != target {
                bail!(
                    "the table `{}` differs: {} rows with hash {:?} in the source, {} rows with \
                     hash {:?} in the copy. If the source was changed since the copy was begun, \
                     run this again with `--start-over`",
                    read.name,
                    source.rows,
                    source.hash,
                    target.rows,
                    target.hash
                );
            }
            tables.push((read.name.clone(), source));
        }
        Ok(tables)
    }

    /// Takes the mark away: from now on the target is an installation.
    fn finish(&mut self) -> anyhow::Result<()> {
        installation::remove(&mut self.target, installation::COPYING)?;
        if let Either::Postgres(c) = self.target.either() {
            // Without figures about the new rows the first queries would be planned badly.
            c.batch_execute("ANALYZE")?;
        }
        Ok(())
    }
}

/// How far the copy into a database is, if it holds the beginning of one.
pub(super) fn mark(conn: &mut Conn) -> anyhow::Result<Option<Mark>> {
    let text = installation::find(conn, installation::COPYING)?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

fn write_mark(conn: &mut Conn, mark: &Mark) -> anyhow::Result<()> {
    installation::set(conn, installation::COPYING, &serde_json::to_string(mark)?)?;
    Ok(())
}

fn in_transaction(
    conn: &mut Conn,
    work: impl FnOnce(&mut Conn) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    match conn.either() {
        Either::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
        Either::Postgres(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN")?,
    }
    match work(conn) {
        Ok(()) => Ok(<Conn as TransactionManager<Conn>>::commit_transaction(conn)?),
        Err(error) => {
            // The first error is the one to tell; a rollback fails only on a dead connection.
            let _ = <Conn as TransactionManager<Conn>>::rollback_transaction(conn);
            Err(error)
        }
    }
}
