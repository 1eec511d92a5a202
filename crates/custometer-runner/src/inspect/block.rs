//! A table of a report's config to start from: only what differs from the defaults, and what is left to choose as comments.

use std::fmt::Write as _;

use super::candidates::{Candidate, Runnable};
use super::column::{InspectedColumn, LooksLike};
use super::columns::Columns;
use super::hints::{is_repeated_id, no_answers, style_in_words};
use super::looks::{self, MISSING};
use super::tally::Totals;
use crate::read::format::FileFormat;
use crate::read::number::NumberStyle;
use crate::read::text::{Delimiter, Encoding, Guess};
use crate::read::values::is_of_currencies;

/// A line that is longer is written as several.
const WIDTH: usize = 80;

/// What a block is made of.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    /// What names the files; none where no path or pattern names them alone.
    pub(super) path: Option<&'a str>,
    /// Whether it is rows that a host gives, which are in no file.
    pub(super) is_given: bool,
    /// The format, and whether the files' names say it.
    pub(super) format: FileFormat,
    pub(super) format_is_named: bool,
    /// The members of an archive, the sheets of a workbook, and the keys to the rows of a document.
    pub(super) members: Vec<String>,
    pub(super) sheets: Vec<String>,
    pub(super) rows: Option<&'a str>,
    pub(super) text: Option<&'a Guess>,
    pub(super) table: &'a Columns,
    pub(super) best: Option<&'a Candidate>,
    /// The likeliest candidate, even where something speaks against it or no metric could run.
    pub(super) likeliest: Option<&'a Candidate>,
    pub(super) totals: Option<&'a Totals>,
}

/// The block.
pub(super) fn block(wanted: &Wanted<'_>) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text, wanted);
    text
}

fn write(text: &mut String, wanted: &Wanted<'_>) -> std::fmt::Result {
    let columns = &wanted.table.columns;
    writeln!(text, "[tables.{}]", key(wanted.name))?;
    match wanted.path {
        Some(path) => writeln!(text, "path = {}", quoted(path))?,
        // The host gives its rows when the report is run.
        None if wanted.is_given => {}
        None => writeln!(text, "# No pattern names these files alone: put them in a folder of their own.\npath = \"FOLDER\"")?,
    }
    if !wanted.format_is_named {
        writeln!(text, "format = \"{}\"", wanted.format.as_str())?;
    }
    for (key, names) in [("member", &wanted.members), ("sheet", &wanted.sheets)] {
        match names.as_slice() {
            [] => {}
            [only] => writeln!(text, "{key} = {}", quoted(only))?,
            several => writeln!(text, "{key} = {}", list(&several.iter().map(String::as_str).collect::<Vec<_>>()))?,
        }
    }
    if let Some(rows) = wanted.rows {
        writeln!(text, "rows = {}", quoted(rows))?;
    }
    if let Some(guess) = wanted.text {
        dialect(text, guess, wanted.format)?;
    }
    if let Some(totals) = wanted.totals {
        without_totals(text, totals)?;
    }
    numbers(text, wanted.table.numbers, wanted.table.rival_numbers)?;
    missing(text, columns, &codes(wanted))?;
    times(text, columns)?;
    clocks(text, columns)?;
    currencies(text, columns)?;
    let formats: Vec<(&str, String)> = columns.iter().filter_map(|column| Some((column.name.as_str(), column.format.clone()?))).collect();
    entries(text, "formats", &formats, false)?;
    if let Some(likeliest) = wanted.likeliest {
        mapped(text, likeliest, date_and_clock(columns).is_some())?;
    }
    if let Some(params) = wanted.best.and_then(|best| best.lines.as_ref()) {
        writeln!(text, "params = {{ {params} }}   # several rows are of one, which counts once")?;
    }
    if let Some(column) = columns.iter().find(|column| is_repeated_id(column)) {
        writeln!(text, "# deduplicate = [{}]   # if rows that repeat it are duplicates", quoted(&column.name))?;
    }
    let example = wanted.best.and_then(|best| {
        // The plainest: without parameters, without rows to reject, of rows as they are, and with as many columns as any.
        let rank = |metric: &&Runnable| (metric.params.is_none(), metric.rejects == 0, metric.is_plain, metric.reads.len());
        best.metrics.iter().rev().max_by_key(rank)
    });
    let Some(example) = example else { return Ok(()) };
    writeln!(text, "\n# [[metrics]]\n# metric = {}\n# table = {}", quoted(&example.metric), quoted(wanted.name))?;
    if let Some(params) = &example.params {
        writeln!(text, "# params = {{ {} }}", params.replace('\n', ", "))?;
    }
    let settled = columns.iter().all(|column| column.rival_time_formats.is_empty());
    if example.timed && settled {
        writeln!(text, "# grain = \"month\"")?;
    }
    Ok(())
}

