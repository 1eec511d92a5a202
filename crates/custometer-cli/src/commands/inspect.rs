//! `inspect`: what files hold, for people, with what is to be copied at the end.

use std::fmt::{self, Write as _};

use comfy_table::{CellAlignment, Table, presets};
use custometer_core::Registry;
use custometer_runner::inspect::{
    Candidate, Header, Hint, InspectedColumn, InspectedTable, Inspection, LooksLike, TextDialect, Unreadable,
};
use custometer_runner::result::harmless;

use crate::args::InspectFormat;
use crate::failure::Failure;
use crate::tell::{note, print};

/// How wide the text may be.
const WIDTH: usize = 80;
/// How wide the values of a column are at least.
const VALUES: usize = 16;

pub(super) fn run(paths: &[String], format: InspectFormat, registry: &Registry) -> Result<(), Failure> {
    let inspection = custometer_runner::inspect(paths, registry).map_err(Failure::run)?;
    match format {
        InspectFormat::Json => print(&format!("{}\n", serde_json::to_string_pretty(&inspection).map_err(Failure::run)?))?,
        InspectFormat::Table => print(&shown(&inspection))?,
    }
    for Unreadable { path, reason } in &inspection.unreadable {
        note(false, &format!("`{path}` {reason}"));
    }
    match inspection.unreadable.len() {
        0 => Ok(()),
        1 => Err(Failure::run("1 file could not be read")),
        count => Err(Failure::run(format!("{count} files could not be read"))),
    }
}

/// What an inspection says, for people.
pub fn shown(inspection: &Inspection) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text, inspection);
    text
}

fn write(text: &mut String, inspection: &Inspection) -> fmt::Result {
    for table in &inspection.tables {
        write_table(text, table)?;
    }
    writeln!(text, "To paste into a report; paths are relative to its folder:\n")?;
    let blocks: Vec<&str> = inspection.tables.iter().map(|table| table.block.as_str()).collect();
    text.write_str(&blocks.join("\n"))
}

fn write_table(text: &mut String, table: &InspectedTable) -> fmt::Result {
    for file in &table.files {
        let packed = file.compression.map(|packed| format!(", {packed}")).unwrap_or_default();
        writeln!(text, "{}: {}, {}{packed}", line(&file.path), counted(file.rows, "row"), bytes(file.bytes))?;
    }
    let facts = [
        ("format", format!("{}, {}", table.format, counted(table.columns.len() as u64, "column"))),
        ("delimiter", table.text.as_ref().map(delimiter).unwrap_or_default()),
        ("header", table.text.as_ref().map(header).unwrap_or_default()),
        ("quotes", table.text.as_ref().map(quotes).unwrap_or_default()),
        ("encoding", table.text.as_ref().map(encoding).unwrap_or_default()),
        ("numbers", numbers(table)),
        ("times", times(&table.columns)),
    ];
    for (name, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
        wrapped(text, &format!("  {name:<11}"), fact)?;
    }
    for damage in &table.damaged {
        let place = if table.files.len() > 1 { format!(" of {}", line(&damage.file)) } else { String::new() };
        wrapped(text, "  damaged    ", &format!("{}: {}, first in row {}{place}", counted(damage.rows, "row"), damage.reason, damage.row))?;
    }
    writeln!(text, "\n{}\n", columns(&table.columns))?;
    if !table.hints.is_empty() {
        writeln!(text, "Worth a look")?;
        table.hints.iter().try_for_each(|hint| wrapped(text, "  - ", &hinted(hint)))?;
        writeln!(text)?;
    }
    if table.could_be.is_empty() {
        return writeln!(text, "Its columns are not like those of any logical table that metrics read.\n");
    }
    writeln!(text, "It could be")?;
    table.could_be.iter().try_for_each(|candidate| write_candidate(text, candidate))?;
    writeln!(text)
}

fn delimiter(dialect: &TextDialect) -> String {
    let name = match dialect.delimiter.as_str() {
        "spaces" => "runs of spaces",
        "," => "comma",
        ";" => "semicolon",
        "\t" => "tab",
        other => other,
    };
    let (agreeing, all) = (dialect.rows_agreeing, dialect.rows_looked_at);
    let which = match (agreeing, all) {
        (1, 1) => "the first line".to_owned(),
        (agreeing, all) if agreeing == all => format!("each of the first {all} lines"),
        (agreeing, all) => format!("{agreeing} of the first {all} lines"),
    };
    format!("{name} ({} in {which})", counted(dialect.values as u64, "value"))
}

