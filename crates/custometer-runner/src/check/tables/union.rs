//! `union` of a table: its rows are those of several others, each of which is read as it is described.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use custometer_core::ColumnType;
use polars::prelude::{DataType, Expr, NULL, col, lit};
use toml::Spanned;

use super::ground::Ground;
use super::leaf::leaf;
use super::lookup::Others;
use crate::check::expression::{Kind, Scope, Syntax, Translated};
use crate::config::diagnostics::Collector;
use crate::config::section::Listed;
use crate::read::column::StoredColumn;
use crate::read::currency::RowCurrency;
use crate::read::fault::{Check, Reason};
use crate::read::files::{as_value, wider};
use crate::read::lookup::place_name;
use crate::read::scan::{PART, ROW};
use crate::read::shape::{MADE_OF, Shape};
use crate::read::table::{Columns, Derived, RowsOf, Table, Union, UnionSource};
use crate::read::text::FAULT;
use crate::read::union::{Contribution, OfSource, READ, Reading, SOURCE, United, carried, looks_name, lookup_of_source};

/// The tables that a union names, as they are written.
type Written = Spanned<Vec<Spanned<String>>>;

/// What a table that is a union starts from; none where that is wrong, or a source is.
pub(super) fn ground<T>(
    (table, written, source): (&str, &Written, Option<&Spanned<String>>),
    said: &[&str],
    others: &Others<'_, T>,
    is_union: &dyn Fn(&T) -> bool,
    problems: &mut Collector,
) -> Option<Ground> {
    let before = problems.len();
    said_of_files(said, written, problems);
    let sources = sources((table, written), others, is_union, problems)?;
    let currency = currency(&sources, written, problems);
    let mut names: BTreeSet<String> = sources.iter().flat_map(|source| source.columns()).collect();
    names.extend(currency.iter().filter_map(RowCurrency::column).map(str::to_owned));
    let named_in = source.and_then(|name| {
        let taken = names.contains(name.get_ref());
        if taken || name.get_ref().trim().is_empty() || name.get_ref().starts_with("__") {
            let what = if taken { "is a column of a source already" } else { "is not a name that a report can use" };
            problems.report(name.span(), format!("`{}` {what}", name.get_ref())).help("give the column of the sources' names another one");
            return None;
        }
        Some(name.get_ref().clone())
    });
    if problems.len() > before {
        return None;
    }
    let mut readers: Vec<Table> = sources.iter().map(|source| (*source).clone()).collect();
    let united: Vec<United> = names.iter().filter_map(|name| united(name, &mut readers)).collect();
    let reasons = distinct(readers.iter().flat_map(|reader| of_source(reader, reader.checks.clone(), SOURCE)));
    let looks = united.iter().map(|column| {
        (column.name.clone(), stored_column(&column.name, column.stored.clone(), (column.looks.as_ref().ok(), column.is_untold)))
    });
    let of_names = named_in.iter().map(|name| (name.clone(), stored_column(name, DataType::String, (None, false))));
    let looks: BTreeMap<String, StoredColumn> = looks.chain(of_names).collect();
    let given: Option<Vec<Contribution>> = (0..readers.len())
        .map(|number| {
            let reader = &readers[number];
            let code = match (&currency, &reader.currency) {
                (Some(RowCurrency::Column(column)), Some(RowCurrency::All(code))) => Some((column.as_str(), code.as_str())),
                _ => None,
            };
            let columns = united.iter().map(|column| Some((column.name.clone(), given(column, reader, code)?))).collect::<Option<_>>()?;
            let own = united.iter().map(|column| column.name.clone()).filter(|name| reader.schema.contains(name)).collect();
            let said = code.iter().map(|(column, _)| (*column).to_owned()).collect();
            let mut of = vec![lit(u32::try_from(number).unwrap_or(u32::MAX)).cast(DataType::UInt32).alias(SOURCE)];
            of.extend(named_in.iter().map(|name| lit(reader.name.clone()).alias(name.as_str())));
            Some(Contribution { columns, own, said, of, places: places(number, &readers, &reasons) })
        })
        .collect();
    let units = readers.iter().map(|reader| reader.minor_units.first().cloned().flatten()).collect();
    let broken = readers.iter().flat_map(|reader| &reader.broken).filter(|name| !looks.contains_key(*name)).cloned().collect();
    let given = given?;
    let sources = readers.into_iter().zip(given).map(|(reader, given)| UnionSource { table: Arc::new(reader), given }).collect();
    let columns = Columns { united: united.into_iter().map(|column| (column.name.clone(), column)).collect(), ..Columns::default() };
    Some(Ground {
        of: RowsOf::Union(Union { sources, reasons }),
        skipped: None,
        shape: Shape::default(),
        columns,
        broken,
        blanks: Vec::new(),
        looks,
        money: Some((currency, units)),
    })
}

