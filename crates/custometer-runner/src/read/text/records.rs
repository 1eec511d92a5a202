//! Records: where one ends and the next begins, and the values in it.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memchr2};

use super::format::{Delimiter, TextFormat};

/// What is wrong with a row as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    TooFewValues,
    TooManyValues,
    NotUtf8,
    AfterQuote,
}

impl Fault {
    pub(crate) const ALL: [Self; 4] = [Self::TooFewValues, Self::TooManyValues, Self::NotUtf8, Self::AfterQuote];

    /// The number that stands for it in a frame.
    pub(crate) fn code(self) -> i32 {
        match self {
            Self::TooFewValues => 1,
            Self::TooManyValues => 2,
            Self::NotUtf8 => 3,
            Self::AfterQuote => 4,
        }
    }

    /// Why the row is rejected.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::TooFewValues => "the row has fewer values than the header",
            Self::TooManyValues => "the row has more values than the header",
            Self::NotUtf8 => "the row is not UTF-8",
            Self::AfterQuote => "the row has a quoted value that goes on after its closing quote",
        }
    }
}

/// A record in a buffer of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// Where its content ends, before the line end.
    pub(super) end: usize,
    /// Where the next one starts.
    pub(super) next: usize,
    /// Whether any value in it is quoted.
    pub(super) quoted: bool,
    /// Whether it is a comment, and no row.
    pub(super) is_comment: bool,
}

/// What is found where a record should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Record(Record),
    /// The buffer ends first; with where a quoted value starts that is still open.
    Unfinished(Option<usize>),
    /// A quoted value that goes over lines is followed by something: the quotes do not mean what they seem to.
    Malformed {
        opened: usize,
        closed: usize,
    },
}

/// The record that starts at `start`. `whole` says that nothing comes after the buffer.
pub(super) fn record(bytes: &[u8], start: usize, whole: bool, format: &TextFormat) -> Found {
    let line_end = format.line_end;
    let is_comment = format.comment.as_ref().is_some_and(|comment| bytes[start..].starts_with(comment.as_bytes()));
    let ended = |end: usize, next: usize, quoted: bool| {
        let end = if end > start && bytes[end - 1] == b'\r' { end - 1 } else { end };
        Found::Record(Record { end, next, quoted, is_comment })
    };
    let at_end = |quoted: bool| if whole { ended(bytes.len(), bytes.len(), quoted) } else { Found::Unfinished(None) };
    let Some(quote) = format.quote.filter(|_| !is_comment) else {
        return memchr(line_end, &bytes[start..]).map_or_else(|| at_end(false), |length| ended(start + length, start + length + 1, false));
    };
    let mut from = start;
    let mut quoted = false;
    loop {
        let Some(found) = memchr2(quote, line_end, &bytes[from..]).map(|length| from + length) else { return at_end(quoted) };
        if bytes[found] == line_end {
            return ended(found, found + 1, quoted);
        }
        from = found + 1;
        // A quote within a value is a character like any other: 3.5" disks.
        if found > start && !format.delimiter.is(bytes[found - 1]) {
            continue;
        }
        quoted = true;
        let Some(closed) = closing(bytes, found + 1, quote) else { return Found::Unfinished(Some(found)) };
        match bytes.get(closed + 1) {
            None if !whole => return Found::Unfinished(None),
            None | Some(b'\n' | b'\r') => {}
            Some(&byte) if format.delimiter.is(byte) => {}
            Some(_) if memchr(line_end, &bytes[found..closed]).is_some() => return Found::Malformed { opened: found, closed },
            Some(_) => {}
        }
        from = closed + 1;
    }
}

/// The quote that closes a value whose text starts at `from`: the first one that is not doubled.
fn closing(bytes: &[u8], from: usize, quote: u8) -> Option<usize> {
    let mut from = from;
    loop {
        let found = from + memchr(quote, bytes.get(from..)?)?;
        if bytes.get(found + 1) != Some(&quote) {
            return Some(found);
        }
        from = found + 2;
    }
}

/// Whether a record is a line without anything in it, which is not a row.
pub(super) fn is_blank(content: &[u8], format: &TextFormat) -> bool {
    match format.delimiter {
        Delimiter::Byte(_) => content.is_empty(),
        Delimiter::Spaces => content.iter().all(|byte| format.delimiter.is(*byte)),
    }
}