fn dialect(text: &mut String, guess: &Guess, of: FileFormat) -> std::fmt::Result {
    let format = &guess.format;
    let is_tsv = of == FileFormat::Tsv;
    match format.delimiter {
        _ if !of.is_text() => {}
        Delimiter::Byte(b',') if !is_tsv => {}
        Delimiter::Byte(b'\t') if is_tsv => {}
        Delimiter::Byte(byte) => writeln!(text, "delimiter = {}", quoted(&char::from(byte).to_string()))?,
        Delimiter::Spaces => writeln!(text, "delimiter = \"spaces\"")?,
    }
    match format.quote {
        _ if !of.is_text() => {}
        Some(b'"') => {}
        Some(byte) => writeln!(text, "quote = {}", quoted(&char::from(byte).to_string()))?,
        None => writeln!(text, "quote = \"\"")?,
    }
    match format.encoding {
        Encoding::Windows1252 => writeln!(text, "encoding = \"windows-1252\"")?,
        Encoding::MacRoman => writeln!(text, "encoding = \"mac-roman\"")?,
        Encoding::Utf8 | Encoding::Latin1 => {}
    }
    if format.skip_lines > 0 {
        writeln!(text, "skip_lines = {}", format.skip_lines)?;
    }
    if let Some(lines) = format.header_lines {
        writeln!(text, "header_lines = {lines}")?;
    }
    if let Some(names) = &format.column_names {
        let why = if guess.has_header { "The header has names twice" } else { "The file names no columns" };
        writeln!(text, "# {why}: give them the names that you know them by.")?;
        let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        writeln!(text, "column_names = [{}]", names.join(", "))?;
    }
    Ok(())
}

/// What leaves out rows that have only a total in them.
fn without_totals(text: &mut String, totals: &Totals) -> std::fmt::Result {
    match totals.at_the_end {
        Some(lines) => writeln!(text, "# footer_lines = {lines}   # {}", totals.said()),
        None => writeln!(text, "# skip_rows_where = {}   # {}", quoted(&are_totals(totals)), totals.said()),
    }
}

/// A condition of SQL that holds for totals.
pub(super) fn are_totals(totals: &Totals) -> String {
    let is_total = totals.labels.iter().map(|(column, label)| {
        let [column, label] = [column.replace('"', "\"\""), label.replace('\'', "''")];
        format!("\"{column}\" = '{label}'")
    });
    is_total.collect::<Vec<_>>().join(" OR ")
}

fn numbers(text: &mut String, style: NumberStyle, rival: Option<NumberStyle>) -> std::fmt::Result {
    let settings = |style: NumberStyle| {
        let comma = style.decimal_comma.then(|| "decimal_comma = true".to_owned());
        let thousands = style.thousands.map(|thousands| format!("thousands = {}", quoted(&thousands.0.to_string())));
        comma.into_iter().chain(thousands).collect::<Vec<_>>()
    };
    let Some(rival) = rival else { return settings(style).iter().try_for_each(|setting| writeln!(text, "{setting}")) };
    writeln!(text, "# Numbers could have {} or {}.", style_in_words(style), style_in_words(rival))?;
    // A decimal point needs no word.
    let choices: Vec<String> = [style, rival].map(settings).iter().filter(|said| !said.is_empty()).map(|said| said.join("\n# ")).collect();
    let asks = if choices.len() == 1 { "If it is the latter, say:" } else { "Say which:" };
    writeln!(text, "# {asks}\n# {}", choices.join("\n# or\n# "))
}

