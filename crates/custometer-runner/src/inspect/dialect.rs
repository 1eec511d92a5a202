//! How text files write their rows and values.

use serde::Serialize;

use crate::read::number::NumberStyle;

/// How text files put values into lines.
#[derive(Debug, Clone, Serialize)]
pub struct TextDialect {
    /// What stands between values, as configs call it.
    pub delimiter: String,
    /// How many values most rows have.
    pub values: usize,
    /// How many of the first rows have so many.
    pub rows_agreeing: usize,
    /// How many of the first rows were looked at.
    pub rows_looked_at: usize,
    /// What encloses some of the first values; none where nothing does.
    pub quote: Option<char>,
    /// Whether quotes are characters like any other, because they do not pair.
    pub plain_quotes: bool,
    /// How characters are written as bytes; `ASCII` where that is the same in every encoding.
    pub encoding: &'static str,
    /// Whether the first file starts with a byte-order mark.
    pub byte_order_mark: bool,
    /// A few words with letters beyond ASCII, to tell whether the encoding is the right one.
    pub words: Vec<String>,
    /// How many lines stand before the table, and are not part of it.
    pub skip_lines: u64,
    /// How many rows the header seems to have, the names being the first of them.
    pub header_lines: u64,
    /// Where the columns' names come from.
    pub header: Header,
}

/// Where the columns' names come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Header {
    /// The header line.
    Names,
    /// The header line has some of them twice; they are made different.
    RepeatedNames,
    /// There is no header line: they are proposals.
    None,
}

/// How numbers are written as text.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Numbers {
    /// 1,5 instead of 1.5.
    pub decimal_comma: bool,
    /// What stands between groups of three digits.
    pub thousands: Option<char>,
}

impl From<NumberStyle> for Numbers {
    fn from(style: NumberStyle) -> Self {
        Self { decimal_comma: style.decimal_comma, thousands: style.thousands.map(|thousands| thousands.0) }
    }
}
