//! Where in its files a table's rows are: the sheet and the part of it, the member of an archive, the array of a document. And the cells of
//! sheets that have no value.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{DataType, NULL, col, lit, when};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::config::diagnostics::Collector;
use crate::read::area::Area;
use crate::read::cell_faults::cell_fault;
use crate::read::container::{Within, keys};
use crate::read::fault::{Origin, Reason};
use crate::read::files::Opened;
use crate::read::format::FileFormat;
use crate::read::table::{Derived, written_name};

/// A name, or several, in which `*` stands for any characters.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a name, or a list of names, in which `*` stands for any characters")]
pub(crate) enum Names {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Names {
    fn all(&self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name.clone()],
            Self::Several(names) => names.clone(),
        }
    }
}

/// A part of a sheet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AreaName(pub Area);

impl<'de> Deserialize<'de> for AreaName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let area = Area::parse(&text).map(Self);
        area.ok_or_else(|| {
            D::Error::custom(format!("`{text}` is not a part of a sheet: write it such as \"B3:F200\", \"B:F\" or \"B3:F\""))
        })
    }
}

/// What a table's config says of where in its files its rows are.
pub(super) struct Said<'a> {
    pub(super) member: Option<&'a Spanned<Names>>,
    pub(super) sheet: Option<&'a Spanned<Names>>,
    pub(super) range: Option<&'a Spanned<AreaName>>,
    pub(super) rows: Option<&'a Spanned<String>>,
    pub(super) decimal_comma: bool,
}

impl Said<'_> {
    /// Where in its files the table's rows are.
    pub(super) fn within(&self) -> Within {
        let names = |names: Option<&Spanned<Names>>| names.map(|names| names.get_ref().all()).unwrap_or_default();
        Within {
            member: names(self.member),
            sheet: names(self.sheet),
            range: self.range.map(|range| range.get_ref().0),
            rows: self.rows.map(|rows| rows.get_ref().clone()),
            decimal_comma: self.decimal_comma,
        }
    }

    /// Reports what names nothing, before any file is opened.
    pub(super) fn names_nothing(&self, problems: &mut Collector) -> bool {
        let mut is_empty = false;
        for (key, names) in [("member", self.member), ("sheet", self.sheet)] {
            if let Some(names) = names.filter(|names| names.get_ref().all().iter().all(|name| name.trim().is_empty())) {
                problems.report(names.span(), format!("`{key}` names nothing")).help("leave it out to read the only one there is");
                is_empty = true;
            }
        }
        if let Some(rows) = self.rows.filter(|rows| keys(rows.get_ref()).is_empty()) {
            problems.report(rows.span(), "`rows` names nothing").help("write the keys that lead to the array, such as `payload.items`");
            is_empty = true;
        }
        is_empty
    }

    /// Reports what is said of containers where there are none.
    pub(super) fn unused(&self, opened: &Opened, problems: &mut Collector) {
        let format = opened.format;
        let in_archive = opened.sources().iter().any(|source| source.member().is_some());
        let said = [
            ("member", "zip archives", in_archive, self.member.map(Spanned::span)),
            ("sheet", "workbooks", format == FileFormat::Workbook, self.sheet.map(Spanned::span)),
            ("range", "workbooks", format == FileFormat::Workbook, self.range.map(Spanned::span)),
            ("rows", "JSON documents", format == FileFormat::Json, self.rows.map(Spanned::span)),
        ];
        for (key, of, is_used, place) in said {
            if let Some(place) = place.filter(|_| !is_used) {
                let message = format!("`{key}` is for {of}, and these files are {}", format.as_str());
                problems.report(place, message).help("leave it out");
            }
        }
    }
}

/// For each column in which a cell has no value, under all its names, what says so of a row that uses it.
///
/// `mapped` are names with the columns that they mean. What is said of a column's cells stands beside what something derived that has the
/// column's name says, which `is_derived` tells.
pub(super) fn cell_faults<'a>(
    mapped: impl Iterator<Item = (&'a str, &'a [String])>,
    is_derived: impl Fn(&str) -> bool,
    faulty: &BTreeSet<String>,
) -> Vec<Derived> {
    let own = faulty.iter().map(|name| (name.clone(), vec![name.clone()]));
    let mapped = mapped.map(|(name, of)| (name.to_owned(), of.iter().filter(|column| faulty.contains(*column)).cloned().collect()));
    // What is mapped to a name is what the name means.
    let columns: BTreeMap<String, Vec<String>> = own.chain(mapped).collect();
    let fault = |(name, of): (String, Vec<String>)| {
        // The first of several columns is the one that is named.
        let numbered: Vec<(&String, i32)> = of.iter().zip(1..).collect();
        let number = numbered.into_iter().rev().fold(lit(NULL).cast(DataType::Int32), |others, (column, number)| {
            when(col(cell_fault(column)).is_not_null()).then(lit(number)).otherwise(others)
        });
        let reason = |column: &String| {
            let origin = Origin { column: column.clone(), written_in: cell_fault(column) };
            Reason::new(format!("the cell of `{column}` has no value"), Some(origin))
        };
        let reasons = of.iter().map(reason).collect();
        let name = if is_derived(&name) { written_name(&name) } else { name };
        Derived { name, value: None, is_untold: false, fault: Some(number), reasons, origin: None }
    };
    columns.into_iter().filter(|(_, of)| !of.is_empty()).map(fault).collect()
}
