//! What a text file's dialect probably is: its encoding, what stands between values, and whether its first line names them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::sync::Arc;

use super::bytes::open;
use super::error::TextError;
use super::format::{Delimiter, Encoding, TextFormat};
use super::head::{Start, made_different};
use super::records::{Found, is_blank, record, values};
use crate::read::source::Source;

/// How many rows tell of the whole file.
const RECORDS: usize = 1000;
/// How many of them tell what columns hold.
const LOOKED_AT: usize = 100;
/// How many rows of a header may stand below the columns' names.
const MOST_HEADERS: usize = 3;
/// How many lines may stand before the header.
const MOST_SKIPPED: usize = 20;
/// How many words are shown to tell whether the encoding is the right one.
const WORDS: usize = 3;
/// What may stand between values. What is equally likely is told by the order.
const DELIMITERS: [Delimiter; 5] =
    [Delimiter::Byte(b';'), Delimiter::Byte(b'\t'), Delimiter::Byte(b','), Delimiter::Byte(b'|'), Delimiter::Spaces];

/// How a whole file writes letters beyond ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letters {
    pub(crate) encoding: Encoding,
    /// How many lines have such letters in UTF-8.
    pub(crate) lines_utf8: u64,
    /// How many have some in another encoding, and the first of these lines, from 1.
    pub(crate) lines_other: u64,
    pub(crate) first_other: u64,
    /// A few words with such letters, as the encoding reads them.
    pub(crate) words: Vec<String>,
}

impl Letters {
    /// Those of a text that is known to be in UTF-8.
    pub(crate) fn of_utf8() -> Self {
        Self { encoding: Encoding::Utf8, lines_utf8: 0, lines_other: 0, first_other: 0, words: Vec::new() }
    }
}

/// Goes through a file for its encoding: UTF-8, unless most letters beyond ASCII are not in it.
pub(crate) fn letters(source: &Arc<Source>) -> Result<Letters, TextError> {
    let (compression, text) = open(source)?;
    let mut text = BufReader::with_capacity(1 << 20, text);
    let mut found = Letters::of_utf8();
    let (mut words_utf8, mut words_other, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let (mut line, mut bytes) = (Vec::new(), 0);
    for number in 1.. {
        line.clear();
        match text.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(read) => bytes += read as u64,
            Err(error) => return Err(compression.failed(error, bytes)),
        }
        let content = if number == 1 { line.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&line) } else { &line };
        if content.contains(&0) {
            return Err(TextError::NoText { line: number });
        }
        if content.is_ascii() {
            continue;
        }
        if std::str::from_utf8(content).is_ok() {
            found.lines_utf8 += 1;
            add_words(content, Encoding::Utf8, &mut words_utf8);
        } else {
            found.lines_other += 1;
            found.first_other = if found.lines_other == 1 { number } else { found.first_other };
            add_words(content, Encoding::Windows1252, &mut words_other);
            if others.len() < 1 << 16 {
                others.extend_from_slice(content);
            }
        }
    }
    found.words = words_utf8;
    if found.lines_other > found.lines_utf8 {
        (found.encoding, found.words) = (Encoding::Windows1252, words_other);
        if letters_in(&others, Encoding::MacRoman) > letters_in(&others, Encoding::Windows1252) {
            (found.encoding, found.words) = (Encoding::MacRoman, Vec::new());
            add_words(&others, Encoding::MacRoman, &mut found.words);
        }
    }
    Ok(found)
}

/// How many characters beyond ASCII are small letters within words: those of the right encoding nearly all are.
fn letters_in(text: &[u8], encoding: Encoding) -> usize {
    let text = encoding.to_utf8(text);
    let text: Vec<char> = String::from_utf8_lossy(&text).chars().collect();
    let within = |place: usize| place > 0 && text[place - 1].is_ascii_alphabetic();
    (0..text.len()).filter(|&place| !text[place].is_ascii() && text[place].is_lowercase() && within(place)).count()
}

fn add_words(line: &[u8], encoding: Encoding, words: &mut Vec<String>) {
    if words.len() >= WORDS {
        return;
    }
    let text = encoding.to_utf8(line);
    let text = String::from_utf8_lossy(&text);
    for word in text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_ascii() && word.len() <= 40) {
        if words.len() < WORDS && !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
}

/// What a file's start says of its dialect.
#[derive(Debug, Clone)]
pub(crate) struct Guess {
    /// The dialect. Without a header line it lacks the columns' names.
    pub(crate) format: TextFormat,
    /// Whether a line names the columns.
    pub(crate) has_header: bool,
    /// Whether that line has some names twice.
    pub(crate) repeats_names: bool,
    /// How many values most rows have, how many rows have so many, and how many were looked at.
    pub(crate) width: usize,
    pub(crate) agreeing: usize,
    pub(crate) records: usize,
    /// Whether any value is enclosed in quotes.
    pub(crate) quoted: bool,
}

