//! A logical table: what one of its rows is, and how `inspect` recognises it in files that call things by other names.

use crate::column::Column;

/// A logical table, such as `orders`. Tables of one name are one table, whichever crate speaks of it.
///
/// Only the name decides what a metric reads; a plain text is a table too. The rest is what the domain knows of its own words, so that
/// `inspect` recognises the table in an export.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name, as reports write it.
    pub name: &'static str,
    /// What one row is, such as `one purchase`.
    pub row: &'static str,
    /// Words that speak of it, separated by commas.
    pub words: &'static str,
    /// The column of what has many rows here.
    pub many_rows_per: Option<&'static str>,
    /// The column of what a row may be only a line of, and the parameter that then says so.
    pub lines_of: Option<(&'static str, &'static str)>,
    /// Columns that metrics know only by name, such as the time of a row.
    pub columns: &'static [Column],
    /// The ids of metrics that a first report on it asks for, in their order.
    pub first_report: &'static [&'static str],
}

impl Table {
    /// A table of a name.
    pub const fn named(name: &'static str) -> Self {
        Self { name, row: "", words: "", many_rows_per: None, lines_of: None, columns: &[], first_report: &[] }
    }

    /// What one row is, such as `one purchase`.
    #[must_use]
    pub const fn row(mut self, row: &'static str) -> Self {
        self.row = row;
        self
    }

    /// Single words that speak of the table where they are part of a file's name or of another column's, separated by commas:
    /// `order, purchase, invoice`. They are written in small letters of ASCII, `køb` as `koeb`.
    #[must_use]
    pub const fn words(mut self, words: &'static str) -> Self {
        self.words = words;
        self
    }

    /// The column that has the same value in many rows: a file in which each value comes once is then not taken for this table.
    #[must_use]
    pub const fn many_rows_per(mut self, column: &'static str) -> Self {
        self.many_rows_per = Some(column);
        self
    }

    /// The column of which a row may be only a line, as of an order, and what a report's table says as `params` then, in TOML.
    #[must_use]
    pub const fn lines_of(mut self, column: &'static str, params: &'static str) -> Self {
        self.lines_of = Some((column, params));
        self
    }

    /// The ids of metrics that a first report on it asks for, in their order: what one would want to see of such a table before anything else.
    #[must_use]
    pub const fn first_report(mut self, metrics: &'static [&'static str]) -> Self {
        self.first_report = metrics;
        self
    }

    /// Columns that metrics know only by name, so that their [other names](Column::also_called) are known too.
    #[must_use]
    pub const fn columns(mut self, columns: &'static [Column]) -> Self {
        self.columns = columns;
        self
    }
}

impl From<&'static str> for Table {
    fn from(name: &'static str) -> Self {
        Self::named(name)
    }
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Table {}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
