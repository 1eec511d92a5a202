//! Tables that are read whole, such as those of exchange rates, periods and targets: that they are there, and have the columns that are asked for.

use custometer_core::ColumnType;
use toml::Spanned;

use crate::check::expression::columns_there_are;
use crate::config::diagnostics::Collector;
use crate::read::table::Table;

/// The tables that there are.
pub(crate) struct Tables<'a> {
    pub(crate) names: Vec<&'a str>,
    /// One of them; none for one that is wrong.
    pub(crate) find: &'a dyn Fn(&str) -> Option<&'a Table>,
}

/// A table that is read whole.
pub(crate) struct WholeTable<'a> {
    named: &'a Spanned<String>,
    table: &'a Table,
    /// What each of its rows is, such as `rate`.
    what: &'a str,
}

impl<'a> WholeTable<'a> {
    /// The table of this name; none where there is none, or where it is wrong, which has been reported then.
    pub(crate) fn find<'t: 'a>(named: &'a Spanned<String>, what: &'a str, tables: &Tables<'t>, problems: &mut Collector) -> Option<Self> {
        let name = named.get_ref();
        if !tables.names.contains(&name.as_str()) {
            problems
                .report(named.span(), format!("there is no table `{name}`"))
                .suggest(name, &tables.names, || format!("describe it: `[tables.{name}]` with its `path`"));
            return None;
        }
        let table = (tables.find)(name)?;
        if let Some(lookup) = table.columns.lookups.first() {
            let message = format!("`{name}` takes columns from `{}`, and {what}s are read before any table is looked up", lookup.table);
            problems.report(named.span(), message).help(format!("let the table of {what}s have all its columns itself"));
        }
        Some(Self { named, table, what })
    }

    /// Its column that has what is in `has`, by the name of the `key` unless the config says another.
    pub(crate) fn column(
        &self,
        written: Option<&Spanned<String>>,
        (key, has): (&str, &str),
        kind: ColumnType,
        problems: &mut Collector,
    ) -> String {
        let (name, table) = (self.named.get_ref(), self.table);
        let (span, column) = written.map_or_else(|| (self.named.span(), key.to_owned()), |of| (of.span(), of.get_ref().clone()));
        if !table.schema.contains(&column) {
            if !table.broken.contains(&column) {
                let known = table.columns();
                let message = format!("there is no column `{column}` in `{name}` that has the {has} of each {}", self.what);
                problems.report(span, message).help(format!("say which it is: `{key} = \"…\"`; {}", columns_there_are(&known)));
            }
        } else if let Err(reason) = table.typed(&column, kind) {
            problems.report(span, format!("`{name}` can't be used for {}s: {reason}", self.what));
        }
        column
    }

    /// Whether it has a column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.table.schema.contains(column)
    }
}
