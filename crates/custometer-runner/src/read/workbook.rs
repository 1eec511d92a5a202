//! Workbooks: the cells of a sheet as the text of a table, so that all that is true of text files is true of them.
//!
//! What a cell holds is written in one way: numbers plainly, times as ISO 8601, durations as hours, minutes and seconds. A cell that has no
//! value which can be relied on is marked ([`MARK`]), and is a fault of the rows that use it.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use calamine::{Data, DataType, Ods, Range, Reader as _, SheetType, SheetVisible, Xls, Xlsb, Xlsx};
use jiff::SignedDuration;
use polars::prelude::{PolarsError, PolarsResult};

use super::archive;
use super::area::Area;
use super::cell_faults::{MARK, MARK_BYTES};
use super::compound;
use super::guard::guarded;
use super::source::{Reader, Sheet, Source};
use super::text::{RECORD_END, VALUE_END};

/// A spreadsheet keeps so many digits of a number.
const DIGITS: f64 = 1e15;
/// Of larger whole numbers, some are no number of 64 bits.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// How the old format starts.
const OLD: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];
/// The text of a sheet has no more bytes.
const MOST_TEXT: u64 = 4 << 30;
const MILLISECONDS_OF_DAY: f64 = 86_400_000.0;
/// The day after the last one that spreadsheets have, 9999-12-31, in the system that starts in 1900.
const LAST_DAY: f64 = 2_958_466.0;
/// What ODS shows of formulas that fail.
const ERRORS: [&str; 8] = ["#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "Err:"];

/// A workbook, opened.
pub(crate) struct Book {
    kind: Kind,
    /// Whether its formulas were to be calculated when it is next opened in a spreadsheet program.
    is_uncalculated: bool,
    /// Whether cells of an XLSB workbook have formulas in error, which the library passes over.
    has_errors: bool,
}

enum Kind {
    Xlsx(Box<Xlsx<BufReader<Reader>>>),
    Xlsb(Box<Xlsb<BufReader<Reader>>>),
    Ods(Box<Ods<BufReader<Reader>>>),
    Xls(Box<Xls<BufReader<Reader>>>),
}

fn failed(error: impl std::fmt::Display) -> PolarsError {
    PolarsError::ComputeError(error.to_string().into())
}

fn said(error: &PolarsError) -> String {
    let error = error.to_string();
    let reason = error.lines().next().unwrap_or_default();
    if reason.contains("password protected") {
        return "is a workbook with a password: open it, and save it without one".to_owned();
    }
    format!("is a workbook that can't be read: {reason}")
}

impl Book {
    /// Opens a workbook. What is wrong with it is said as a message goes on after its name.
    pub(crate) fn open(source: &Arc<Source>) -> Result<Self, String> {
        let start = source.part(0, 4).unwrap_or_default();
        let is_packed = start != OLD;
        let parts = if is_packed { archive::checked_parts(source)? } else { Vec::new() };
        if !is_packed {
            match compound::fault(source) {
                Ok(None) => {}
                Ok(Some(fault)) => return Err(fault.to_owned()),
                Err(error) => return Err(format!("is a workbook that can't be read: {error}")),
            }
        }
        let reader = || BufReader::new(source.reader());
        let kind = guarded(|| -> PolarsResult<Kind> {
            if !is_packed {
                // What has a password is packed in the old format, whatever it is.
                let xlsx = Xlsx::new(reader());
                if let Err(error) = &xlsx
                    && error.to_string().contains("password protected")
                {
                    return Err(failed(error));
                }
                return Ok(Kind::Xls(Box::new(Xls::new(reader()).map_err(failed)?)));
            }
            let has = |name: &str| parts.iter().any(|part| part.name == name);
            if has("xl/workbook.xml") {
                return Ok(Kind::Xlsx(Box::new(Xlsx::new(reader()).map_err(failed)?)));
            }
            if has("content.xml") {
                return Ok(Kind::Ods(Box::new(Ods::new(reader()).map_err(failed)?)));
            }
            Ok(Kind::Xlsb(Box::new(Xlsb::new(reader()).map_err(failed)?)))
        });
        let kind = kind.map_err(|error| said(&error))?;
        let is_uncalculated = matches!(kind, Kind::Xlsx(_)) && {
            let properties = archive::text(source, "xl/workbook.xml");
            ["1", "true"].iter().any(|yes| properties.contains(&format!("fullCalcOnLoad=\"{yes}\"")))
        };
        let mut has_errors = false;
        if matches!(kind, Kind::Xlsb(_)) {
            for sheet in parts.iter().filter(|part| part.name.starts_with("xl/worksheets/sheet")) {
                let failed = |error: io::Error| format!("is a workbook that can't be read: {error}");
                has_errors |= has_passed_over(source.with_member(sheet.clone()).reader()).map_err(failed)?;
            }
        }
        Ok(Self { kind, is_uncalculated, has_errors })
    }

    /// The names of its sheets that have cells, each with whether it is shown.
    pub(crate) fn sheets(&self) -> Vec<(String, bool)> {
        let sheets = match &self.kind {
            Kind::Xlsx(book) => book.sheets_metadata(),
            Kind::Xlsb(book) => book.sheets_metadata(),
            Kind::Ods(book) => book.sheets_metadata(),
            Kind::Xls(book) => book.sheets_metadata(),
        };
        let sheets = sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
        sheets.map(|sheet| (sheet.name.clone(), sheet.visible == SheetVisible::Visible)).collect()
    }

    /// A sheet's cells as text.
    pub(crate) fn sheet(&mut self, name: &str, area: Area, decimal_comma: bool) -> Result<Sheet, String> {
        let mut cells =
            Cells { area, decimal_comma, is_uncalculated: self.is_uncalculated, sheet: name, text: Vec::new(), places: Vec::new() };
        let read = guarded(|| match &mut self.kind {
            Kind::Xlsx(book) => {
                let mut reader = book.worksheet_cells_reader(name).map_err(failed)?;
                while let Some(cell) = reader.next_cell_with_formula_metadata().map_err(failed)? {
                    cells.add(cell.pos, &cell.value, cell.formula.is_some());
                }
                Ok(())
            }
            Kind::Xlsb(book) => {
                let mut reader = book.worksheet_cells_reader(name).map_err(failed)?;
                let mut valued = HashSet::new();
                while let Some(cell) = reader.next_cell().map_err(failed)? {
                    cells.add(cell.get_position(), cell.get_value(), false);
                    if self.has_errors {
                        valued.insert(cell.get_position());
                    }
                }
                drop(reader);
                if self.has_errors {
                    let mut reader = book.worksheet_cells_reader(name).map_err(failed)?;
                    while let Some(cell) = reader.next_formula().map_err(failed)? {
                        if !valued.contains(&cell.get_position()) {
                            cells.put(cell.get_position(), Err("a formula in error".to_owned()));
                        }
                    }
                }
                Ok(())
            }
            Kind::Ods(book) => {
                let (range, formulas) = (book.worksheet_range(name).map_err(failed)?, book.worksheet_formula(name).map_err(failed)?);
                let calculated: BTreeSet<(u32, u32)> =
                    placed(&formulas).filter(|(_, formula)| !formula.is_empty()).map(|(place, _)| place).collect();
                for (place, value) in placed(&range) {
                    cells.add(place, value, calculated.contains(&place));
                }
                for place in calculated.into_iter().filter(|place| range.get_value(*place).is_none()) {
                    cells.add(place, &Data::Empty, true);
                }
                Ok(())
            }
            Kind::Xls(book) => {
                let range = book.worksheet_range(name).map_err(failed)?;
                placed(&range).for_each(|(place, value)| cells.add(place, value, false));
                Ok(())
            }
        });
        read.map_err(|error| format!("has a sheet `{name}` that can't be read: {}", error.to_string().lines().next().unwrap_or_default()))?;
        cells.into_sheet().ok_or_else(|| {
            format!("has a sheet `{name}` whose cells lie too far apart to be one table: say the part that is, such as `range = \"B3:F\"`")
        })
    }
}

/// Whether the library passes over cells of this sheet: formulas in error. `sheet` is a part of an XLSB workbook, made of records, each with
/// its kind and its length in bytes of seven bits.
fn has_passed_over(sheet: impl Read) -> io::Result<bool> {
    const FORMULA_IN_ERROR: u32 = 0x0b;
    let number = |sheet: &mut BufReader<_>, most: u32| -> io::Result<Option<u32>> {
        let mut value = 0;
        for byte in 0..most {
            let mut next = [0];
            if sheet.read(&mut next)? == 0 {
                return Ok(None);
            }
            value |= u32::from(next[0] & 0x7f) << (7 * byte);
            if next[0] & 0x80 == 0 {
                break;
            }
        }
        Ok(Some(value))
    };
    let mut sheet = BufReader::new(sheet);
    while let Some((kind, length)) = number(&mut sheet, 2)?.zip(number(&mut sheet, 4)?) {
        if kind == FORMULA_IN_ERROR {
            return Ok(true);
        }
        io::copy(&mut sheet.by_ref().take(u64::from(length)), &mut io::sink())?;
    }
    Ok(false)
}

/// The cells of a range with their places in the sheet.
fn placed<T: calamine::CellType>(range: &Range<T>) -> impl Iterator<Item = ((u32, u32), &T)> {
    let (row, column) = range.start().unwrap_or_default();
    range.cells().map(move |(down, right, value)| {
        let place = |start: u32, by: usize| start.saturating_add(u32::try_from(by).unwrap_or(u32::MAX));
        ((place(row, down), place(column, right)), value)
    })
}

/// Cells as they are read.
struct Cells<'a> {
    area: Area,
    decimal_comma: bool,
    is_uncalculated: bool,
    sheet: &'a str,
    /// The texts of all cells, and of each its place and where its text ends.
    text: Vec<u8>,
    places: Vec<((u32, u32), usize)>,
}