/// Guesses the dialect. `is_data` tells numbers and times from names.
pub(crate) fn guess(start: &Start, encoding: Encoding, is_data: &dyn Fn(&str) -> bool) -> Guess {
    let line_end = start.line_end();
    if start.sheet.is_some() {
        let guess = Shape::of(start, TextFormat::default().of_sheet(), is_data).into_guess(is_data);
        return Guess { agreeing: guess.records, ..guess };
    }
    let format = |delimiter: Delimiter| TextFormat { delimiter, encoding, line_end, ..TextFormat::default() };
    let shapes = DELIMITERS.map(|delimiter| Shape::of(start, format(delimiter), is_data));
    let best = shapes.into_iter().rev().max_by(|a, b| a.score().total_cmp(&b.score())).filter(|shape| shape.score() > 0.0);
    // What no delimiter divides is one column.
    let best = best.unwrap_or_else(|| Shape::of(start, format(Delimiter::Byte(b',')), is_data));
    let best = best.requoted(start, is_data);
    best.into_guess(is_data)
}

/// The first rows, read in one dialect.
struct Shape {
    format: TextFormat,
    rows: Vec<Row>,
    /// How many values most rows have, and how many rows have so many.
    width: usize,
    agreeing: usize,
    /// The share of values that are numbers or times.
    data: f64,
    /// Quotes that do not pair.
    faults: usize,
}

struct Row {
    values: Vec<String>,
    quoted: bool,
    /// How many lines of the file end with it.
    line: u64,
}

impl Shape {
    fn of(start: &Start, format: TextFormat, is_data: &dyn Fn(&str) -> bool) -> Self {
        let (rows, faults) = rows(start, &format);
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for row in &rows {
            *counts.entry(row.values.len()).or_default() += 1;
        }
        let (mut width, agreeing) = counts.into_iter().max_by_key(|&(width, rows)| (rows, width)).unwrap_or((1, 0));
        // A delimiter at the end of each line makes no column.
        let rest = rows.get(1..).unwrap_or_default();
        let last = |row: &Row| row.values.get(width - 1).is_none_or(String::is_empty);
        if width > 1 && !rest.is_empty() && format.delimiter != Delimiter::Spaces && rows.iter().all(last) {
            width -= 1;
        }
        let cells = || rest.iter().take(LOOKED_AT).flat_map(|row| &row.values).filter(|value| !value.is_empty());
        let data = cells().filter(|value| is_data(value)).count() as f64 / cells().count().max(1) as f64;
        Self { format, rows, width, agreeing, data, faults }
    }

    fn has_width(&self, row: &Row) -> bool {
        row.values.len() == self.width || row.values.len() == self.width + 1 && row.values.last().is_some_and(String::is_empty)
    }

    fn share(&self) -> f64 {
        self.agreeing as f64 / self.rows.len().max(1) as f64
    }

    /// How likely the dialect is. Rows of one length say most, then values that are numbers and times, and a header that fits.
    fn score(&self) -> f64 {
        let spaces = self.format.delimiter == Delimiter::Spaces;
        // Words have spaces between them, too.
        if self.width < 2 || self.share() < 0.5 || spaces && (self.share() < 0.9 || self.data < 0.25) {
            return 0.0;
        }
        let header = if self.rows.first().is_some_and(|row| self.has_width(row)) { 0.25 } else { 0.0 };
        self.share() + 0.5 * self.data + header - if spaces { 0.1 } else { 0.0 }
    }

    /// The same with other quotes, where those fit better.
    fn requoted(self, start: &Start, is_data: &dyn Fn(&str) -> bool) -> Self {
        let with = |quote: Option<u8>| Self::of(start, TextFormat { quote, ..self.format.clone() }, is_data);
        let quoted_rows = self.rows.iter().filter(|row| row.quoted).count();
        // Where some quotes enclose values, others that do not pair are damage.
        if self.faults > 0 && quoted_rows == 0 {
            let plain = with(None);
            return if plain.share() >= self.share() && plain.width >= self.width { plain } else { self };
        }
        let enclosed = |value: &String| value.len() > 1 && value.starts_with('\'') && value.ends_with('\'');
        // A value that holds the delimiter is in pieces as long as the quotes are not known.
        let quoted = |column: usize| {
            let values = || self.rows.iter().skip(1).filter_map(|row| row.values.get(column)).filter(|value| !value.is_empty());
            values().any(enclosed) && values().all(|value| value.starts_with('\''))
        };
        if quoted_rows > 0 || !(0..self.width).any(quoted) {
            return self;
        }
        let apostrophes = with(Some(b'\''));
        if apostrophes.faults == 0 && apostrophes.share() >= self.share() { apostrophes } else { self }
    }