/// Reports what is said of files where there are none.
fn said_of_files(said: &[&str], written: &Written, problems: &mut Collector) {
    if said.is_empty() {
        return;
    }
    let is = if said.len() == 1 { "is" } else { "are" };
    let keys = said.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    problems
        .report(written.span(), format!("{keys} {is} said of files, and the rows of a union are those of other tables"))
        .help("say it of the tables that the union names");
}

/// The tables that a union names; none where one is not there, or is wrong itself.
fn sources<'a, T>(
    (table, written): (&str, &Written),
    others: &Others<'a, T>,
    is_union: &dyn Fn(&T) -> bool,
    problems: &mut Collector,
) -> Option<Vec<&'a Table>> {
    if written.get_ref().is_empty() {
        problems.report(written.span(), "the union is of no table").help("name those whose rows it has: `union = [\"…\", \"…\"]`");
        return None;
    }
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for name in written.get_ref() {
        let asked = name.get_ref().as_str();
        if !seen.insert(asked) {
            problems.report(name.span(), format!("`{asked}` is named twice, and its rows would be there twice")).help("leave one out");
        } else if others.names.get(asked).is_some_and(is_union) {
            let what = if asked == table { "is this table itself" } else { "is a union itself" };
            problems.report(name.span(), format!("`{asked}` {what}")).help("name the tables that have files");
        } else if let Some(opened) = others.opened.get(asked) {
            found.push(opened.as_ref());
        } else if others.names.contains_key(asked) {
            problems
                .report(name.span(), format!("`{asked}` looks something up in a table that has its rows, in a circle"))
                .help("look it up in the union alone");
        } else {
            problems
                .report(name.span(), format!("there is no table `{asked}`"))
                .suggest(asked, others.names.keys(), || format!("describe it: `[tables.{asked}]` with its `path`"));
        }
    }
    found.into_iter().collect::<Option<Vec<_>>>().filter(|found| found.len() == written.get_ref().len())
}

/// In which currency the amounts of a union are: where not all sources have the same one, a column says it.
fn currency(sources: &[&Table], written: &Written, problems: &mut Collector) -> Option<RowCurrency> {
    let first = sources.iter().find_map(|source| source.currency.as_ref())?;
    if matches!(first, RowCurrency::All(_)) && sources.iter().all(|source| source.currency.as_ref() == Some(first)) {
        return Some(first.clone());
    }
    let column = sources.iter().find_map(|source| source.currency.as_ref()?.column()).unwrap_or("currency");
    for source in sources {
        match &source.currency {
            Some(RowCurrency::Column(other)) if other != column => {
                let message =
                    format!("which currency amounts are in is said by `{column}` in one source and by `{other}` in `{}`", source.name);
                let name = format!("give the column one name: `columns = {{ {column} = \"{other}\" }}` in `[tables.{}]`", source.name);
                problems.report(written.span(), message).help(name);
            }
            Some(RowCurrency::All(code)) if source.schema.contains(column) => {
                let message = format!(
                    "all amounts of `{}` are in {code}, and it has a column `{column}`, which says it in another source",
                    source.name
                );
                problems
                    .report(written.span(), message)
                    .help(format!("say there that the column does: `currency = {{ column = \"{column}\" }}`"));
            }
            _ => {}
        }
    }
    Some(RowCurrency::Column(column.to_owned()))
}