/// What may mean no answer in the numbers of the logical table.
fn codes<'a>(wanted: &Wanted<'a>) -> Vec<(&'a str, String)> {
    let columns = &wanted.table.columns;
    let mapped = wanted.best.iter().flat_map(|best| &best.columns);
    let mapped = mapped.filter_map(|of| columns.iter().find(|column| column.name == of.column));
    let codes = mapped.map(|column| (column.name.as_str(), no_answers(column))).filter(|(_, codes)| !codes.is_empty());
    codes.map(|(name, codes)| (name, format!("[{}]", codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")))).collect()
}

/// What stands for a missing value: in every column where no text could be meant, else in those that have it.
fn missing(text: &mut String, columns: &[InspectedColumn], codes: &[(&str, String)]) -> std::fmt::Result {
    let with = |word: &str| columns.iter().filter(|column| column.missing_words.iter().any(|known| known == word)).collect::<Vec<_>>();
    let may_be_text = |word: &str| {
        let texts = columns.iter().filter(|column| column.looks_like == LooksLike::Text);
        texts.into_iter().any(|column| column.counts().is_none_or(|counts| counts.contains_key(word)))
    };
    let (everywhere, apart): (Vec<&str>, Vec<&str>) =
        MISSING.into_iter().filter(|word| !with(word).is_empty()).partition(|word| !may_be_text(word));
    if !everywhere.is_empty() {
        writeln!(text, "null_values = {}", list(&everywhere))?;
    }
    let blank = columns.iter().filter_map(|column| {
        let words: Vec<&str> = apart.iter().copied().filter(|word| column.missing_words.iter().any(|known| known == word)).collect();
        (!words.is_empty()).then(|| (column.name.as_str(), list(&words)))
    });
    entries(text, "blank", &blank.collect::<Vec<_>>(), !codes.is_empty())?;
    codes.iter().try_for_each(|(name, codes)| writeln!(text, "# blank.{} = {codes}   # if that means no answer", key(name)))
}

/// Which currency is meant, where amounts are in several.
fn currencies(text: &mut String, columns: &[InspectedColumn]) -> std::fmt::Result {
    let column = columns.iter().find(|column| is_of_currencies(&column.name));
    if let Some(minor) = columns.iter().find(|column| is_of_minor_units(&column.name)) {
        let whose = if column.is_none() { ", of the currency that `currency` says" } else { "" };
        writeln!(text, "# amounts_in = \"minor_units\"   # if {} counts cents{whose}", quoted(&minor.name))?;
    }
    let Some((column, codes)) = column.and_then(|column| Some((column, column.counts().filter(|codes| codes.len() > 1)?))) else {
        return Ok(());
    };
    let most = codes.iter().max_by_key(|(_, rows)| **rows).map(|(code, _)| code.as_str()).unwrap_or_default();
    writeln!(
        text,
        "# Amounts are in {} currencies: convert them, keep one of them, or break down by {}.",
        codes.len(),
        quoted(&column.name)
    )?;
    let condition = format!("\"{}\" = '{}'", column.name.replace('"', "\"\""), most.replace('\'', "''"));
    writeln!(text, "# where = {}", quoted(&condition))
}

/// Whether a column's name says that it counts the smallest units of a currency.
pub(super) fn is_of_minor_units(name: &str) -> bool {
    let words = name.to_lowercase();
    words.split(|letter: char| !letter.is_alphanumeric()).any(|word| ["cents", "cent", "pence", "minor", "øre", "öre"].contains(&word))
}

fn times(text: &mut String, columns: &[InspectedColumn]) -> std::fmt::Result {
    let (settled, open): (Vec<&InspectedColumn>, Vec<&InspectedColumn>) =
        columns.iter().filter(|column| column.time_format.is_some()).partition(|column| column.rival_time_formats.is_empty());
    let formats: Vec<(&str, String)> =
        settled.iter().map(|column| (column.name.as_str(), quoted(column.time_format.as_deref().unwrap_or_default()))).collect();
    entries(text, "time_formats", &formats, !open.is_empty() || date_and_clock(columns).is_some())?;
    for column in open {
        writeln!(text, "# Every time in {} could be read in several ways. Choose one:", quoted(&column.name))?;
        for format in column.time_format.iter().chain(&column.rival_time_formats) {
            writeln!(text, "# time_formats.{} = {}", key(&column.name), quoted(format))?;
        }
    }
    if columns.iter().any(|column| column.is_local_time) {
        writeln!(text, "# timezone = \"Europe/Copenhagen\"   # of these times; else the report's")?;
    }
    Ok(())
}

/// A date and what a clock showed, in two columns.
fn clocks(text: &mut String, columns: &[InspectedColumn]) -> std::fmt::Result {
    let Some((date, clock)) = date_and_clock(columns) else { return Ok(()) };
    writeln!(text, "# If {} and {} are one time:", quoted(&date.name), quoted(&clock.name))?;
    writeln!(text, "# columns.time = [{}, {}]", quoted(&date.name), quoted(&clock.name))?;
    let iso = "%Y-%m-%d".to_owned();
    match looks::clock_format(&clock.examples) {
        Some(format) if date.time_format.is_some() || format.contains("%I") || format.contains('.') => {
            writeln!(text, "# time_formats.time = {}", quoted(&format!("{} {format}", date.time_format.as_ref().unwrap_or(&iso))))
        }
        _ => Ok(()),
    }
}

fn date_and_clock(columns: &[InspectedColumn]) -> Option<(&InspectedColumn, &InspectedColumn)> {
    let clock = columns.iter().find(|column| column.looks_like == LooksLike::Text && looks::are_clocks(&column.name, &column.examples));
    let date = columns.iter().find(|column| column.looks_like == LooksLike::Date);
    date.zip(clock)
}

/// The logical names, each with the file's own; as comments where something speaks against the table.
fn mapped(text: &mut String, best: &Candidate, apart: bool) -> std::fmt::Result {
    if let Some(doubt) = &best.doubt {
        let mut mapping = String::new();
        pairs(&mut mapping, best, apart)?;
        if mapping.is_empty() {
            return Ok(());
        }
        writeln!(text, "# It could be `{}`, but {doubt}:", best.table)?;
        return mapping.lines().try_for_each(|line| writeln!(text, "# {}", line.strip_prefix("# ").unwrap_or(line)));
    }
    pairs(text, best, apart)
}

/// `apart` is whether other lines about columns stand beside these.
fn pairs(text: &mut String, best: &Candidate, apart: bool) -> std::fmt::Result {
    let guessed: Vec<&str> = best.columns.iter().filter(|of| of.by_type_alone).map(|of| of.logical.as_str()).collect();
    if !guessed.is_empty() {
        writeln!(text, "# Told by what it holds, and not by its name: {}.", guessed.join(", "))?;
    }
    let renamed = best.columns.iter().filter(|of| of.logical != of.column);
    let pairs: Vec<(&str, String)> = renamed.map(|of| (of.logical.as_str(), quoted(&of.column))).collect();
    entries(text, "columns", &pairs, apart)?;
    for of in best.columns.iter().filter(|of| !of.rivals.is_empty()) {
        let rivals = of.rivals.iter().map(|rival| quoted(rival)).collect::<Vec<_>>().join(" or ");
        writeln!(text, "# Instead of {}, {} could be {rivals}.", quoted(&of.column), of.logical)?;
    }
    Ok(())
}

/// A table of settings: in one line where it is short, else with a line for each.
fn entries(text: &mut String, name: &str, pairs: &[(&str, String)], apart: bool) -> std::fmt::Result {
    if pairs.is_empty() {
        return Ok(());
    }
    let inside: Vec<String> = pairs.iter().map(|(name, value)| format!("{} = {value}", key(name))).collect();
    let line = format!("{name} = {{ {} }}", inside.join(", "));
    if !apart && line.chars().count() <= WIDTH {
        return writeln!(text, "{line}");
    }
    inside.iter().try_for_each(|entry| writeln!(text, "{name}.{entry}"))
}

fn list(values: &[&str]) -> String {
    format!("[{}]", values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", "))
}

/// A key of TOML.
pub(super) fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if bare { name.to_owned() } else { quoted(name) }
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