impl Cells<'_> {
    fn add<V: DataType>(&mut self, place: (u32, u32), value: &V, has_formula: bool) {
        self.put(place, self.written(value, has_formula));
    }

    /// The text of a cell, or why it has none.
    fn put(&mut self, place: (u32, u32), text: Result<String, String>) {
        if !self.area.contains(place) {
            return;
        }
        let text = match text {
            Ok(text) if text.is_empty() => return,
            // What only a file that was made by hand has.
            Ok(text) if text.contains([char::from(VALUE_END), char::from(RECORD_END), MARK]) => Err("a control character".to_owned()),
            Ok(text) => Ok(text),
            Err(fault) => Err(fault),
        };
        match text {
            // A line end within the last cell of a row is no line end of the row.
            Ok(text) => self.text.extend_from_slice(text.trim_end_matches('\r').as_bytes()),
            Err(fault) => self.text.extend_from_slice(format!("{MARK}{fault} in {}", address(self.sheet, place)).as_bytes()),
        }
        self.places.push((place, self.text.len()));
    }

    /// The text of a cell, or why it has no value that can be relied on.
    fn written<V: DataType>(&self, value: &V, has_formula: bool) -> Result<String, String> {
        const UNCALCULATED: &str = "a formula that was never calculated";
        if let Some(error) = value.get_error() {
            return Err(error.to_string());
        }
        if value.is_empty() {
            return if has_formula { Err(UNCALCULATED.to_owned()) } else { Ok(String::new()) };
        }
        if let Some(text) = value.get_string() {
            let is_error = has_formula && ERRORS.iter().any(|error| text == *error || error.ends_with(':') && text.starts_with(error));
            return if is_error { Err(text.to_owned()) } else { Ok(text.to_owned()) };
        }
        if let Some(flag) = value.get_bool() {
            return Ok(flag.to_string());
        }
        if let Some(text) = value.get_datetime_iso() {
            return Ok(text.to_owned());
        }
        if let Some(text) = value.get_duration_iso() {
            return Ok(text.parse().map_or_else(|_| text.to_owned(), hours));
        }
        if let Some(time) = value.get_datetime() {
            let serial = time.as_f64();
            if time.is_duration() {
                let seconds = (serial * MILLISECONDS_OF_DAY).round() / 1000.0;
                return SignedDuration::try_from_secs_f64(seconds).map(hours).map_err(|_| format!("no duration that there is ({serial})"));
            }
            return written_time(serial, time.to_ymd_hms_milli());
        }
        let number = value.get_int().map(|whole| whole as f64).or_else(|| value.get_float());
        let Some(number) = number else { return Err("a value of no known kind".to_owned()) };
        if number == 0.0 && has_formula && self.is_uncalculated {
            return Err(UNCALCULATED.to_owned());
        }
        self.written_number(number)
    }

    fn written_number(&self, number: f64) -> Result<String, String> {
        if !number.is_finite() {
            return Err("no number".to_owned());
        }
        // A program that writes a file may keep 16 digits; a spreadsheet makes zeros of what is beyond 15.
        let size = number.abs();
        if size >= EXACT || size >= DIGITS && size % 10.0 == 0.0 {
            return Err(format!("a number of {} digits, of which spreadsheets keep 15,", format!("{size}").len()));
        }
        // There is no zero below zero.
        let text = format!("{}", number + 0.0);
        Ok(if self.decimal_comma { text.replace('.', ",") } else { text })
    }

    /// None where there is too much between the cells.
    fn into_sheet(mut self) -> Option<Sheet> {
        let name = self.sheet.to_owned();
        let mut cells: Vec<((u32, u32), std::ops::Range<usize>)> = Vec::with_capacity(self.places.len());
        let mut from = 0;
        for &(place, end) in &self.places {
            cells.push((place, from..end));
            from = end;
        }
        // They are in order in nearly all files. Of a cell that comes twice, the last one holds.
        cells.sort_by_key(|(place, _)| *place);
        self.places = Vec::new();
        let Some(left) = cells.iter().map(|((_, column), _)| *column).min() else { return Some(Sheet { name, ..Sheet::default() }) };
        let first = self.area.rows.0;
        let left = if self.area.columns.0 > 0 { self.area.columns.0 } else { left };
        let rows = cells.chunk_by(|((row, _), _), ((next, _), _)| row == next).filter_map(<[_]>::last);
        let ends: u64 = rows.map(|((_, column), _)| u64::from(*column - left) + 1).sum();
        let empty_rows = cells.last().map_or(0, |((row, _), _)| u64::from(*row));
        if self.text.len() as u64 + ends + empty_rows > MOST_TEXT {
            return None;
        }
        let (mut faulty, mut faults) = (BTreeSet::new(), None::<(u64, String)>);
        let (mut text, mut at) = (Vec::with_capacity(self.text.len() + 2 * cells.len()), (first, left));
        for (position, ((row, column), cell)) in cells.iter().enumerate() {
            if cells.get(position + 1).is_some_and(|(next, _)| *next == (*row, *column)) {
                continue;
            }
            while at.0 < *row {
                text.push(RECORD_END);
                at = (at.0 + 1, left);
            }
            text.resize(text.len() + (*column - at.1) as usize, VALUE_END);
            at.1 = *column;
            let cell = &self.text[cell.clone()];
            if cell.starts_with(&MARK_BYTES) {
                faulty.insert((*column - left) as usize);
                let first = || String::from_utf8_lossy(&cell[MARK_BYTES.len()..]).into_owned();
                faults.get_or_insert_with(|| (0, first())).0 += 1;
            }
            text.extend_from_slice(cell);
        }
        text.push(RECORD_END);
        Some(Sheet { name, text, rows_before: u64::from(first), faulty, faults })
    }
}

