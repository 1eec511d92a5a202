//! One sheet, written from the top down.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use rust_xlsxwriter::{Chart, Color, Format, FormatAlign, FormatBorder, Table, TableColumn, TableStyle, Url, Worksheet, XlsxError};

use super::numbers::{DAY, HOUR, Number, WHOLE};
use crate::human;
use crate::sections::Tone;

/// The longest text of a cell, in the units that workbooks count texts in.
const LONGEST_TEXT: usize = 32_767;

/// The longest head of a table's column, counted alike.
const LONGEST_HEAD: usize = 255;

/// The columns that a sheet has room for.
pub(super) const MOST_COLUMNS: usize = 16_384;

/// How wide a column is at least, and at most, in characters.
const WIDTHS: (usize, usize) = (9, 60);

/// Longer heads are broken between words.
const LONG_HEAD: usize = 16;

/// Rows that tell how wide a column is.
const MEASURED: usize = 1000;

/// The size of a chart, and the space after it, in pixels; and the rows that it takes.
const CHART: (u32, u32, u32) = (560, 300, 20);

/// How many rows a chart covers.
const CHART_ROWS: u32 = 16;

/// The years that a date of a cell has; others are written as text.
const YEARS: std::ops::RangeInclusive<i16> = 1901..=9999;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Empty,
    Text(String),
    Toned(String, Tone),
    Number(Number),
    /// A number whose colour says whether it is good news.
    News(Number, Tone),
    Day(DateTime),
    Hour(DateTime),
    /// A text that leads to another sheet.
    Link(String, String),
}

impl Cell {
    /// A number of things.
    pub(super) fn count(count: u64) -> Self {
        Self::Number(Number { value: count as f64, format: WHOLE.to_owned() })
    }
}

/// A sheet that is being written.
pub(super) struct Page {
    sheet: Worksheet,
    row: u32,
    widths: BTreeMap<u16, usize>,
    formats: BTreeMap<String, Format>,
    /// How many texts were too long for a cell.
    cut: usize,
}

impl Page {
    /// An empty sheet.
    pub(super) fn new(name: &str) -> Result<Self, XlsxError> {
        let mut sheet = Worksheet::new();
        sheet.set_name(name)?.set_landscape().set_print_fit_to_pages(1, 0).set_screen_gridlines(false);
        Ok(Self { sheet, row: 0, widths: BTreeMap::new(), formats: BTreeMap::new(), cut: 0 })
    }

    /// The row that is written next.
    pub(super) fn row(&self) -> u32 {
        self.row
    }

    /// Leaves a row free.
    pub(super) fn space(&mut self) {
        self.row += 1;
    }

    /// The title of the sheet.
    pub(super) fn title(&mut self, text: &str) -> Result<(), XlsxError> {
        let format = Format::new().set_bold().set_font_size(16);
        self.styled(text, &format)
    }

    /// The heading of a part.
    pub(super) fn heading(&mut self, text: &str) -> Result<(), XlsxError> {
        let format = Format::new().set_bold().set_font_size(12);
        self.styled(text, &format)
    }

    /// A line of text, which may run over the columns beside it.
    pub(super) fn line(&mut self, text: &str) -> Result<(), XlsxError> {
        self.styled(text, &Format::new())
    }

    fn styled(&mut self, text: &str, format: &Format) -> Result<(), XlsxError> {
        let text = self.fitting(text, LONGEST_TEXT);
        self.sheet.write_string_with_format(self.row, 0, text, format)?;
        self.row += 1;
        Ok(())
    }

    /// Names and what they stand for, a row each.
    pub(super) fn facts(&mut self, facts: &[(&str, String)]) -> Result<(), XlsxError> {
        for (name, what) in facts {
            self.cell(self.row, 0, &Cell::Text((*name).to_owned()))?;
            self.cell(self.row, 1, &Cell::Text(what.clone()))?;
            self.widen(0, name.chars().count());
            self.row += 1;
        }
        Ok(())
    }

    /// A table with a head and rows.
    pub(super) fn table(&mut self, heads: &[String], rows: impl Iterator<Item = Vec<Cell>>) -> Result<(), XlsxError> {
        let top = self.row;
        let heads = self.heads(heads);
        let mut numbers = BTreeSet::new();
        for (column, head) in (0_u16..).zip(&heads) {
            self.widen(column, head.chars().count().min(LONG_HEAD));
        }
        for (at, row) in rows.enumerate() {
            self.row += 1;
            for (column, cell) in (0_u16..).zip(&row) {
                self.cell(self.row, column, cell)?;
                if at < MEASURED {
                    self.make_room(column, cell);
                }
                if matches!(cell, Cell::Number(_) | Cell::News(..) | Cell::Day(_) | Cell::Hour(_)) {
                    numbers.insert(column);
                }
            }
        }
        // A table has a row at least.
        self.row = self.row.max(top + 1);
        let head =
            |(column, head): (u16, &String)| TableColumn::new().set_header(head).set_header_format(headed(numbers.contains(&column)));
        let columns: Vec<TableColumn> = (0..).zip(&heads).map(head).collect();
        let last = u16::try_from(heads.len()).unwrap_or(u16::MAX).saturating_sub(1);
        let table = Table::new().set_columns(&columns).set_style(TableStyle::Light15).set_banded_rows(false);
        self.sheet.add_table(top, 0, self.row, last, &table)?;
        self.row += 1;
        Ok(())
    }

    /// A row of cells that belong to no table.
    pub(super) fn cells(&mut self, cells: impl Iterator<Item = Cell>) -> Result<(), XlsxError> {
        for (column, cell) in (0_u16..).zip(cells) {
            self.cell(self.row, column, &cell)?;
            self.make_room(column, &cell);
        }
        self.row += 1;
        Ok(())
    }

