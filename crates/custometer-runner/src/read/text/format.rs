//! The dialect of a text file.

use std::borrow::Cow;

use encoding_rs::{MACINTOSH, WINDOWS_1252};
use schemars::JsonSchema;
use serde::Deserialize;

/// How a text file puts values into lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextFormat {
    pub(crate) delimiter: Delimiter,
    /// What encloses values that hold the delimiter or a line end; none where quotes are characters like any other.
    pub(crate) quote: Option<u8>,
    pub(crate) encoding: Encoding,
    /// Whether somebody says that it is: rows that are not in it are rejected then, wherever they stand.
    pub(crate) is_encoding_said: bool,
    /// What ends a line: that of the file, told by its start.
    pub(crate) line_end: u8,
    /// How many lines stand before the header.
    pub(crate) skip_lines: u64,
    /// How many rows the header has, the first of which names the columns. One unless said, and none where the columns are named.
    pub(crate) header_lines: Option<u64>,
    /// How many rows at the end are not data.
    pub(crate) footer_lines: u64,
    /// What a line starts with that is not part of the table.
    pub(crate) comment: Option<String>,
    /// The columns of a file without a header line.
    pub(crate) column_names: Option<Vec<String>>,
    /// Whether a row may end early, its last values being missing.
    pub(crate) short_rows: ShortRows,
}

/// What ends the values and the records of a sheet's text: characters that no cell has.
pub(crate) const VALUE_END: u8 = 0x1f;
pub(crate) const RECORD_END: u8 = 0x1e;

impl TextFormat {
    /// The dialect of a sheet's text.
    pub(crate) fn of_sheet(self) -> Self {
        Self {
            delimiter: Delimiter::Byte(VALUE_END),
            quote: None,
            encoding: Encoding::Utf8,
            is_encoding_said: true,
            line_end: RECORD_END,
            short_rows: ShortRows::Fill,
            ..self
        }
    }

    /// Whether it is that of a sheet's text.
    pub(crate) fn is_of_sheet(&self) -> bool {
        self.line_end == RECORD_END
    }
}

impl Default for TextFormat {
    fn default() -> Self {
        Self {
            delimiter: Delimiter::Byte(b','),
            quote: Some(b'"'),
            encoding: Encoding::Utf8,
            is_encoding_said: false,
            line_end: b'\n',
            skip_lines: 0,
            header_lines: None,
            footer_lines: 0,
            comment: None,
            column_names: None,
            short_rows: ShortRows::Reject,
        }
    }
}

/// What stands between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delimiter {
    /// One character.
    Byte(u8),
    /// Spaces and tabs, as many as there are; those at the start and end of a line mean nothing.
    Spaces,
}

impl Delimiter {
    pub(super) fn is(self, byte: u8) -> bool {
        match self {
            Self::Byte(delimiter) => byte == delimiter,
            Self::Spaces => byte == b' ' || byte == b'\t',
        }
    }
}

/// What a row with fewer values than the header is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShortRows {
    /// Damaged: it is rejected, and counted.
    #[default]
    Reject,
    /// Complete: its last values are missing.
    Fill,
}

/// How a text file writes characters as bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub(crate) enum Encoding {
    /// UTF-8, with or without a byte-order mark.
    #[default]
    #[serde(rename = "utf-8", alias = "utf8")]
    Utf8,
    /// Windows-1252, what western European Windows programs write.
    #[serde(rename = "windows-1252", alias = "cp1252")]
    Windows1252,
    /// ISO 8859-1.
    #[serde(rename = "latin-1", alias = "iso-8859-1")]
    Latin1,
    /// Mac Roman, what old programs on Macintosh computers write.
    #[serde(rename = "mac-roman", alias = "macintosh")]
    MacRoman,
}

impl Encoding {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1252 => "Windows-1252",
            Self::Latin1 => "Latin-1",
            Self::MacRoman => "Mac Roman",
        }
    }

    /// The bytes as UTF-8, which they may not be where the file says that they are.
    pub(super) fn to_utf8(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        let text = match self {
            Self::Utf8 => return Cow::Borrowed(bytes),
            Self::Windows1252 => WINDOWS_1252.decode_without_bom_handling(bytes).0,
            Self::Latin1 => encoding_rs::mem::decode_latin1(bytes),
            Self::MacRoman => MACINTOSH.decode_without_bom_handling(bytes).0,
        };
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }
}