/// Calls `each` with the position and text of the first `wanted` values of a record, and returns how many values there are.
///
/// Values at the end that are empty are not counted beyond `width`: nothing is lost with them.
pub(super) fn values<'a>(
    content: &'a str,
    quoted: bool,
    format: &TextFormat,
    wanted: usize,
    width: usize,
    mut each: impl FnMut(usize, Cow<'a, str>),
) -> Result<usize, Fault> {
    let Delimiter::Byte(delimiter) = format.delimiter else { return spaced(content, quoted, format, each) };
    let bytes = content.as_bytes();
    let (mut position, mut from, mut filled) = (0, 0, 0);
    let counted = |count: usize, filled: usize| if count > width { filled.max(width) } else { count };
    loop {
        if position >= wanted && !quoted {
            let count = position + memchr_iter(delimiter, &bytes[from..]).count() + 1;
            let empty = if count > width { bytes.iter().rev().take_while(|byte| **byte == delimiter).count() } else { 0 };
            return Ok(counted(count, count - empty));
        }
        let (value, end) = if let Some(quote) = format.quote.filter(|quote| quoted && bytes.get(from) == Some(quote)) {
            let (value, end) = unquoted(content, from, quote)?;
            if bytes.get(end).is_some_and(|&byte| byte != delimiter) {
                return Err(Fault::AfterQuote);
            }
            (value, end)
        } else {
            let end = memchr(delimiter, &bytes[from..]).map_or(bytes.len(), |length| from + length);
            (Cow::Borrowed(&content[from..end]), end)
        };
        let empty = value.is_empty();
        if position < wanted {
            each(position, value);
        }
        position += 1;
        filled = if empty { filled } else { position };
        if end >= bytes.len() {
            return Ok(counted(position, filled));
        }
        from = end + 1;
    }
}

/// The values of a record whose delimiter is any number of spaces.
fn spaced<'a>(content: &'a str, quoted: bool, format: &TextFormat, mut each: impl FnMut(usize, Cow<'a, str>)) -> Result<usize, Fault> {
    let bytes = content.as_bytes();
    let (mut position, mut from) = (0, 0);
    loop {
        from += bytes[from..].iter().take_while(|byte| format.delimiter.is(**byte)).count();
        if from >= bytes.len() {
            return Ok(position);
        }
        let (value, end) = if let Some(quote) = format.quote.filter(|quote| quoted && bytes.get(from) == Some(quote)) {
            unquoted(content, from, quote)?
        } else {
            let end = from + bytes[from..].iter().take_while(|byte| !format.delimiter.is(**byte)).count();
            (Cow::Borrowed(&content[from..end]), end)
        };
        if bytes.get(end).is_some_and(|&byte| !format.delimiter.is(byte)) {
            return Err(Fault::AfterQuote);
        }
        each(position, value);
        position += 1;
        from = end;
    }
}