/// A column of a union, and in the tables that have it what expressions see of it. None where what they store can't be one column.
fn united(name: &str, readers: &mut [Table]) -> Option<United> {
    let mut stored: Option<DataType> = None;
    for of_reader in readers.iter().filter_map(|reader| reader.schema.get(name)) {
        let of_reader = as_value(of_reader);
        stored = Some(match stored {
            None => of_reader.clone(),
            Some(known) if known == *of_reader => known,
            Some(known) => match wider(&known, of_reader) {
                Some(both) => both,
                None if known.is_nested() || of_reader.is_nested() || known.is_binary() || of_reader.is_binary() => return None,
                None => DataType::String,
            },
        });
    }
    // What no source has is said of all rows of some: a currency.
    let stored = stored.unwrap_or(DataType::String);
    let looks = looks(name, readers);
    let is_untold = looks.as_ref().is_ok_and(|(_, is_untold)| *is_untold);
    let owns = || readers.iter().filter(|reader| reader.schema.contains(name));
    let readings = READ.map(|kind| (kind, reading(name, kind, owns()))).to_vec();
    let made = looks_name(name);
    Some(United {
        name: name.to_owned(),
        stored,
        looks: looks.map(|(stored, _)| stored),
        is_untold,
        unlike: distinct(owns().flat_map(|reader| of_source(reader, reader.faults_of(&made), &made))),
        fails: distinct(owns().flat_map(|reader| of_source(reader, reader.faults_of(name), name))),
        readings,
    })
}

/// Lets each table that has a column see it as what it looks like in all of them: in which type, and whether nothing tells yet what it is.
fn looks(name: &str, readers: &mut [Table]) -> Result<(DataType, bool), String> {
    let seen = |reader: &Table, sql: &str| -> Result<Translated, String> {
        let column = leaf(&reader.columns, &reader.schema, &reader.looks, &reader.broken, &reader.style);
        let scope = Scope { column: &column, style: &reader.style, shown: &reader.shown };
        let cannot = || format!("`{name}` can't be read in `{}`", reader.name);
        Syntax::parse(sql).ok().and_then(|syntax| syntax.translate(None, &scope).ok()).ok_or_else(cannot)
    };
    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
    let mut kinds: Vec<(usize, Option<Kind>)> = Vec::new();
    for (number, reader) in readers.iter().enumerate().filter(|(_, reader)| reader.schema.contains(name)) {
        let kind = seen(reader, &quoted)?.kind;
        // What has no value yet may be anything.
        kinds.push((number, Some(kind).filter(|kind| !matches!(kind, Kind::Untold | Kind::Nothing))));
    }
    let known = |kind: &Kind| kinds.iter().flat_map(|(_, known)| known).all(|known| known == kind);
    let all = |of: &dyn Fn(&Kind) -> bool| kinds.iter().flat_map(|(_, known)| known).all(of);
    let first = kinds.iter().find_map(|(_, kind)| kind.clone()).unwrap_or(Kind::Untold);
    let (common, target) = if known(&first) {
        let target = match &first {
            Kind::Boolean => "BOOLEAN",
            Kind::Integer => "BIGINT",
            Kind::Float => "DOUBLE",
            Kind::Date => "DATE",
            Kind::Time => "TIMESTAMP",
            _ => "VARCHAR",
        };
        (first, target)
    } else if all(&Kind::is_number) {
        (Kind::Float, "DOUBLE")
    } else if all(&|kind| matches!(kind, Kind::Date | Kind::Time)) {
        (Kind::Time, "TIMESTAMP")
    } else {
        (Kind::Text, "VARCHAR")
    };
    for (number, kind) in kinds {
        let reader = &mut readers[number];
        let sql = if kind.as_ref() == Some(&common) { quoted.clone() } else { format!("CAST({quoted} AS {target})") };
        let Translated { value, kind, origin, fault, reasons } = seen(reader, &sql)?;
        if kind != common && common != Kind::Untold {
            return Err(format!("`{name}` is {kind} in `{}`, and {common} in another source", reader.name));
        }
        reader.columns.derived.push(Derived { name: looks_name(name), value: Some(value), is_untold: false, fault, reasons, origin });
    }
    Ok((common.stored(), common == Kind::Untold))
}