    /// The heads of a table, each unlike the others, whatever the case.
    fn heads(&mut self, heads: &[String]) -> Vec<String> {
        let mut taken = BTreeSet::new();
        let mut unlike = Vec::new();
        for head in heads {
            let wanted = human::line(head);
            let numbered = (2..).map(|number| format!("{} ({number})", human::within(&wanted, LONGEST_HEAD - 16)));
            let short = self.fitting(&wanted, LONGEST_HEAD);
            let mut candidates = std::iter::once(short).chain(numbered);
            unlike.extend(candidates.find(|head| taken.insert(head.to_lowercase())));
        }
        unlike
    }

    /// Charts beside each other.
    pub(super) fn charts(&mut self, charts: &mut [Chart]) -> Result<(), XlsxError> {
        let (width, height, space) = CHART;
        for (number, chart) in (0_u32..).zip(charts.iter_mut()) {
            chart.set_width(width).set_height(height);
            self.sheet.insert_chart_with_offset(self.row, 0, chart, number * (width + space), 0)?;
        }
        self.row += if charts.is_empty() { 0 } else { CHART_ROWS };
        Ok(())
    }

    /// Writes a cell at a place.
    fn cell(&mut self, row: u32, column: u16, cell: &Cell) -> Result<(), XlsxError> {
        let sheet = &mut self.sheet;
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => {
                let text = self.fitting(text, LONGEST_TEXT);
                self.sheet.write_string_with_format(row, column, text, &Format::new().set_indent(1))?;
            }
            Cell::Toned(text, tone) => {
                let text = self.fitting(text, LONGEST_TEXT);
                self.sheet.write_string_with_format(row, column, text, &filled(*tone))?;
            }
            Cell::Number(Number { value, format }) => {
                let format = self.formats.entry(format.clone()).or_insert_with(|| Format::new().set_num_format(format));
                sheet.write_number_with_format(row, column, *value, format)?;
            }
            Cell::News(Number { value, format }, tone) => {
                sheet.write_number_with_format(row, column, *value, &colored(Format::new().set_num_format(format), *tone))?;
            }
            Cell::Day(at) | Cell::Hour(at) => {
                let is_day = matches!(cell, Cell::Day(_));
                if YEARS.contains(&at.year()) {
                    let format = Format::new().set_num_format(if is_day { DAY } else { HOUR });
                    sheet.write_datetime_with_format(row, column, at, &format)?;
                } else {
                    sheet.write_string(row, column, if is_day { at.date().to_string() } else { at.to_string() })?;
                }
            }
            Cell::Link(text, sheet_name) => {
                let target = format!("internal:'{}'!A1", sheet_name.replace('\'', "''"));
                let text = self.fitting(text, LONGEST_TEXT);
                self.sheet.write_url(row, column, Url::new(target).set_text(text))?;
            }
        }
        Ok(())
    }

    /// A text that fits a cell. One that was cut ends with a sign of it.
    fn fitting(&mut self, text: &str, longest: usize) -> String {
        let start = human::within(text, longest);
        if start.len() == text.len() {
            return text.to_owned();
        }
        self.cut += 1;
        human::within(text, longest - 1).to_owned() + "…"
    }

    fn make_room(&mut self, column: u16, cell: &Cell) {
        match cell {
            Cell::Text(text) | Cell::Toned(text, _) | Cell::Link(text, _) => self.widen(column, text.chars().count()),
            Cell::Number(number) | Cell::News(number, _) => self.widen(column, number.length()),
            Cell::Day(_) => self.widen(column, DAY.len()),
            Cell::Hour(_) => self.widen(column, HOUR.len()),
            Cell::Empty => {}
        }
    }

    fn widen(&mut self, column: u16, length: usize) {
        let (least, most) = WIDTHS;
        let width = self.widths.entry(column).or_insert(least);
        // The arrow of a table's head takes room, too.
        *width = (*width).max(length + 3).min(most);
    }

    /// The sheet, and how many of its texts were too long.
    pub(super) fn finish(mut self) -> Result<(Worksheet, usize), XlsxError> {
        for (column, width) in &self.widths {
            self.sheet.set_column_width(*column, *width as f64)?;
        }
        Ok((self.sheet, self.cut))
    }
}

/// The head of a column, over its numbers or its texts.
fn headed(of_numbers: bool) -> Format {
    let format = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Bottom).set_border_bottom(FormatBorder::Thin);
    if of_numbers { format.set_align(FormatAlign::Right) } else { format.set_indent(1) }
}

/// A ground in the colour of a status.
fn filled(tone: Tone) -> Format {
    let ground = |color: u32| colored(Format::new().set_indent(1).set_background_color(Color::RGB(color)), tone);
    match tone {
        Tone::Good => ground(0x00E2_F0D9),
        Tone::Warning => ground(0x00FF_F2CC),
        Tone::Bad => ground(0x00F8_D7DA),
        Tone::Plain | Tone::Faint => colored(Format::new().set_indent(1), tone),
    }
}

/// Letters in the colour of a status, dark enough to be read on white.
fn colored(format: Format, tone: Tone) -> Format {
    match tone {
        Tone::Good => format.set_font_color(Color::RGB(0x001E_6B34)),
        Tone::Warning => format.set_font_color(Color::RGB(0x007A_5200)),
        Tone::Bad => format.set_font_color(Color::RGB(0x00A4_1E22)),
        Tone::Faint => format.set_font_color(Color::RGB(0x0059_5F69)),
        Tone::Plain => format,
    }
}
