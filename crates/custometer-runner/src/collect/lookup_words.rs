//! What is to be said of rows for which a lookup finds nothing.

use crate::collect::ledger::Files;
use crate::collect::misses::{Example, Missed, Misses};
use crate::read::keyed::Miss;
use crate::read::lookup::Found;
use crate::read::table::Table;
use crate::report::Report;
use crate::result::LookupManifest;

/// What is to be said of rows for which a lookup finds nothing.
pub(crate) struct Told {
    pub(crate) manifest: LookupManifest,
    pub(crate) notes: Vec<String>,
}

impl Misses {
    /// What is to be said of them. Where groups are hidden, how many they are would tell of one: that of the rows without a match.
    pub(crate) fn told(&self, report: &Report, table: &Table, files: &Files, found: &Found) -> Option<Told> {
        let lookup = table.columns.lookups.iter().find(|lookup| lookup.name == self.lookup)?;
        let is_hidden = report.min_group_size.is_some_and(|least| least > 1);
        let count = |miss: Miss| {
            let rows = self.missed.iter().filter(|missed| missed.miss == miss).map(|missed| missed.rows).sum();
            (!is_hidden).then_some(rows)
        };
        let manifest = LookupManifest {
            lookup: lookup.name.clone(),
            table: lookup.table.clone(),
            rows_found: (!is_hidden).then_some(self.found),
            rows_without_match: count(Miss::NoMatch),
            rows_not_then: count(Miss::NotThen),
            rows_without_key: count(Miss::NoKey),
            rows_without_time: count(Miss::NoTime),
        };
        let keyed = found.0.get(&self.lookup);
        let notes = self.missed.iter().map(|Missed { miss, rows, examples }| {
            let counted = match (is_hidden, *rows == self.rows()) {
                (true, false) => "some rows have".to_owned(),
                (_, true) => "no row has".to_owned(),
                (false, false) => {
                    let rows_of = if self.rows() == 1 { "row" } else { "rows" };
                    format!("{rows} of {} {rows_of} {}", self.rows(), if *rows == 1 { "has" } else { "have" })
                }
            };
            let is_none = *rows == self.rows();
            let shown = |(row, key): &Example| {
                let (file, row) = files.place(*row);
                let key = key.as_deref().filter(|key| !key.is_empty()).and_then(|key| report.shown_id(key));
                key.map_or_else(|| format!("{file}, row {row}"), |key| format!("`{key}` ({file}, row {row})"))
            };
            // Two examples would tell that there are two.
            let most = if is_hidden { 1 } else { examples.len() };
            let examples = format!(", for example {}", examples.iter().take(most).map(shown).collect::<Vec<_>>().join(", "));
            let here = listed(lookup.on.iter().map(|(here, _)| here));
            let other = if lookup.name == lookup.table {
                format!("`{}`", lookup.table)
            } else {
                format!("`{}` by `lookup.{}`", lookup.table, lookup.name)
            };
            match miss {
                Miss::NoMatch | Miss::NotThen => {
                    let a = if is_none { "a" } else { "no" };
                    let at =
                        lookup.validity.as_ref().filter(|_| *miss == Miss::NotThen).map(|validity| format!(" at its `{}`", validity.at));
                    let there = keyed.and_then(|keyed| keyed.first_key()).filter(|_| is_none && *miss == Miss::NoMatch);
                    let there = there.and_then(|key| report.shown_id(&key.join(", ")));
                    let there = there.map(|key| format!(", where a key is such as `{key}`")).unwrap_or_default();
                    format!("{counted} {a} match in {other}{}{examples}{there}", at.unwrap_or_default())
                }
                Miss::NoKey if is_none => format!("{counted} a value in {here}, which {other} is looked up by{examples}"),
                Miss::NoKey => format!("{counted} no {here}, which {other} is looked up by{examples}"),
                Miss::NoTime => {
                    let at = lookup.validity.as_ref().map(|validity| validity.at.as_str()).unwrap_or_default();
                    let what = if is_none { "a time that can be read" } else { "no time that can be read" };
                    format!("{counted} {what} in `{at}`, at which {other} is looked up{examples}")
                }
            }
        });
        Some(Told { manifest, notes: notes.collect() })
    }
}

/// Names in backticks.
fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
