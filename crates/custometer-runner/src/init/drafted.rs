//! A table of a first report, and where the report will be.

use std::fmt::Write as _;
use std::path::Path;

use custometer_core::Registry;
use jiff::civil::Date;

use super::requests;
use crate::inspect::{Answers, Choice, Looked};
use crate::packs::PackTable;

/// Where a report will be, and what it is checked with.
pub struct Place<'a> {
    /// The report's folder.
    pub folder: &'a Path,
    /// A path as it was given, as one relative to that folder.
    pub path: &'a dyn Fn(&str) -> String,
    /// The metrics that there are.
    pub registry: &'a Registry,
    /// The day of today.
    pub today: Date,
}

/// A table of a first report.
pub(super) struct Drafted {
    pub(super) name: String,
    pub(super) looked: Looked,
    /// The pack's table that it is.
    pub(super) pack: Option<(String, PackTable)>,
}

impl Drafted {
    /// Its table in the report.
    pub(super) fn block(&self, answers: &Answers, place: &Place<'_>) -> String {
        let path = self.looked.path().map(|path| (place.path)(&path));
        let Some((pack, is)) = &self.pack else { return self.looked.table(&self.name, path.as_deref(), answers) };
        let mut block = self.looked.table_of_pack(&self.name, path.as_deref(), pack, &|key| is.settings.contains_key(key));
        for choice in self.asks() {
            // Writing to a string does not fail.
            let _ = match answers.get(&choice.key).and_then(|answer| choice.options.get(*answer)) {
                Some(answer) => writeln!(block, "{}", answer.says),
                None => writeln!(block, "# {} Choose one:", choice.asks)
                    .and_then(|()| choice.options.iter().try_for_each(|option| writeln!(block, "# {}", option.says))),
            };
        }
        block
    }

    /// What its pack can't know: which column holds what it asks for.
    pub(super) fn asks(&self) -> Vec<Choice> {
        let Some((_, is)) = &self.pack else { return Vec::new() };
        is.asks.iter().map(|(logical, what)| requests::asked(logical, what, is, &self.looked)).collect()
    }

    /// Whether it looks something up in another table of its pack.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        let Some(((pack, is), (of, _))) = self.pack.as_ref().zip(other.pack.as_ref()) else { return false };
        let (Some((pack, _)), Some((system, table))) = (pack.split_once('.'), of.split_once('.')) else { return false };
        pack == system && is.beside.contains_key(table)
    }
}
