//! What files hold: their dialect, their columns, which logical tables they could be, and a block of a report to start from.
//!
//! Everything here is a guess with its evidence. What could be meant in two ways is said, and left to the reader to choose.

mod block;
mod candidates;
mod choice;
mod choices;
mod column;
mod columns;
mod compose;
mod dialect;
mod group;
mod hints;
mod inspection;
mod looks;
mod probe;
mod tally;
mod toml_text;
mod words;

use std::collections::BTreeSet;
use std::sync::Arc;

use custometer_core::Registry;

pub(crate) use candidates::first_report;
pub use candidates::{Candidate, Match, Runnable};
pub use choice::{Answer, Answers, Choice};
pub use column::{Distinct, InspectedColumn, LooksLike};
pub use compose::{ComposeError, Composed, OpenChoice, Question, compose, config_over};
pub use dialect::{Header, Numbers, TextDialect};
pub use hints::Hint;
pub use inspection::{Damage, InspectError, InspectedFile, InspectedTable, Inspection, Unreadable};

use crate::read::given::GivenRows;
pub(crate) use group::Looked;
use group::groups;
pub(crate) use toml_text::quoted;

/// Goes through files, and says what they hold. Paths may be of files, of folders, or have `*` in them.
///
/// # Errors
///
/// When none of them can be read. What can't be read of several is in the result.
pub fn inspect(paths: &[String], registry: &Registry) -> Result<Inspection, InspectError> {
    inspect_given(paths, &[], registry)
}

/// The same with rows that a host gives, beside files.
///
/// # Errors
///
/// When none of them can be read. What can't be read of several is in the result.
pub fn inspect_given(paths: &[String], given: &[Arc<GivenRows>], registry: &Registry) -> Result<Inspection, InspectError> {
    let Looking { tables, names, unreadable } = look(paths, given, registry)?;
    Ok(Inspection { tables: tables.into_iter().zip(names).map(|(table, name)| table.told(&name)).collect(), unreadable })
}

/// Tables that were gone through, each with a name, and what can't be read.
pub(crate) struct Looking {
    pub(crate) tables: Vec<Looked>,
    pub(crate) names: Vec<String>,
    pub(crate) unreadable: Vec<Unreadable>,
}

/// Goes through files, and rows that a host gives.
pub(crate) fn look(paths: &[String], given: &[Arc<GivenRows>], registry: &Registry) -> Result<Looking, InspectError> {
    let (groups, mut unreadable) = groups(paths, given);
    let mut looked: Vec<Looked> = Vec::new();
    for group in groups {
        match group.look(registry) {
            Ok(table) => looked.push(table),
            Err((path, error)) => unreadable.push(Unreadable { path: path.display().to_string(), reason: error.to_string() }),
        }
    }
    if looked.is_empty() {
        return Err(InspectError::Unreadable(unreadable));
    }
    let names = names(&looked);
    Ok(Looking { tables: looked, names, unreadable })
}

/// The tables' names in their blocks: that of the logical table for the one that is most like it, else those of the files.
fn names(tables: &[Looked]) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let names = tables.iter().map(|table| {
        let logical = table.best().filter(|best| {
            let rivals = tables.iter().filter_map(Looked::best).filter(|rival| rival.table == best.table);
            // Of equal ones the first.
            rivals.rev().max_by(|a, b| a.score.total_cmp(&b.score)).is_some_and(|first| std::ptr::eq(first, *best))
        });
        let own = table.own_name();
        let numbered = (2..).map(|number| format!("{own}_{number}"));
        let free =
            logical.map(|best| best.table.clone()).into_iter().chain([own.clone()]).chain(numbered).find(|name| !taken.contains(name));
        let name = free.unwrap_or(own);
        taken.insert(name.clone());
        name
    });
    names.collect()
}