/// How all tables that have a column read it as one kind.
fn reading<'a>(name: &str, kind: ColumnType, readers: impl Iterator<Item = &'a Table>) -> Result<Reading, String> {
    let mut expected: Vec<(String, Vec<String>)> = Vec::new();
    let mut may_be_twice = false;
    for reader in readers {
        let typed = reader.typed(name, kind).map_err(|reason| format!("in `{}`, {reason}", reader.name))?;
        may_be_twice |= typed.ambiguous.is_some();
        match expected.iter_mut().find(|(known, _)| *known == typed.expected) {
            Some((_, of)) => of.push(reader.name.clone()),
            None => expected.push((typed.expected, vec![reader.name.clone()])),
        }
    }
    let expected = match expected.as_slice() {
        [(only, _)] => only.clone(),
        several => {
            let of = |names: &[String]| Listed(&names.iter().map(String::as_str).collect::<Vec<_>>()).to_string();
            several.iter().map(|(expected, names)| format!("{expected} in {}", of(names))).collect::<Vec<_>>().join(", or ")
        }
    };
    Ok(Reading { expected, may_be_twice })
}

/// What checks of a source say, as the union has it.
fn of_source(reader: &Table, checks: Vec<Check>, made: &str) -> Vec<OfSource> {
    let lookup = |check: &Check| reader.lookup_of(&check.reason).map(|lookup| lookup_of_source(&reader.name, lookup));
    checks.into_iter().map(|check| OfSource::new(check.clone(), lookup(&check), made)).collect()
}

fn distinct(of_sources: impl Iterator<Item = OfSource>) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    for OfSource { reason, .. } in of_sources {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}

/// What a source gives of a column. `code` is the currency of all its rows, with the column that is to say it.
fn given(column: &United, reader: &Table, code: Option<(&str, &str)>) -> Option<Vec<Expr>> {
    let Some(stored) = reader.schema.get(&column.name) else {
        return Some(column.of_none(code.filter(|(name, _)| *name == column.name).map(|(_, code)| code)));
    };
    let made = looks_name(&column.name);
    let typed = |kind: ColumnType| reader.typed(&column.name, kind);
    let fails = of_source(reader, reader.faults_of(&column.name), &column.name);
    let unlike = of_source(reader, reader.faults_of(&made), &made);
    column.of_source(stored, &typed, (&fails, &unlike)).ok()
}

/// What says where a row of a source is, and whether it can be used.
fn places(number: usize, readers: &[Table], reasons: &[Reason]) -> Vec<Expr> {
    let reader = &readers[number];
    let nothing = |stored: DataType| lit(NULL).cast(stored);
    let mut places = vec![col(ROW)];
    let mut add = |has: fn(&Table) -> bool, name: &str, otherwise: Expr| {
        if readers.iter().any(has) {
            places.push(if has(reader) { col(name) } else { otherwise.alias(name) });
        }
    };
    add(Table::has_records, FAULT, nothing(DataType::Int32));
    add(Table::is_made, PART, lit(0_u64).cast(DataType::UInt64));
    add(Table::is_unpivoted, MADE_OF, nothing(DataType::String));
    for (other, source) in readers.iter().enumerate() {
        places.extend(source.columns.lookups.iter().map(|lookup| {
            let place = if other == number { col(place_name(&lookup.name)) } else { lit(NULL) };
            place.cast(DataType::UInt32).alias(place_name(&lookup_of_source(&source.name, &lookup.name)))
        }));
    }
    places.extend(carried(&of_source(reader, reader.checks.clone(), SOURCE), reasons, SOURCE));
    places
}

/// A column as its union stores it, with what it looks like, and whether nothing tells that yet.
pub(super) fn stored_column(name: &str, stored: DataType, (looks, is_untold): (Option<&DataType>, bool)) -> StoredColumn {
    StoredColumn {
        name: name.to_owned(),
        looks_like: looks.cloned().unwrap_or_else(|| stored.clone()),
        stored,
        time_formats: Vec::new(),
        // Its sources say how its values are written.
        declared: !is_untold,
        cells: None,
        texts: Vec::new(),
        blank_is_null: true,
    }
}
