//! Records that were written a line each, as a table: Parquet with typed columns in row groups of
//! 65,536 rows, compressed by zstd, or CSV. What is read is a line at a time and what is held is a
//! row group; the same lines give the same bytes.

use super::columns::{self, Column, Kind};
use super::model::FileFormat;
use arrow_array::builder::StringBuilder;
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StructArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::sync::Arc;

/// Rows in a row group.
const GROUP: usize = 65_536;
/// Rows turned into columns at a time.
const BATCH: usize = 1_024;
/// Bytes of lines turned into columns at a time, where lines are long.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Hears how many rows are done, and may end it.
pub type Heard<'h> = &'h mut dyn FnMut(u64) -> io::Result<()>;

/// Writes the records of `lines` to `out` and gives how many there were.
pub fn write(
    format: FileFormat,
    columns: &[Column],
    lines: impl BufRead,
    out: impl Write + Send,
    heard: Heard<'_>,
) -> io::Result<u64> {
    match format {
        FileFormat::Jsonl => copy(lines, out),
        FileFormat::Csv => csv(columns, lines, out, heard),
        FileFormat::Parquet => parquet(columns, lines, out, heard),
    }
}

fn copy(mut lines: impl BufRead, mut out: impl Write) -> io::Result<u64> {
    let (mut line, mut rows) = (Vec::new(), 0);
    while lines.read_until(b'\n', &mut line)? > 0 {
        out.write_all(&line)?;
        line.clear();
        rows += 1;
    }
    Ok(rows)
}

type Record<'l> = HashMap<Cow<'l, str>, &'l RawValue>;

fn read(line: &str) -> io::Result<Record<'_>> {
    serde_json::from_str(line).map_err(io::Error::other)
}

fn csv(
    columns: &[Column],
    mut lines: impl BufRead,
    out: impl Write,
    heard: Heard<'_>,
) -> io::Result<u64> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(columns.iter().map(|column| &column.name)).map_err(io::Error::other)?;
    let (mut line, mut rows) = (String::new(), 0);
    while lines.read_line(&mut line)? > 0 {
        let record = read(&line)?;
        let cell = |column: &Column| match record.get(column.name.as_str()) {
            Some(value) if value.get() != "null" => plain(value.get()),
            _ => Cow::Borrowed(""),
        };
        let cells: Vec<Cow<'_, str>> = columns.iter().map(cell).collect();
        table.write_record(cells.iter().map(|cell| cell.as_bytes())).map_err(io::Error::other)?;
        rows += 1;
        line.clear();
        if rows % BATCH as u64 == 0 {
            heard(rows)?;
        }
    }
    table.flush()?;
    Ok(rows)
}

/// A string's text, or the JSON itself.
fn plain(json: &str) -> Cow<'_, str> {
    if json.starts_with('"') {
        serde_json::from_str::<String>(json).map_or(Cow::Borrowed(json), Cow::Owned)
    } else {
        Cow::Borrowed(json)
    }
}

fn parquet(
    columns: &[Column],
    mut lines: impl BufRead,
    out: impl Write + Send,
    heard: Heard<'_>,
) -> io::Result<u64> {
    let mut table = Table::new(columns, out)?;
    let (mut batch, mut bytes, mut rows) = (Vec::with_capacity(BATCH), 0, 0);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        bytes += line.len();
        rows += 1;
        batch.push(std::mem::take(&mut line));
        if batch.len() == BATCH || bytes >= BATCH_BYTES {
            table.add(&batch)?;
            batch.clear();
            bytes = 0;
            heard(rows)?;
        }
    }
    if !batch.is_empty() {
        table.add(&batch)?;
    }
    table.finish()?;
    Ok(rows)
}

/// A Parquet file that is being written.
pub struct Table<W: Write + Send> {
    columns: Vec<Column>,
    schema: Arc<Schema>,
    writer: ArrowWriter<W>,
}