/// A time by clocks: a date where it is midnight, and what clocks show where there is no date.
fn written_time(serial: f64, parts: (u16, u8, u8, u8, u8, u8, u16)) -> Result<String, String> {
    if !(0.0..LAST_DAY).contains(&serial) {
        return Err(format!("no date that there is ({serial})"));
    }
    let (year, month, day, hour, minute, second, milli) = parts;
    let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    let clock = format!("{hour:02}:{minute:02}:{second:02}{fraction}");
    let date = format!("{year:04}-{month:02}-{day:02}");
    Ok(match (serial < 1.0, (hour, minute, second, milli)) {
        (true, _) => clock,
        (false, (0, 0, 0, 0)) => date,
        (false, _) => format!("{date}T{clock}"),
    })
}

/// A duration in hours, minutes and seconds.
fn hours(duration: SignedDuration) -> String {
    let sign = if duration.is_negative() { "-" } else { "" };
    let all = duration.as_millis().unsigned_abs();
    let (hours, minutes, seconds, milli) = (all / 3_600_000, all / 60_000 % 60, all / 1000 % 60, all % 1000);
    let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

/// What a spreadsheet calls a cell: `Answers!C7`.
fn address(sheet: &str, (row, column): (u32, u32)) -> String {
    let (mut letters, mut left) = (Vec::new(), column + 1);
    while left > 0 {
        letters.push(char::from(b'A' + u8::try_from((left - 1) % 26).unwrap_or_default()));
        left = (left - 1) / 26;
    }
    let letters: String = letters.into_iter().rev().collect();
    let is_plain = sheet.chars().all(|character| character.is_alphanumeric() || character == '_');
    let sheet = if is_plain { sheet.to_owned() } else { format!("'{}'", sheet.replace('\'', "''")) };
    format!("{sheet}!{letters}{}", u64::from(row) + 1)
}

#[cfg(test)]
mod tests {
    use calamine::{CellErrorType, ExcelDateTime, ExcelDateTimeType};

    use super::*;

    fn written(value: &Data, has_formula: bool, decimal_comma: bool) -> Result<String, String> {
        let cells = Cells { area: Area::WHOLE, decimal_comma, is_uncalculated: true, sheet: "S", text: Vec::new(), places: Vec::new() };
        cells.written(value, has_formula)
    }

    fn plain(value: &Data) -> String {
        written(value, false, false).unwrap()
    }

    #[test]
    fn numbers_are_plain() {
        assert_eq!(plain(&Data::Float(7.0)), "7");
        assert_eq!(plain(&Data::Float(-0.0)), "0");
        assert_eq!(plain(&Data::Float(1e-7)), "0.0000001");
        assert_eq!(plain(&Data::Float(0.1)), "0.1");
        assert_eq!(plain(&Data::Float(123_456_789_012_345.0)), "123456789012345");
        assert_eq!(written(&Data::Float(1.5), false, true).unwrap(), "1,5");
        // Typed in a spreadsheet, 1234567890123456 becomes this.
        assert!(written(&Data::Float(1_234_567_890_123_450.0), false, false).is_err());
        assert_eq!(plain(&Data::Float(1_234_567_890_123_456.0)), "1234567890123456");
        assert!(written(&Data::Float(12_345_678_901_234_567_000.0), false, false).is_err());
        assert!(written(&Data::Float(f64::NAN), false, false).is_err());
    }

    #[test]
    fn times_are_of_iso_8601() {
        let time = |serial: f64, of_1904: bool| Data::DateTime(ExcelDateTime::new(serial, ExcelDateTimeType::DateTime, of_1904));
        // 2025-01-01 is 45658 days after 1899-12-30, and 44196 days after 1904-01-01.
        assert_eq!(plain(&time(45658.0, false)), "2025-01-01");
        assert_eq!(plain(&time(44196.0, true)), "2025-01-01");
        assert_eq!(plain(&time(45658.0 + 10.0 / 24.0, false)), "2025-01-01T10:00:00");
        assert_eq!(plain(&time(45_658.999_999_999_9, false)), "2025-01-02");
        assert_eq!(plain(&time(0.5, false)), "12:00:00");
        assert!(written(&time(-1.0, false), false, false).is_err());
        assert!(written(&time(3e6, false), false, false).is_err());
        let duration = |serial: f64| Data::DateTime(ExcelDateTime::new(serial, ExcelDateTimeType::TimeDelta, false));
        assert_eq!(plain(&duration(26.5 / 24.0)), "26:30:00");
        assert_eq!(plain(&duration(-1.5 / 24.0)), "-01:30:00");
        assert_eq!(plain(&Data::DurationIso("PT26H30M00.5S".to_owned())), "26:30:00.500");
    }

    #[test]
    fn what_has_no_value_is_a_fault() {
        assert_eq!(written(&Data::Error(CellErrorType::NA), false, false), Err("#N/A".to_owned()));
        assert_eq!(written(&Data::String("#N/A".to_owned()), false, false), Ok("#N/A".to_owned()));
        assert_eq!(written(&Data::String("#N/A".to_owned()), true, false), Err("#N/A".to_owned()));
        assert!(written(&Data::Empty, true, false).is_err());
        assert!(written(&Data::Float(0.0), true, false).is_err());
        assert_eq!(written(&Data::Float(2.0), true, false), Ok("2".to_owned()));
        assert_eq!(written(&Data::Empty, false, false), Ok(String::new()));
    }

    #[test]
    fn cells_are_called_as_in_spreadsheets() {
        assert_eq!(address("Answers", (6, 2)), "Answers!C7");
        assert_eq!(address("My sheet", (0, 25)), "'My sheet'!Z1");
        assert_eq!(address("S", (0, 26)), "S!AA1");
        assert_eq!(address("S", (1_048_575, 16_383)), "S!XFD1048576");
    }
}