fn header(dialect: &TextDialect) -> String {
    let is = if dialect.skip_lines == 1 { "is" } else { "are" };
    let after = format!("after {} that {is} no part of the table", counted(dialect.skip_lines, "line"));
    if dialect.header_lines > 1 {
        return format!(
            "{}, of which the first has the names: below them, no value is a number or a time",
            counted(dialect.header_lines, "row")
        );
    }
    match (dialect.header, dialect.skip_lines) {
        (Header::Names, 0) => String::new(),
        (Header::Names, _) => after,
        (Header::RepeatedNames, _) => "some names come twice in it; below they are made different".to_owned(),
        (Header::None, 0) => "none: the first line holds data; the names below are proposals".to_owned(),
        (Header::None, _) => format!("none: the table starts with data, {after}; the names below are proposals"),
    }
}

fn quotes(dialect: &TextDialect) -> String {
    match dialect.quote {
        _ if dialect.plain_quotes => "characters like any other: they do not pair".to_owned(),
        Some(quote) => format!("{quote} around some values"),
        None => String::new(),
    }
}

fn encoding(dialect: &TextDialect) -> String {
    let mark = if dialect.byte_order_mark { ", with a byte-order mark" } else { "" };
    let words = if dialect.words.is_empty() { String::new() } else { format!(": {}", dialect.words.join(", ")) };
    match dialect.encoding {
        "ASCII" => format!("ASCII{mark}, the same in every encoding"),
        "UTF-8" => format!("UTF-8{mark}{words}"),
        "UTF-16" => format!("UTF-16, with a byte-order mark{words}"),
        // Nothing in a text tells the encodings of one byte per character apart but its words.
        "Windows-1252" => format!("not UTF-8; read as Windows-1252{words}. Latin-1 can't be told from it: look at the words"),
        other => format!("not UTF-8; read as {other}{words}: look at the words"),
    }
}

fn numbers(table: &InspectedTable) -> String {
    let mut said = Vec::new();
    if table.numbers.decimal_comma {
        said.push("decimal comma".to_owned());
    }
    said.extend(table.numbers.thousands.map(|thousands| format!("`{thousands}` between thousands")));
    said.join(", ")
}

/// How times are written.
fn times(columns: &[InspectedColumn]) -> String {
    let mut formats: Vec<(String, Vec<String>)> = Vec::new();
    for column in columns.iter().filter(|column| matches!(column.looks_like, LooksLike::Date | LooksLike::Time)) {
        let format = column.time_format.clone().unwrap_or_else(|| "ISO 8601".to_owned());
        let rivals = column.rival_time_formats.iter().map(|rival| format!(" or {rival}"));
        let local = if column.is_local_time { ", without a time zone" } else { "" };
        let format = format!("{format}{}{local}", rivals.collect::<String>());
        match formats.iter_mut().find(|(known, _)| *known == format) {
            Some((_, columns)) => columns.push(line(&column.name)),
            None => formats.push((format, vec![line(&column.name)])),
        }
    }
    formats.into_iter().map(|(format, columns)| format!("{} as {format}", columns.join(", "))).collect::<Vec<_>>().join("; ")
}

/// The columns as a table.
fn columns(columns: &[InspectedColumn]) -> String {
    let mut rows: Vec<[String; 5]> = vec![["column", "type", "missing", "different", "values"].map(str::to_owned)];
    rows.extend(
        columns.iter().map(|column| [line(&column.name), kind(column).to_owned(), missing(column), distinct(column), values(column)]),
    );
    // Each cell has a space on both sides, and the table one before it.
    let taken: usize = (0..4).map(|cell| rows.iter().map(|row| row[cell].chars().count()).max().unwrap_or(0) + 2).sum();
    let room = WIDTH.saturating_sub(taken + 3).max(VALUES);
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for mut row in rows {
        row[4] = cut(&row[4], room);
        table.add_row(row);
    }
    for right in [2, 3] {
        if let Some(column) = table.column_mut(right) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!(" {}", line.trim_end())).collect::<Vec<_>>().join("\n")
}

fn kind(column: &InspectedColumn) -> &'static str {
    match column.looks_like {
        LooksLike::WholeNumber => "whole",
        LooksLike::Boolean => "true/false",
        LooksLike::Nothing => "–",
        other => other.as_str(),
    }
}

fn missing(column: &InspectedColumn) -> String {
    match (column.missing, column.missing_share) {
        (0, _) | (_, None) => "–".to_owned(),
        (all, Some(_)) if column.present() == 0 => format!("all {}", thousands(all)),
        (_, Some(share)) if share < 0.0005 => "< 0.1 %".to_owned(),
        (_, Some(share)) => format!("{:.1} %", share * 100.0),
    }
}

fn distinct(column: &InspectedColumn) -> String {
    match column.distinct {
        _ if column.present() == 0 || column.looks_like == LooksLike::Nested => "–".to_owned(),
        _ if column.is_unique() => "every row".to_owned(),
        distinct if distinct.is_exact => thousands(distinct.count),
        distinct => format!("> {}", thousands(distinct.count - 1)),
    }
}