impl<W: Write + Send> Table<W> {
    /// Begins one.
    pub fn new(columns: &[Column], out: W) -> io::Result<Self> {
        let told = ("huggingface".to_owned(), columns::hugging_face(columns).to_string());
        let schema = Arc::new(Schema::new_with_metadata(fields(columns), HashMap::from([told])));
        let level = ZstdLevel::try_new(1).map_err(io::Error::other)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(GROUP))
            .set_created_by(concat!("overrule ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties))
            .map_err(io::Error::other)?;
        Ok(Self { columns: columns.to_vec(), schema, writer })
    }

    /// Adds records, a JSON object each.
    pub fn add(&mut self, lines: &[String]) -> io::Result<()> {
        let records = lines.iter().map(|line| read(line)).collect::<io::Result<Vec<_>>>()?;
        let records: Vec<Option<Record<'_>>> = records.into_iter().map(Some).collect();
        let arrays = arrays(&self.columns, &records)?;
        let batch = RecordBatch::try_new(self.schema.clone(), arrays).map_err(io::Error::other)?;
        self.writer.write(&batch).map_err(io::Error::other)
    }

    /// Writes the end and flushes.
    pub fn finish(self) -> io::Result<()> {
        self.writer.close().map(drop).map_err(io::Error::other)
    }
}

fn fields(columns: &[Column]) -> Fields {
    columns.iter().map(|column| field(&column.name, &column.kind)).collect()
}

fn field(name: &str, kind: &Kind) -> FieldRef {
    let field = Field::new(name, data_type(kind), true);
    let is_json = *kind == Kind::Json;
    let told = || ("ARROW:extension:name".to_owned(), "arrow.json".to_owned());
    // A key of its own for each field; more would come in no fixed order.
    Arc::new(if is_json { field.with_metadata(HashMap::from([told()])) } else { field })
}

fn data_type(kind: &Kind) -> DataType {
    match kind {
        Kind::Text | Kind::Json => DataType::Utf8,
        Kind::Int => DataType::Int64,
        Kind::Float => DataType::Float64,
        Kind::Bool => DataType::Boolean,
        Kind::List(inner) => DataType::List(field("item", inner)),
        Kind::Fields(columns) => DataType::Struct(fields(columns)),
    }
}

fn arrays(columns: &[Column], records: &[Option<Record<'_>>]) -> io::Result<Vec<ArrayRef>> {
    let mut arrays = Vec::with_capacity(columns.len());
    for column in columns {
        let values: Vec<Option<&str>> =
            records.iter().map(|record| value_of(record, &column.name)).collect();
        arrays.push(array(&column.kind, &values)?);
    }
    Ok(arrays)
}

/// What stands there; `null` is nothing.
fn value_of<'l>(record: &Option<Record<'l>>, name: &str) -> Option<&'l str> {
    let value = record.as_ref()?.get(name)?.get();
    (value != "null").then_some(value)
}

fn array(kind: &Kind, values: &[Option<&str>]) -> io::Result<ArrayRef> {
    Ok(match kind {
        Kind::Text => {
            let mut all = StringBuilder::new();
            values.iter().for_each(|value| all.append_option(value.map(plain)));
            Arc::new(all.finish())
        }
        Kind::Json => {
            let mut all = StringBuilder::new();
            values.iter().for_each(|value| all.append_option(*value));
            Arc::new(all.finish())
        }
        Kind::Int => Arc::new(Int64Array::from_iter(parsed::<i64>(values)?)),
        Kind::Float => Arc::new(Float64Array::from_iter(parsed::<f64>(values)?)),
        Kind::Bool => Arc::new(BooleanArray::from_iter(parsed::<bool>(values)?)),
        Kind::List(inner) => list(inner, values)?,
        Kind::Fields(columns) => {
            let records = values.iter().map(|value| value.map(read).transpose());
            let records = records.collect::<io::Result<Vec<_>>>()?;
            let nulls = records.iter().map(Option::is_some).collect::<Vec<bool>>();
            let arrays = arrays(columns, &records)?;
            let made = StructArray::try_new(fields(columns), arrays, Some(nulls.into()));
            Arc::new(made.map_err(io::Error::other)?)
        }
    })
}

/// Values read; nothing stays nothing.
fn parsed<'t, T: serde::Deserialize<'t>>(values: &[Option<&'t str>]) -> io::Result<Vec<Option<T>>> {
    values.iter().map(|value| value.map(parse).transpose()).collect()
}

fn list(inner: &Kind, values: &[Option<&str>]) -> io::Result<ArrayRef> {
    let (mut lengths, mut nulls, mut members) = (Vec::new(), Vec::new(), Vec::new());
    for value in values {
        let list: Vec<&RawValue> = value.map_or(Ok(Vec::new()), parse)?;
        lengths.push(list.len());
        nulls.push(value.is_some());
        members.extend(list.into_iter().map(|member| {
            let member = member.get();
            (member != "null").then_some(member)
        }));
    }
    let members = array(inner, &members)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    let made = ListArray::try_new(field("item", inner), offsets, members, Some(nulls.into()));
    Ok(Arc::new(made.map_err(io::Error::other)?))
}

fn parse<'t, T: serde::Deserialize<'t>>(text: &'t str) -> io::Result<T> {
    serde_json::from_str(text).map_err(io::Error::other)
}
