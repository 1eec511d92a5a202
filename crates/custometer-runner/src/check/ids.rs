//! Which columns hold ids: found once, over all requests, when they are checked.

use std::collections::BTreeSet;
use std::path::Path;

use custometer_core::{Aggregate, ColumnType};
use polars::prelude::{Expr, Schema};

use crate::check::requests::MetricConfig;
use crate::config::diagnostics::Collector;
use crate::read::table::Table;
use crate::report::Request;
use crate::report::ids::is_called_id;

/// Tells every request which of its table's columns hold ids.
pub(crate) fn find(requests: &mut [Request], tables: &[Table]) {
    let called = tables.iter().map(|table| table.columns().into_iter().filter(|name| is_called_id(name)).collect());
    let mut ids: Vec<BTreeSet<String>> = called.collect();
    for request in requests.iter() {
        ids[request.table].extend(read_as_ids(request).map(|name| request.column(name).to_owned()));
    }
    let mut made = with_made(tables, &ids);
    while add_looked_up(tables, &made, &mut ids) {
        made = with_made(tables, &ids);
    }
    for request in requests {
        let own: Vec<String> = read_as_ids(request).map(str::to_owned).collect();
        request.id_columns = made[request.table].iter().cloned().chain(own).collect();
    }
}

/// The ids of each table, with the columns that are made of the same ones as they are.
fn with_made(tables: &[Table], ids: &[BTreeSet<String>]) -> Vec<BTreeSet<String>> {
    // The files' own columns, since two tables may call one of them differently.
    let own: Vec<Schema> = tables.iter().map(Table::stored).collect();
    let stored_ids = |((table, ids), own): ((&Table, &BTreeSet<String>), &Schema)| -> BTreeSet<String> {
        ids.iter().flat_map(|name| table.columns.origins(name)).filter(|origin| own.contains(origin)).collect()
    };
    let stored: Vec<BTreeSet<String>> = tables.iter().zip(ids).zip(&own).map(stored_ids).collect();
    let of_table = |((table, ids), own): ((&Table, &BTreeSet<String>), &Schema)| {
        let alike = tables.iter().zip(&stored).filter(|(other, _)| share_a_file(table, other)).flat_map(|(_, stored)| stored);
        let stored: BTreeSet<&String> = alike.collect();
        let is_made = |name: &String| {
            table.columns.origins(name).iter().any(|origin| {
                let is_looked_up = table.columns.looked_up(origin).is_some() && ids.contains(origin);
                is_looked_up || own.contains(origin) && stored.contains(origin)
            })
        };
        table.columns().into_iter().filter(is_made).chain(ids.iter().cloned()).collect()
    };
    tables.iter().zip(ids).zip(&own).map(of_table).collect()
}

/// Adds what is an id in the table that it is looked up in, and keys where those on the other side are ids. Whether there was anything to add.
fn add_looked_up(tables: &[Table], made: &[BTreeSet<String>], ids: &mut [BTreeSet<String>]) -> bool {
    let position = |name: &str| tables.iter().position(|table| table.name == name);
    let mut more = Vec::new();
    for (here, table) in tables.iter().enumerate() {
        for there in table.sources().iter().filter_map(|source| position(&source.table.name)) {
            let shared = tables[there].columns().into_iter().filter(|name| table.schema.contains(name));
            for name in shared {
                more.extend(made[there].contains(&name).then(|| (here, name.clone())));
                more.extend(made[here].contains(&name).then_some((there, name)));
            }
        }
        for lookup in &table.columns.lookups {
            let Some(there) = position(&lookup.table) else { continue };
            let taken = lookup.columns.iter().map(|column| (&column.name, &column.column));
            for (mine, theirs) in taken.chain(lookup.on.iter().map(|(mine, theirs)| (mine, theirs))) {
                more.extend(made[there].contains(theirs).then(|| (here, mine.clone())));
            }
            for (mine, theirs) in &lookup.on {
                more.extend(made[here].contains(mine).then(|| (there, theirs.clone())));
            }
        }
    }
    more.retain(|(table, name)| !made[*table].contains(name));
    let is_any = !more.is_empty();
    for (table, name) in more {
        ids[table].insert(name);
    }
    is_any
}

fn read_as_ids(request: &Request) -> impl Iterator<Item = &'static str> {
    let columns = request.definition.source.columns.iter().filter(|column| column.kind == ColumnType::Identifier);
    columns.map(|column| column.name).collect::<Vec<_>>().into_iter()
}

/// Whether some rows may be in both.
pub(crate) fn share_a_file(one: &Table, other: &Table) -> bool {
    let files: BTreeSet<&Path> = one.files().into_iter().map(AsRef::as_ref).collect();
    other.files().into_iter().any(|file| files.contains(file.as_path()))
}

/// Reports measures whose value is an id as it is written, where ids must not leave.
pub(crate) fn refuse_values(written: &[MetricConfig], requests: &[Request], problems: &mut Collector) {
    let named = |config: &MetricConfig| config.name.as_ref().unwrap_or(&config.metric).get_ref().clone();
    for config in written {
        let Some(request) = requests.iter().find(|request| request.name == named(config)) else { continue };
        if request.definition.derivation.is_some() {
            continue;
        }
        for measure in &request.definition.measures {
            let Some(id) = value_of(&measure.aggregate).and_then(|value| shown_id(value, request)) else { continue };
            problems
                .report(config.metric.span(), format!("`{}` of `{}` would show an id: `{id}`", measure.name, config.metric.get_ref()))
                .help("`hash_ids` keeps ids from leaving: count them, such as `count(distinct id)`");
        }
    }
}

/// What an aggregate gives a value of; none for counts.
fn value_of(aggregate: &Aggregate) -> Option<&Expr> {
    match aggregate {
        Aggregate::Count | Aggregate::CountDistinct(_) => None,
        Aggregate::Sum(value)
        | Aggregate::Min(value)
        | Aggregate::Max(value)
        | Aggregate::Mean(value)
        | Aggregate::Variance(value)
        | Aggregate::Quantile(value, ..) => Some(value),
    }
}

fn shown_id(value: &Expr, request: &Request) -> Option<String> {
    let roots = value.clone().meta().root_names();
    roots.iter().find(|column| request.is_id(column)).map(ToString::to_string)
}
