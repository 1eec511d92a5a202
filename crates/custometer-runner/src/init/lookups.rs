//! Which tables others can look something up in: those with one row for each id that another table has, too.

use super::drafted::Drafted;
use super::groups::{is_group, key};
use crate::inspect::{InspectedColumn, LooksLike, quoted};

/// So many columns at most are looked up in a table.
const MOST: usize = 2;
/// Columns of another table.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    pub(super) table: String,
    key: String,
    pub(super) columns: Vec<String>,
}

impl Lookup {
    /// What a table says of it.
    pub(super) fn says(&self) -> String {
        let columns = self.columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
        format!("lookup.{} = {{ on = {}, columns = [{columns}] }}\n", self.table, quoted(&self.key))
    }
}

/// Whether the ids of a column could all be among those of the one of its name: else the name is all that they share.
fn is_within(ids: &InspectedColumn, columns: &[InspectedColumn]) -> bool {
    let ends = |column: &InspectedColumn| Some((column.min.as_ref()?.to_string(), column.max.as_ref()?.to_string()));
    let all = columns.iter().find(|column| column.name == ids.name);
    // Numbers of other lengths are in another order as texts.
    let alike = all.is_some_and(|all| all.looks_like == ids.looks_like && (ids.looks_like != LooksLike::WholeNumber || all.max >= ids.max));
    let within = all.and_then(ends).zip(ends(ids)).is_some_and(|((first, last), (from, until))| first <= from && until <= last);
    alike && (within || ids.looks_like == LooksLike::WholeNumber)
}

/// The lookups between tables that no pack knows, each with the table that it is of.
pub(super) fn between<'a>(tables: &[&'a Drafted]) -> Vec<(&'a str, Lookup)> {
    let plain: Vec<&&Drafted> = tables.iter().filter(|table| table.pack.is_none()).collect();
    let mut found = Vec::new();
    for other in &plain {
        let columns = other.looked.columns();
        let Some(key) = key(columns) else { continue };
        for table in plain.iter().filter(|table| table.name != other.name) {
            let own = table.looked.columns();
            let of_key = own.iter().find(|column| column.name == key && !column.is_unique() && is_within(column, columns));
            let has = |name: &str| own.iter().any(|column| column.name == name);
            let groups = columns.iter().filter(|column| is_group(column) && !has(&column.name));
            let columns: Vec<String> = groups.map(|column| column.name.clone()).take(MOST).collect();
            if of_key.is_some() && !columns.is_empty() {
                found.push((table.name.as_str(), Lookup { table: other.name.clone(), key: key.to_owned(), columns }));
            }
        }
    }
    found
}
