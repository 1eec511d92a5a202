//! Tables over the same files that have different rows of them: the one less the other would tell of groups that are hidden.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::check::ids::share_a_file;
use crate::check::requests::MetricConfig;
use crate::check::tables::TableConfig;
use crate::config::diagnostics::Collector;
use crate::read::table::Table;

/// Refuses tables that requests use and that have some rows of their files in common, but not all, where groups of fewer than `least` are hidden.
pub(crate) fn refuse(
    written: &BTreeMap<String, TableConfig>,
    requests: &[MetricConfig],
    tables: &[Table],
    least: Option<u64>,
    problems: &mut Collector,
) {
    let Some(least) = least.filter(|least| *least > 1) else { return };
    let asked = |table: &&Table| requests.iter().any(|request| *request.table.get_ref() == table.name);
    let asked: Vec<(&Table, &TableConfig)> =
        tables.iter().filter(asked).filter_map(|table| Some((table, written.get(&table.name)?))).collect();
    for (position, (table, config)) in asked.iter().enumerate() {
        let other = asked[..position].iter().find(|(other, of_other)| {
            let have_the_same_rows = table.files() == other.files() && chosen(config) == chosen(of_other);
            share_a_file(table, other) && !have_the_same_rows
        });
        if let Some((other, of_other)) = other {
            let conditions = [&config.condition, &of_other.condition, &config.path, &of_other.path];
            let said_at = conditions.into_iter().flatten().next().map(Spanned::span).or(config.union.as_ref().map(Spanned::span));
            let Some(place) = said_at else { continue };
            let names = format!("`{}` and `{}` have different rows of the same file", other.name, table.name);
            problems
                .report(
                    place,
                    format!("{names}: the one less the other could tell of groups of fewer than {least}, which `min_group_size` hides"),
                )
                .help("use one table, and break down by a column or a segment that tells its parts");
        }
    }
}

/// What decides which rows a table has of its files, as it is written; empty where it has all.
fn chosen(config: &TableConfig) -> Vec<String> {
    let conditions = [&config.skip_rows_where, &config.condition].into_iter().flatten().map(|sql| sql.get_ref().clone());
    let keys = config.deduplicate.iter().map(|column| column.get_ref().clone());
    // What its sources leave out stands with them.
    let sources = config.union.iter().flat_map(Spanned::get_ref).map(|source| source.get_ref().clone());
    let made = [config.unpivot.is_some(), config.explode.is_some(), config.spans.is_some()];
    let chosen: Vec<String> = conditions.chain(keys).chain(sources).collect();
    if chosen.is_empty() && !made.contains(&true) {
        return chosen;
    }
    // What the words mean.
    let columns = config.columns.iter().map(|(name, columns)| format!("{} is {:?}", name.get_ref(), columns.get_ref()));
    let derived = config.derive.iter().map(|(name, sql)| format!("{} is {}", name.get_ref(), sql.get_ref()));
    let blanks = config.blank.iter().map(|(name, words)| format!("{} is not {words:?}", name.get_ref()));
    let rest = format!("{made:?} {:?} {} {}", config.keep.as_ref().map(Spanned::get_ref), config.where_first, config.ignore_case);
    chosen.into_iter().chain(columns).chain(derived).chain(blanks).chain([rest]).collect()
}
