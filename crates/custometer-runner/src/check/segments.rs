//! `[segments]`: conditions with names, which requests, breakdowns and expressions use as columns.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::check::expression::{Syntax, columns_there_are};
use crate::check::tables;
use crate::config::diagnostics::Collector;
use crate::read::table::Table;

/// A part of a table's rows that has a name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentConfig {
    /// The table whose rows they are. Every table that has the condition's columns, unless said.
    #[schemars(with = "Option<String>")]
    pub table: Option<Spanned<String>>,
    /// An SQL condition: which rows they are.
    #[serde(rename = "where")]
    #[schemars(with = "String")]
    pub condition: Spanned<String>,
}

/// Segments by their names, as they are written.
pub(crate) type Segments = BTreeMap<Spanned<String>, SegmentConfig>;

/// Adds a column to the tables of each segment, which says of each row whether it belongs to it.
pub(crate) fn add(segments: &Segments, tables: &mut BTreeMap<&str, Option<Table>>, problems: &mut Collector) {
    for (name, segment) in segments {
        if name.get_ref().starts_with("__") || name.get_ref().trim().is_empty() {
            problems.report(name.span(), format!("`{}` is not a name that a report can use", name.get_ref()));
            continue;
        }
        for table in of(segment, tables, problems) {
            if table.schema.contains(name.get_ref()) {
                let message = format!("`{}` is a column of `{}` already", name.get_ref(), table.name);
                problems.report(name.span(), message).help("give the segment another name");
            } else {
                tables::add_segment(table, name.get_ref(), &segment.condition, problems);
            }
        }
    }
}

/// The tables of a segment. Those that are wrong themselves are left out: what is wrong with them is said.
fn of<'a>(segment: &SegmentConfig, tables: &'a mut BTreeMap<&str, Option<Table>>, problems: &mut Collector) -> Vec<&'a mut Table> {
    if let Some(named) = &segment.table {
        if !tables.contains_key(named.get_ref().as_str()) {
            problems.report(named.span(), format!("there is no table `{}`", named.get_ref())).suggest(
                named.get_ref(),
                tables.keys(),
                || "name one of the report's tables".to_owned(),
            );
        }
        return tables.get_mut(named.get_ref().as_str()).and_then(Option::as_mut).into_iter().collect();
    }
    // What can't be parsed is said once, by the first table.
    let Ok(syntax) = Syntax::parse(segment.condition.get_ref()) else {
        return tables.values_mut().flatten().take(1).collect();
    };
    let columns = syntax.columns();
    let has = |table: &Table, name: &String| table.schema.contains(name) || table.broken.contains(name);
    let any_is_wrong = tables.values().any(Option::is_none);
    let fits: Vec<&str> = tables
        .iter()
        .filter_map(|(name, table)| Some((*name, table.as_ref()?)))
        .filter(|(_, table)| columns.iter().all(|(name, _)| has(table, name)))
        .map(|(name, _)| name)
        .collect();
    if fits.is_empty() && !any_is_wrong {
        let lacking = columns.iter().find(|(name, _)| !tables.values().flatten().any(|table| has(table, name)));
        let message = match lacking {
            Some((name, _)) => format!("no table has a column `{name}`"),
            None => "no table has all columns of this condition".to_owned(),
        };
        let known: Vec<String> = tables.values().flatten().flat_map(Table::columns).collect();
        let wanted = lacking.map_or("", |(name, _)| name.as_str());
        problems.report(segment.condition.span(), message).suggest(wanted, &known, || columns_there_are(&known));
    }
    tables.iter_mut().filter(|(name, _)| fits.contains(name)).filter_map(|(_, table)| table.as_mut()).collect()
}