    fn into_guess(self, is_data: &dyn Fn(&str) -> bool) -> Guess {
        // What stands before the first row of full length is not part of the table.
        let first = self.rows.iter().position(|row| self.has_width(row)).filter(|first| *first <= MOST_SKIPPED).unwrap_or(0);
        let lines_before = |row: usize| row.checked_sub(1).and_then(|before| self.rows.get(before)).map_or(0, |before| before.line);
        let skip_lines = if self.width > 1 { lines_before(first) } else { 0 };
        let first = if self.width > 1 { first } else { 0 };
        let table = self.rows.get(first..).unwrap_or_default();
        let has_header = !table.is_empty() && !starts_with_data(table, self.width, is_data);
        let header = table.first().map(|row| &row.values[..row.values.len().min(self.width)]).unwrap_or_default();
        let named: Vec<String> = header.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        let repeats_names = has_header && made_different(named.clone()) != named;
        let quoted = self.rows.iter().any(|row| row.quoted);
        let below_names = if has_header { headers_below(&table[1..], is_data) } else { 0 };
        let header_lines = (below_names > 0).then_some(below_names as u64 + 1);
        let format = TextFormat { skip_lines, header_lines, ..self.format };
        Guess { format, has_header, repeats_names, width: self.width, agreeing: self.agreeing, records: self.rows.len() - first, quoted }
    }
}

/// Whether the first row holds what the rows after it hold.
fn starts_with_data(table: &[Row], width: usize, is_data: &dyn Fn(&str) -> bool) -> bool {
    let Some((first, rest)) = table.split_first() else { return false };
    let below = |column: usize| rest.iter().take(LOOKED_AT).filter_map(move |row| row.values.get(column)).filter(|value| !value.is_empty());
    let value = |column: usize| first.values.get(column).map(String::as_str).unwrap_or_default();
    if rest.is_empty() {
        return (0..width).any(|column| is_data(value(column)));
    }
    let typed = |column: &usize| {
        let (all, data) = below(*column).fold((0, 0), |(all, data), value| (all + 1, data + usize::from(is_data(value))));
        all > 0 && data * 10 >= all * 9
    };
    let typed: Vec<usize> = (0..width).filter(typed).collect();
    if typed.is_empty() {
        // Of text alone, only what comes again tells.
        let again = (0..width).filter(|&column| !value(column).is_empty() && below(column).any(|other| other == value(column))).count();
        return again * 2 > width;
    }
    let named = typed.iter().any(|&column| !value(column).is_empty() && !is_data(value(column)));
    let given = typed.iter().any(|&column| !value(column).is_empty());
    !named && given && !are_years(typed.iter().map(|&column| value(column)))
}

/// How many rows below the columns' names are not data: none of their values is a number or a time, where all rows after them have several.
fn headers_below(table: &[Row], is_data: &dyn Fn(&str) -> bool) -> usize {
    let counts: Vec<usize> = table.iter().take(LOOKED_AT).map(|row| row.values.iter().filter(|value| is_data(value)).count()).collect();
    let without = counts.iter().take_while(|count| **count == 0).count();
    let rest = counts.get(without..).unwrap_or_default();
    // A first row that is all text may be of the table where others hardly have more.
    let are_told_apart = rest.len() > 1 && rest.iter().all(|count| *count > 1);
    if without <= MOST_HEADERS && are_told_apart { without } else { 0 }
}

/// Years that follow each other are names of columns: a table with one column for each.
fn are_years<'a>(values: impl Iterator<Item = &'a str>) -> bool {
    let years: Vec<Option<i32>> = values.map(|value| value.trim().parse().ok().filter(|year| (1900..2100).contains(year))).collect();
    years.len() > 1 && years.windows(2).all(|pair| pair[0].zip(pair[1]).is_some_and(|(before, after)| after == before + 1))
}

