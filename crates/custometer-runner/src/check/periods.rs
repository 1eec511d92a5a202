//! `[periods]` and `[holidays]`: times that a report names, listed or in a table.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::time::{Name, NamedPeriod, NamedTimes};
use custometer_core::{ColumnType, Grain, Period};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::check::whole::{Tables, WholeTable};
use crate::config::diagnostics::Collector;
use crate::config::section::did_you_mean;
use crate::config::values::Day;
use crate::report::named::{HolidaysTable, NamedTables, PeriodsTable, holidays, periods};

/// Periods of the report's own, which its name is a grain of: a `list` of them, or a `table` with one a row. None overlaps another; days between
/// them are in none.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PeriodsConfig {
    /// The periods.
    #[schemars(with = "Vec<PeriodConfig>")]
    pub list: Vec<Spanned<PeriodConfig>>,
    /// Instead of a list: the table that has a period in each row.
    #[schemars(with = "Option<String>")]
    pub table: Option<Spanned<String>>,
    /// The table's column that has the name of a period. `name` unless said.
    #[schemars(with = "Option<String>")]
    pub name: Option<Spanned<String>>,
    /// The table's column that has its first day. `from` unless said.
    #[schemars(with = "Option<String>")]
    pub from: Option<Spanned<String>>,
    /// The table's column that has the day after its last one. `until` unless said.
    #[schemars(with = "Option<String>")]
    pub until: Option<Spanned<String>>,
    /// The table's column that has the name of the period a year ago. `year_ago` unless said, where the table has it.
    #[schemars(with = "Option<String>")]
    pub year_ago: Option<Spanned<String>>,
}

/// One period.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeriodConfig {
    /// What it is called.
    pub name: String,
    /// Its first day.
    pub from: Day,
    /// The day after its last one.
    pub until: Day,
    /// The name of the period that `year_ago` compares it with.
    pub year_ago: Option<String>,
}

/// Holidays, for comparisons with the same holiday before: a `list` of them, or a `table` with one a row.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HolidaysConfig {
    /// The holidays.
    #[schemars(with = "Vec<HolidayConfig>")]
    pub list: Vec<Spanned<HolidayConfig>>,
    /// Instead of a list: the table that has a holiday in each row.
    #[schemars(with = "Option<String>")]
    pub table: Option<Spanned<String>>,
    /// The table's column that has the name of a holiday. `name` unless said.
    #[schemars(with = "Option<String>")]
    pub name: Option<Spanned<String>>,
    /// The table's column that has its day. `date` unless said.
    #[schemars(with = "Option<String>")]
    pub date: Option<Spanned<String>>,
}

/// One day of a holiday.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HolidayConfig {
    /// What it is called, each year alike.
    pub name: String,
    /// The day.
    pub date: Day,
}

/// The times that a report names, as far as its config has them, and the tables that have the others.
#[derive(Default)]
pub(crate) struct Named {
    pub(crate) listed: NamedTimes,
    pub(crate) tables: NamedTables,
}

impl Named {
    /// Reads the periods and holidays of a config.
    pub(crate) fn read(
        periods: &BTreeMap<String, Spanned<PeriodsConfig>>,
        holidays: &BTreeMap<String, Spanned<HolidaysConfig>>,
        tables: &Tables<'_>,
        problems: &mut Collector,
    ) -> Self {
        let mut named = Self::default();
        for (name, config) in periods {
            if Grain::CALENDAR.iter().any(|grain| grain.as_str() == name) {
                problems.report(config.span(), format!("`{name}` is a grain of the calendar")).help("give these periods another name");
                continue;
            }
            named.add_periods(Name::new(name), config, tables, problems);
        }
        for (name, config) in holidays {
            named.add_holidays(Name::new(name), config, tables, problems);
        }
        named
    }

    fn add_periods(&mut self, name: Name, config: &Spanned<PeriodsConfig>, tables: &Tables<'_>, problems: &mut Collector) {
        let PeriodsConfig { list, table, name: of_name, from, until, year_ago } = config.get_ref();
        let columns = [of_name, from, until, year_ago];
        let Some(table) = source(config, table.as_ref(), list.len(), &columns, "period", problems) else {
            let found: Vec<NamedPeriod> = list.iter().map(|period| period.get_ref().period()).collect();
            let (all, wrong) = self::periods(&found);
            for (position, what) in wrong {
                problems.report(list[position].span(), what);
            }
            self.listed.periods.insert(name, all);
            return;
        };
        self.listed.periods.insert(name, Vec::new());
        let Some(whole) = WholeTable::find(table, "period", tables, problems) else { return };
        let year_ago = year_ago.is_some() || whole.has("year_ago");
        let of = PeriodsTable {
            table: table.get_ref().clone(),
            name: whole.column(of_name.as_ref(), ("name", "name"), ColumnType::Text, problems),
            from: whole.column(from.as_ref(), ("from", "first day"), ColumnType::Time, problems),
            until: whole.column(until.as_ref(), ("until", "day after the last"), ColumnType::Time, problems),
            year_ago: year_ago
                .then(|| whole.column(config.get_ref().year_ago.as_ref(), ("year_ago", "period a year ago"), ColumnType::Text, problems)),
        };
        self.tables.periods.insert(name, of);
    }

