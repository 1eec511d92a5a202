//! What a pack says of columns that a table's files do not have: versions of an export differ, and whoever exports may leave columns out.
//!
//! A column that is not there makes no column, and a request that needs it says so. What a pack says of rows stays: without it, others would be
//! counted. So does what it makes in the place of a column of the files: without it, that would be read as something else.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use crate::check::expression::Syntax;
use crate::check::tables::TableConfig;
use crate::check::tables::lookup::LookupConfig;
use crate::config::diagnostics::Text;

/// A table's config without what its pack says of columns that are not `stored`, and the names that are then not made, each with the column
/// that is not there.
pub(super) fn without<'a>(config: &'a TableConfig, stored: &[String], text: &Text) -> (Cow<'a, TableConfig>, BTreeMap<String, String>) {
    let mut absent: BTreeMap<String, String> = BTreeMap::new();
    if config.pack.is_none() {
        return (Cow::Borrowed(config), absent);
    }
    let is_own = |name: &Spanned<String>| text.is_own(&name.span()) || stored.contains(name.get_ref());
    let mut kept = config.clone();
    kept.columns.retain(|name, of| {
        let missing = of.get_ref().0.iter().find(|column| !stored.contains(*column)).filter(|_| !is_own(name));
        absent.extend(missing.map(|missing| (name.get_ref().clone(), missing.clone())));
        missing.is_none()
    });
    // What is made of a column that is not made is not made either.
    loop {
        let before = absent.len();
        let made = names_of(&kept, stored);
        kept.derive.retain(|name, written| {
            let columns = Syntax::parse(written.get_ref()).map(|syntax| syntax.columns()).unwrap_or_default();
            let missing = columns.into_iter().map(|(column, _)| column).find(|column| !made.contains(column)).filter(|_| !is_own(name));
            absent.extend(missing.iter().map(|missing| (name.get_ref().clone(), missing.clone())));
            missing.is_none()
        });
        let made = names_of(&kept, stored);
        kept.lookup.retain(|name, lookup| {
            let missing = lookup.uses().into_iter().find(|column| !made.contains(*column)).filter(|_| !is_own(name)).map(str::to_owned);
            absent.extend(missing.iter().flat_map(|missing| lookup.gives().into_iter().map(|name| (name.to_owned(), missing.clone()))));
            missing.is_none()
        });
        if absent.len() == before {
            break;
        }
    }
    let made = names_of(&kept, stored);
    let is_meant = |name: &Spanned<String>| text.is_own(&name.span()) || made.contains(name.get_ref());
    kept.time_formats.retain(|name, _| is_meant(name));
    kept.formats.retain(|name, _| is_meant(name));
    kept.blank.retain(|name, _| is_meant(name));
    (Cow::Owned(kept), absent)
}

/// All columns that a table has, by its files and its config.
fn names_of(config: &TableConfig, stored: &[String]) -> BTreeSet<String> {
    let written = config.columns.keys().chain(config.derive.keys()).map(|name| name.get_ref().clone());
    let given = config.lookup.values().flat_map(LookupConfig::gives).map(str::to_owned);
    let ended = config.spans.iter().map(|_| "ended_at".to_owned());
    stored.iter().cloned().chain(written).chain(given).chain(ended).collect()
}