/// A quoted value that starts at `from`, without its quotes, and where what follows it starts.
fn unquoted(content: &str, from: usize, quote: u8) -> Result<(Cow<'_, str>, usize), Fault> {
    let closed = closing(content.as_bytes(), from + 1, quote).ok_or(Fault::AfterQuote)?;
    let inside = &content[from + 1..closed];
    let value = if memchr(quote, inside.as_bytes()).is_some() {
        let quote = char::from(quote);
        Cow::Owned(inside.replace(&format!("{quote}{quote}"), &quote.to_string()))
    } else {
        Cow::Borrowed(inside)
    };
    Ok((value, closed + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(delimiter: Delimiter) -> TextFormat {
        TextFormat { delimiter, ..TextFormat::default() }
    }

    /// The values of all records, or the fault of a record.
    fn read(text: &str, format: &TextFormat, width: usize) -> Vec<Result<(Vec<String>, usize), Fault>> {
        let (mut start, mut rows) = (0, Vec::new());
        while start < text.len() {
            let Found::Record(found) = record(text.as_bytes(), start, true, format) else { panic!("no record at {start}") };
            let content = &text[start..found.end];
            if !is_blank(content.as_bytes(), format) {
                let mut row = Vec::new();
                let count = values(content, found.quoted, format, usize::MAX, width, |_, value| row.push(value.into_owned()));
                rows.push(count.map(|count| (row, count)));
            }
            start = found.next;
        }
        rows
    }

    fn texts(rows: Vec<Result<(Vec<String>, usize), Fault>>) -> Vec<Vec<String>> {
        rows.into_iter().map(|row| row.unwrap().0).collect()
    }

    #[test]
    fn quoted_values_hold_delimiters_line_ends_and_quotes() {
        let rows = read("a,\"b, c\",\"d\ne\"\r\n\"say \"\"hi\"\"\",,\"\"\n", &format(Delimiter::Byte(b',')), 3);
        assert_eq!(texts(rows), [["a", "b, c", "d\ne"], ["say \"hi\"", "", ""]]);
    }

    #[test]
    fn a_quote_inside_a_value_is_a_character() {
        assert_eq!(texts(read("3.5\" disk;x\n", &format(Delimiter::Byte(b';')), 2)), [["3.5\" disk", "x"]]);
    }

    #[test]
    fn text_after_a_closing_quote_is_a_fault_of_the_row() {
        let rows = read("\"a\"b,1\n2,3\n", &format(Delimiter::Byte(b',')), 2);
        assert_eq!(rows[0], Err(Fault::AfterQuote));
        assert_eq!(rows[1], Ok((vec!["2".to_owned(), "3".to_owned()], 2)));
    }

    #[test]
    fn quotes_that_do_not_pair_are_no_records() {
        let comma = format(Delimiter::Byte(b','));
        assert_eq!(record(b"\"a,1\n2,\"b\",3\n", 0, true, &comma), Found::Malformed { opened: 0, closed: 7 });
        assert_eq!(record(b"1,\"a,1\n2,3\n", 0, true, &comma), Found::Unfinished(Some(2)));
        let none = TextFormat { quote: None, ..comma };
        assert_eq!(
            record(b"\"a,1\n2,\"b\",3\n", 0, true, &none),
            Found::Record(Record { end: 4, next: 5, quoted: false, is_comment: false })
        );
    }

    #[test]
    fn a_quote_in_a_comment_opens_nothing() {
        let comma = TextFormat { comment: Some("#".to_owned()), ..format(Delimiter::Byte(b',')) };
        let text = b"#,\"a\n1,2\n";
        assert_eq!(record(text, 0, true, &comma), Found::Record(Record { end: 4, next: 5, quoted: false, is_comment: true }));
        assert_eq!(record(text, 5, true, &comma), Found::Record(Record { end: 8, next: 9, quoted: false, is_comment: false }));
    }

    #[test]
    fn a_carriage_return_may_end_lines() {
        let old = TextFormat { line_end: b'\r', ..format(Delimiter::Byte(b',')) };
        assert_eq!(texts(read("a,b\r1,\"x\ry\"\r\r3,4", &old, 2)), [["a", "b"], ["1", "x\ry"], ["3", "4"]]);
    }

    #[test]
    fn rows_count_their_values_and_empty_ones_at_the_end_are_not_too_many() {
        let comma = format(Delimiter::Byte(b','));
        let counts = |text: &str, wanted: usize| {
            let Found::Record(found) = record(text.as_bytes(), 0, true, &comma) else { panic!("a record") };
            values(&text[..found.end], found.quoted, &comma, wanted, 2, |_, _| {}).unwrap()
        };
        for wanted in [0, 1, 2, 9] {
            assert_eq!(counts("1", wanted), 1);
            assert_eq!(counts("1,2", wanted), 2);
            assert_eq!(counts("1,", wanted), 2);
            assert_eq!(counts("1,2,", wanted), 2, "wanted {wanted}");
            assert_eq!(counts("1,2,3", wanted), 3);
            assert_eq!(counts("1,2,,", wanted), 2);
            assert_eq!(counts("1,2,,3", wanted), 4);
            assert_eq!(counts("1,2,3,", wanted), 3);
        }
    }

    #[test]
    fn runs_of_spaces_are_one_delimiter() {
        let rows = read("  00001 19970101  1  11.77\n\t\n 2   3 \"4 5\"  6 \r\n", &format(Delimiter::Spaces), 4);
        assert_eq!(texts(rows), [["00001", "19970101", "1", "11.77"], ["2", "3", "4 5", "6"]]);
    }
}
