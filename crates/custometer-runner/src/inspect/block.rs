//! A table of a report's config to start from: only what differs from the defaults, and what is left to choose as comments.

use std::fmt::Write as _;

use super::candidates::{Candidate, Match, Runnable};
use super::choice::{self, Answers};
use super::column::{InspectedColumn, LooksLike};
use super::columns::Columns;
use super::hints::{is_repeated_id, no_answers, style_in_words};
use super::looks::{self, MISSING};
use super::tally::Totals;
use super::toml_text::{key, quoted};
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
    /// What was chosen already.
    pub(super) answers: &'a Answers,
}

impl Wanted<'_> {
    /// What was chosen.
    fn answer(&self, key: &str) -> Option<usize> {
        self.answers.get(key).copied()
    }
}

/// The block, with a request as a comment.
pub(super) fn block(wanted: &Wanted<'_>) -> String {
    let mut text = table(wanted);
    // Writing to a string does not fail.
    let _ = request(&mut text, wanted);
    text
}

/// The table alone.
pub(super) fn table(wanted: &Wanted<'_>) -> String {
    let mut text = String::new();
    let _ = files(&mut text, wanted).and_then(|()| meaning(&mut text, wanted));
    text
}

/// The table of a pack: what the pack can't know of the files.
pub(super) fn of_pack(wanted: &Wanted<'_>, pack: &str, says: &dyn Fn(&str) -> bool) -> String {
    let mut text = String::new();
    let _ = files(&mut text, wanted);
    let said: Vec<&str> = text.lines().collect();
    // What the pack says needs no comment.
    let is_said = |line: &&str| line.split_once(" = ").map_or(!line.starts_with("# The "), |(key, _)| key == "path" || !says(key));
    let mut lines: Vec<String> = said.into_iter().filter(is_said).map(str::to_owned).collect();
    lines.insert(1, format!("pack = {}", quoted(pack)));
    lines.join("\n") + "\n"
}

/// Where the table is, and how its files are written.
fn files(text: &mut String, wanted: &Wanted<'_>) -> std::fmt::Result {
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
    Ok(())
}

/// What its columns are.
fn meaning(text: &mut String, wanted: &Wanted<'_>) -> std::fmt::Result {
    let columns = &wanted.table.columns;
    if let Some(totals) = wanted.totals {
        match wanted.answer(choice::TOTALS) {
            Some(0) => writeln!(text, "{}", without_totals(totals))?,
            Some(_) => {}
            None => writeln!(text, "# {}   # {}", without_totals(totals), totals.said())?,
        }
    }
    numbers(text, wanted)?;
    missing(text, columns, &codes(wanted))?;
    times(text, wanted)?;
    clocks(text, columns)?;
    currencies(text, wanted)?;
    let formats: Vec<(&str, String)> = columns.iter().filter_map(|column| Some((column.name.as_str(), column.format.clone()?))).collect();
    entries(text, "formats", &formats, false)?;
    if let Some(likeliest) = wanted.likeliest {
        mapped(text, likeliest, date_and_clock(columns).is_some(), wanted)?;
    }
    let lines = wanted.answer(choice::LINES);
    if let Some(params) = wanted.best.and_then(|best| best.lines.as_ref()).filter(|_| lines.is_none_or(|answer| answer == 0)) {
        writeln!(text, "params = {{ {params} }}   # several rows are of one, which counts once")?;
    }
    if let Some(column) = columns.iter().find(|column| is_repeated_id(column)) {
        let deduplicate = format!("deduplicate = [{}]", quoted(&column.name));
        match (wanted.answer(choice::REPEATED), lines) {
            (Some(0), _) | (_, Some(2)) => writeln!(text, "{deduplicate}")?,
            (Some(_), _) | (_, Some(_)) => {}
            (None, None) => writeln!(text, "# {deduplicate}   # if rows that repeat it are duplicates")?,
        }
    }
    Ok(())
}