/// The range of numbers and times; the commonest of few texts; examples of many.
fn values(column: &InspectedColumn) -> String {
    let ends = || column.min.as_ref().zip(column.max.as_ref()).map(|(min, max)| (min.to_string(), max.to_string()));
    match column.looks_like {
        LooksLike::Number | LooksLike::WholeNumber | LooksLike::Date | LooksLike::Time => match ends() {
            Some((min, max)) if min == max => min,
            Some((min, max)) => range(&min, &max),
            None => String::new(),
        },
        _ => {
            let mut common: Vec<(&String, &u64)> = column.values.iter().flatten().collect();
            common.sort_by_key(|(_, rows)| std::cmp::Reverse(**rows));
            let few = common.iter().map(|(text, _)| line(text)).take(5).collect::<Vec<_>>();
            let examples = column.examples.iter().map(|text| line(text)).collect::<Vec<_>>();
            if few.is_empty() { examples.join(", ") } else { few.join(", ") }
        }
    }
}

/// The ends of numbers or times: of times no more than what tells them apart.
fn range(min: &str, max: &str) -> String {
    let is_time = |text: &str| text.len() > 13 && text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(10) == Some(&b' ');
    if !is_time(min) || !is_time(max) {
        return format!("{min} … {max}");
    }
    if min[..10] == max[..10] { format!("{} … {}", &min[..16], &max[11..16]) } else { format!("{} … {}", &min[..10], &max[..10]) }
}

fn hinted(hint: &Hint) -> String {
    let shown: Vec<String> = hint.columns.iter().take(6).map(|column| line(column)).collect();
    let more = hint.columns.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let columns = if shown.is_empty() { String::new() } else { format!("{}{more}: ", shown.join(", ")) };
    let values = hint.values.map(|values| format!(" ({})", counted(values, "value"))).unwrap_or_default();
    format!("{columns}{}{values}", line(&hint.what))
}

fn write_candidate(text: &mut String, candidate: &Candidate) -> fmt::Result {
    let start = format!("  {:<10} ", candidate.table);
    let pairs = candidate.columns.iter().map(|of| {
        let doubt = if of.by_type_alone { " (by its type)" } else { "" };
        if of.logical == of.column { format!("{}{doubt}", of.logical) } else { format!("{} = {}{doubt}", of.logical, line(&of.column)) }
    });
    wrapped(text, &start, &pairs.collect::<Vec<_>>().join(", "))?;
    let indent = " ".repeat(start.len());
    if !candidate.missing.is_empty() {
        wrapped(text, &indent, &format!("without {}", candidate.missing.join(", ")))?;
    }
    if let Some(doubt) = &candidate.doubt {
        wrapped(text, &indent, &format!("but {}", line(doubt)))?;
    }
    let metrics = candidate.metrics.iter().map(|metric| {
        let rejects = match (metric.rejects, metric.rejects_no_more) {
            (0, _) => String::new(),
            (rows, true) => format!(" ({} rejected)", counted(rows, "row")),
            (rows, false) => format!(" (at least {} rejected)", counted(rows, "row")),
        };
        format!("{}{rejects}", metric.metric)
    });
    let metrics: Vec<String> = metrics.collect();
    let metrics = if metrics.is_empty() { "no metric can run on it as it is".to_owned() } else { format!("for {}", metrics.join(", ")) };
    wrapped(text, &indent, &metrics)
}

/// Writes a paragraph after its start, its further lines below the first.
fn wrapped(text: &mut String, start: &str, paragraph: &str) -> fmt::Result {
    let indent = start.chars().count();
    let mut at = indent;
    text.write_str(start)?;
    for (position, word) in paragraph.split(' ').enumerate() {
        let length = word.chars().count();
        if position > 0 && at + 1 + length > WIDTH {
            write!(text, "\n{}", " ".repeat(indent))?;
            at = indent;
        } else if position > 0 {
            text.write_char(' ')?;
            at += 1;
        }
        text.write_str(word)?;
        at += length;
    }
    writeln!(text)
}

/// Text on one line that can't drive the terminal.
fn line(text: &str) -> String {
    harmless::line(text).into_owned()
}

/// Text of so many characters at most.
fn cut(text: &str, width: usize) -> String {
    let text = line(text);
    if text.chars().count() <= width {
        return text;
    }
    let start: String = text.chars().take(width - 1).collect();
    format!("{}…", start.trim_end())
}

fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// A number with its thousands set apart by thin spaces.
fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join("\u{2009}")
}

fn bytes(count: u64) -> String {
    indicatif::HumanBytes(count).to_string()
}