/// The first rows that are not blank, and how many of them have quotes that do not pair.
fn rows(start: &Start, format: &TextFormat) -> (Vec<Row>, usize) {
    let bytes = &start.bytes;
    let (mut at, mut line, mut faults) = (start.at, 0, 0);
    let mut rows = Vec::new();
    while at < bytes.len() && rows.len() < RECORDS {
        let found = match record(bytes, at, start.whole, format) {
            Found::Record(found) => found,
            // The end of what was read cuts a row; a quote that is open for long is one that was never closed.
            Found::Unfinished(opened) => {
                faults += usize::from(opened.is_some_and(|opened| start.whole || bytes.len() - opened > 1 << 16));
                break;
            }
            Found::Malformed { .. } => {
                faults += 1;
                break;
            }
        };
        line += memchr::memchr_iter(format.line_end, &bytes[at..found.next]).count() as u64;
        let content = format.encoding.to_utf8(&bytes[at..found.end]);
        at = found.next;
        if is_blank(&content, format) {
            continue;
        }
        let content = String::from_utf8_lossy(&content);
        let mut of_row = Vec::new();
        let read = values(&content, found.quoted, format, usize::MAX, usize::MAX, |_, value| of_row.push(value.trim().to_owned()));
        faults += usize::from(read.is_err());
        rows.push(Row { values: of_row, quoted: found.quoted && read.is_ok(), line });
    }
    (rows, faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess_of(text: &str) -> Guess {
        let is_data = |text: &str| text.contains(|character: char| character.is_ascii_digit());
        let start = Start { bytes: text.as_bytes().to_vec(), whole: true, at: 0, sheet: None };
        guess(&start, Encoding::Utf8, &is_data)
    }

    fn delimiter(text: &str) -> (Delimiter, usize) {
        let guess = guess_of(text);
        (guess.format.delimiter, guess.width)
    }

    #[test]
    fn the_delimiter_is_what_gives_every_row_as_many_values() {
        assert_eq!(delimiter("a,b\n1,2\n3,4\n"), (Delimiter::Byte(b','), 2));
        assert_eq!(delimiter("id;price\n1;2,5\n3;4,5\n"), (Delimiter::Byte(b';'), 2));
        assert_eq!(delimiter("1;2,5\n3;4,5\n"), (Delimiter::Byte(b';'), 2));
        assert_eq!(delimiter("a\tb c\n1\t2 3\n"), (Delimiter::Byte(b'\t'), 2));
        assert_eq!(delimiter("a|b|c\n1|2,5|x\n"), (Delimiter::Byte(b'|'), 3));
        assert_eq!(delimiter("id,time\n1,2025-01-01 10:00\n2,2025-01-02 11:00\n"), (Delimiter::Byte(b','), 2));
        assert_eq!(delimiter("agent,n\n\"a (x; y)\",1\n\"b (z; w)\",2\n"), (Delimiter::Byte(b','), 2));
        assert_eq!(delimiter(" 00001 19970101  1   11.77\n 00002 19970112  1   12.00\n"), (Delimiter::Spaces, 4));
        assert_eq!(delimiter("score\n9\n10\n"), (Delimiter::Byte(b','), 1));
    }

    #[test]
    fn a_first_line_of_data_is_no_header() {
        assert!(guess_of("id,name\n1,a\n2,b\n").has_header);
        assert!(!guess_of("1,a\n2,b\n3,c\n").has_header);
        assert!(guess_of("country,2019,2020,2021\nDK,1,2,3\nSE,4,5,6\n").has_header);
        assert!(guess_of("question,answer\nwho,me\nwhat,that\n").has_header);
        assert!(!guess_of("yes,no\nno,no\nyes,yes\nno,no\n").has_header);
        assert!(guess_of("score,time\n").has_header);
    }

    #[test]
    fn what_stands_before_the_header_is_skipped() {
        let guess = guess_of("Sales of 2024\n\nid;amount;shop\n1;2,5;x\n2;3,5;y\n");
        // The blank line is not a row in any case.
        assert_eq!((guess.format.skip_lines, guess.width, guess.has_header), (1, 3, true));
        assert_eq!((guess.agreeing, guess.records), (3, 3));
    }

    #[test]
    fn a_header_may_repeat_names() {
        assert!(guess_of("id,name,name,\n1,a,b,\n2,c,d,\n").repeats_names);
        assert!(!guess_of("id,name,,\n1,a,b,\n2,c,d,\n").repeats_names);
    }

    #[test]
    fn letters_tell_of_old_macintosh_programs() {
        let mac = b"Stra\xa7e,K\x9aln,Malm\x9a,\x8crhus,S\xbfren";
        let windows = b"Stra\xdfe,K\xf6ln,Malm\xf6,\xc5rhus,S\xf8ren";
        assert!(letters_in(mac, Encoding::MacRoman) > letters_in(mac, Encoding::Windows1252));
        assert!(letters_in(windows, Encoding::Windows1252) > letters_in(windows, Encoding::MacRoman));
    }

    #[test]
    fn quotes_are_what_encloses_values() {
        assert_eq!(guess_of("a;b\n1;\"x\"\n").format.quote, Some(b'"'));
        assert_eq!(guess_of("a;b\n1;'x;y'\n2;'z'\n3;'w'\n4;'v'\n").format.quote, Some(b'\''));
        // Inches, and a quote that is never closed.
        assert_eq!(guess_of("disk;size\nfloppy;3.5\"\n\"hard;5\nflash;2\n").format.quote, None);
    }
}