    fn add_holidays(&mut self, name: Name, config: &Spanned<HolidaysConfig>, tables: &Tables<'_>, problems: &mut Collector) {
        let HolidaysConfig { list, table, name: of_name, date } = config.get_ref();
        let Some(table) = source(config, table.as_ref(), list.len(), &[of_name, date], "holiday", problems) else {
            let found: Vec<_> = list.iter().map(|day| (day.get_ref().date.0, Name::new(day.get_ref().name.trim()))).collect();
            let (all, wrong) = self::holidays(&found);
            for (position, what) in wrong {
                problems.report(list[position].span(), what);
            }
            self.listed.holidays.insert(name, all);
            return;
        };
        self.listed.holidays.insert(name, BTreeMap::new());
        let Some(whole) = WholeTable::find(table, "holiday", tables, problems) else { return };
        let of = HolidaysTable {
            table: table.get_ref().clone(),
            name: whole.column(of_name.as_ref(), ("name", "name"), ColumnType::Text, problems),
            date: whole.column(date.as_ref(), ("date", "date"), ColumnType::Time, problems),
        };
        self.tables.holidays.insert(name, of);
    }

    /// The tables that have some of them.
    pub(crate) fn named_tables(&self) -> BTreeSet<String> {
        let periods = self.tables.periods.values().map(|of| of.table.clone());
        periods.chain(self.tables.holidays.values().map(|of| of.table.clone())).collect()
    }

    /// Reports a grain that there is not.
    pub(crate) fn check_grain(&self, grain: Option<&Spanned<Grain>>, problems: &mut Collector) {
        let Some((grain, Grain::Named(name))) = grain.map(|grain| (grain, *grain.get_ref())) else { return };
        if self.listed.periods.contains_key(&name) {
            return;
        }
        let known: Vec<&str> =
            Grain::CALENDAR.iter().map(|grain| grain.as_str()).chain(self.listed.periods.keys().map(|name| name.as_str())).collect();
        problems.report(grain.span(), format!("unknown value `{name}`")).help(did_you_mean(name.as_str(), &known));
    }

    /// A grain that there is.
    pub(crate) fn known(&self, grain: Option<&Spanned<Grain>>) -> Option<Grain> {
        let is_known = |grain: &Grain| !matches!(grain, Grain::Named(name) if !self.listed.periods.contains_key(name));
        grain.map(|grain| *grain.get_ref()).filter(is_known)
    }

    /// Whether any of the periods of a grain may name one a year ago.
    pub(crate) fn has_year_ago(&self, grain: Name) -> bool {
        self.listed.periods_of(grain).iter().any(|period| period.year_ago.is_some())
            || self.tables.periods.get(&grain).is_some_and(|of| of.year_ago.is_some())
    }
}

/// The table that has times; none where they are listed.
fn source<'a, T>(
    config: &Spanned<T>,
    table: Option<&'a Spanned<String>>,
    listed: usize,
    columns: &[&Option<Spanned<String>>],
    what: &str,
    problems: &mut Collector,
) -> Option<&'a Spanned<String>> {
    match (table, listed) {
        (Some(table), 1..) => {
            problems.report(table.span(), format!("{what}s are given twice: by `table` and by `list`")).help("leave one of them out");
        }
        (None, 0) if problems.has_any_in(&config.span()) => {}
        (None, 0) => {
            problems
                .report(config.span(), format!("there is no {what}"))
                .help("list them: `list = [{ name = \"…\", … }]`, or name the table that has them: `table = \"…\"`");
        }
        _ => {}
    }
    if table.is_none() {
        for column in columns.iter().filter_map(|column| column.as_ref()) {
            problems.report(column.span(), format!("this names a column of a table, and the {what}s are listed")).help("leave it out");
        }
    }
    table
}

impl PeriodConfig {
    fn period(&self) -> NamedPeriod {
        NamedPeriod {
            name: Name::new(self.name.trim()),
            days: Period { from: self.from.0, until: self.until.0 },
            year_ago: self.year_ago.as_deref().map(|name| Name::new(name.trim())),
        }
    }
}