/// A request of it, as a comment.
fn request(text: &mut String, wanted: &Wanted<'_>) -> std::fmt::Result {
    let columns = &wanted.table.columns;
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
pub(super) fn without_totals(totals: &Totals) -> String {
    match totals.at_the_end {
        Some(lines) => format!("footer_lines = {lines}"),
        None => format!("skip_rows_where = {}", quoted(&are_totals(totals))),
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

/// What says how numbers are written.
pub(super) fn number_settings(style: NumberStyle) -> Vec<String> {
    let comma = style.decimal_comma.then(|| "decimal_comma = true".to_owned());
    let thousands = style.thousands.map(|thousands| format!("thousands = {}", quoted(&thousands.0.to_string())));
    comma.into_iter().chain(thousands).collect()
}

fn numbers(text: &mut String, wanted: &Wanted<'_>) -> std::fmt::Result {
    let (style, settings) = (wanted.table.numbers, number_settings);
    let rival = match (wanted.table.rival_numbers, wanted.answer(choice::NUMBERS)) {
        (None, _) | (_, Some(0)) => return settings(style).iter().try_for_each(|setting| writeln!(text, "{setting}")),
        (Some(rival), Some(_)) => return settings(rival).iter().try_for_each(|setting| writeln!(text, "{setting}")),
        (Some(rival), None) => rival,
    };
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
fn currencies(text: &mut String, wanted: &Wanted<'_>) -> std::fmt::Result {
    let columns = &wanted.table.columns;
    let column = columns.iter().find(|column| is_of_currencies(&column.name));
    if let Some(minor) = columns.iter().find(|column| is_of_minor_units(&column.name)) {
        let whose = if column.is_none() { ", of the currency that `currency` says" } else { "" };
        match wanted.answer(choice::MINOR_UNITS) {
            Some(0) => writeln!(text, "amounts_in = \"minor_units\"")?,
            Some(_) => {}
            None => writeln!(text, "# amounts_in = \"minor_units\"   # if {} counts cents{whose}", quoted(&minor.name))?,
        }
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

fn times(text: &mut String, wanted: &Wanted<'_>) -> std::fmt::Result {
    let columns = &wanted.table.columns;
    let chosen = |column: &InspectedColumn| {
        let answer = if column.rival_time_formats.is_empty() { Some(0) } else { wanted.answer(&choice::time_format(&column.name)) };
        column.time_format.iter().chain(&column.rival_time_formats).nth(answer?).cloned()
    };
    let (settled, open): (Vec<&InspectedColumn>, Vec<&InspectedColumn>) =
        columns.iter().filter(|column| column.time_format.is_some()).partition(|column| chosen(column).is_some());
    let formats: Vec<(&str, String)> = settled.iter().filter_map(|column| Some((column.name.as_str(), quoted(&chosen(column)?)))).collect();
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
fn mapped(text: &mut String, best: &Candidate, apart: bool, wanted: &Wanted<'_>) -> std::fmt::Result {
    if let Some(doubt) = &best.doubt {
        let mut mapping = String::new();
        pairs(&mut mapping, best, apart, wanted)?;
        if mapping.is_empty() {
            return Ok(());
        }
        writeln!(text, "# It could be `{}`, but {doubt}:", best.table)?;
        return mapping.lines().try_for_each(|line| writeln!(text, "# {}", line.strip_prefix("# ").unwrap_or(line)));
    }
    pairs(text, best, apart, wanted)
}

/// `apart` is whether other lines about columns stand beside these.
fn pairs(text: &mut String, best: &Candidate, apart: bool, wanted: &Wanted<'_>) -> std::fmt::Result {
    let answer = |of: &Match| wanted.answer(&choice::column(&of.logical));
    let chosen = |of: &Match| answer(of).and_then(|answer| of.rivals.get(answer.checked_sub(1)?)).unwrap_or(&of.column).clone();
    let guessed: Vec<&str> = best.columns.iter().filter(|of| of.by_type_alone).map(|of| of.logical.as_str()).collect();
    if !guessed.is_empty() {
        writeln!(text, "# Told by what it holds, and not by its name: {}.", guessed.join(", "))?;
    }
    let named = best.columns.iter().map(|of| (of.logical.as_str(), chosen(of)));
    let pairs: Vec<(&str, String)> =
        named.filter(|(logical, column)| logical != column).map(|(logical, column)| (logical, quoted(&column))).collect();
    entries(text, "columns", &pairs, apart)?;
    for of in best.columns.iter().filter(|of| !of.rivals.is_empty() && answer(of).is_none()) {
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
