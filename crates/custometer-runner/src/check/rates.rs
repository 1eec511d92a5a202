//! `report.currency` and `[report.rates]`: what amounts are converted to, and by which rates.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::{ColumnType, CurrencyCode};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::check::whole::{Tables, WholeTable};
use crate::config::diagnostics::Collector;
use crate::config::values::{Day, Finite};
use crate::read::currency::RowCurrency;
use crate::read::table::Table;
use crate::report::conversion::{Conversion, On, Quoted, RatesFrom, RatesTable};
use crate::report::sums_money;
use custometer_core::registry::Descriptor;
use custometer_core::{Definition, Unit};

/// Central banks publish no rates on holidays: the longest of them, over Easter, leave five days without.
const MAX_AGE_DAYS: u16 = 7;

/// By which rates amounts are converted to the currency of the report.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RatesConfig {
    /// The table that has a rate in each row.
    #[schemars(with = "Option<String>")]
    pub table: Option<Spanned<String>>,
    /// Instead of a table: one rate for each currency, whatever the day, such as `{ USD = 0.96 }`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, f64>")]
    pub fixed: BTreeMap<Spanned<String>, Spanned<Finite>>,
    /// What a rate says: `base_per_unit` or `units_per_base`.
    pub quoted: Option<Quoted>,
    /// The currency that rates are against. The report's unless said; amounts of two others are converted by way of it.
    #[schemars(with = "Option<String>")]
    pub base: Option<Spanned<String>>,
    /// The table's column that has the currency. `currency` unless said.
    #[schemars(with = "Option<String>")]
    pub currency: Option<Spanned<String>>,
    /// The table's column that has the day of a rate. `date` unless said.
    #[schemars(with = "Option<String>")]
    pub date: Option<Spanned<String>>,
    /// The table's column that has the rate. `rate` unless said.
    #[schemars(with = "Option<String>")]
    pub rate: Option<Spanned<String>>,
    /// Whose rate an amount has: that of its own day, or of the last day of its month. Its own unless said.
    #[schemars(with = "Option<Dated>")]
    pub on: Option<Spanned<Dated>>,
    /// Instead: the one day whose rates all amounts have.
    #[schemars(with = "Option<Day>")]
    pub at: Option<Spanned<Day>>,
    /// Where a day has no rate, the last one before it stands for it, no more than so many days old. 7 unless said.
    pub max_age_days: Option<u16>,
}

/// Whose rate an amount has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dated {
    /// That of its own day.
    Day,
    /// That of the last day of its month; of a month that the as-of date cuts, of the last day before it.
    MonthEnd,
}

/// What amounts are converted to, and by which rates.
pub(crate) fn read(
    currency: Option<&Spanned<String>>,
    rates: Option<&Spanned<RatesConfig>>,
    tables: &Tables<'_>,
    problems: &mut Collector,
) -> Option<Conversion> {
    let (into, rates) = match (currency, rates) {
        (None, None) => return None,
        (Some(into), None) => {
            problems
                .report(into.span(), "by which rates amounts are converted is not said")
                .help("add `[report.rates]` with a `table` of rates, or with `fixed` ones: `fixed = { USD = 0.96 }`");
            return None;
        }
        (None, Some(rates)) => {
            problems.report(rates.span(), "what these rates convert to is not said").help("add `currency = \"EUR\"` to `[report]`");
            return None;
        }
        (Some(into), Some(rates)) => (code(into, problems), rates),
    };
    let config = rates.get_ref();
    let base = config.base.as_ref().map_or(into, |base| code(base, problems));
    let of = match (&config.table, config.fixed.is_empty()) {
        (Some(table), true) => of_table(config, table, tables, problems).map(RatesFrom::Table),
        (None, false) => Some(RatesFrom::Config(fixed(config, into, base, problems))),
        (Some(table), false) => {
            problems.report(table.span(), "rates are given twice: by `table` and by `fixed`").help("leave one of them out");
            None
        }
        (None, true) => {
            problems
                .report(rates.span(), "there are no rates")
                .help("name the table that has them: `table = \"…\"`, or write them: `fixed = { USD = 0.96 }`");
            None
        }
    };
    if config.quoted.is_none() {
        problems.report(rates.span(), "what a rate says is not said").help(
            "`quoted = \"base_per_unit\"`, where one of the currency is worth so many of the base, or `quoted = \"units_per_base\"`, where one of \
             the base is worth so many of the currency",
        );
    }
    Some(Conversion { into: into?, base: base?, quoted: config.quoted?, rates: of? })
}

fn code(written: &Spanned<String>, problems: &mut Collector) -> Option<CurrencyCode> {
    let code = CurrencyCode::new(written.get_ref());
    if code.is_none() {
        problems
            .report(written.span(), format!("`{}` is not the code of a currency", written.get_ref()))
            .help("write three capital letters, such as \"EUR\"");
    }
    code
}

/// Rates that the config has.
fn fixed(
    config: &RatesConfig,
    into: Option<CurrencyCode>,
    base: Option<CurrencyCode>,
    problems: &mut Collector,
) -> BTreeMap<CurrencyCode, f64> {
    let dated = config.on.as_ref().map(|on| (on.span(), "on")).or_else(|| config.at.as_ref().map(|at| (at.span(), "at")));
    if let Some((span, key)) = dated {
        problems.report(span, format!("`fixed` rates have no day, and `{key}` is about days")).help("leave it out");
    }
    let of_table = [("currency", &config.currency), ("date", &config.date), ("rate", &config.rate)];
    for (key, column) in of_table.into_iter().filter_map(|(key, column)| Some((key, column.as_ref()?))) {
        problems.report(column.span(), format!("`{key}` names a column of a table, and rates are `fixed`")).help("leave it out");
    }
    let mut rates = BTreeMap::new();
    for (currency, rate) in &config.fixed {
        let Some(currency) = code(currency, problems) else { continue };
        if rate.get_ref().0 <= 0.0 {
            problems.report(rate.span(), format!("{} is no exchange rate: it is above 0", rate.get_ref().0));
        }
        if base == Some(currency) && (rate.get_ref().0 - 1.0).abs() > f64::EPSILON {
            problems.report(rate.span(), format!("rates are against {currency}, whose own is 1"));
        }
        rates.insert(currency, rate.get_ref().0);
    }
    if let (Some(into), Some(base), Some(written)) = (into, base, &config.base)
        && into != base
        && !rates.contains_key(&into)
    {
        problems
            .report(written.span(), format!("nothing can be converted to {into}: it has no rate against {base}"))
            .help(format!("add it: `fixed = {{ {into} = … }}`"));
    }
    rates
}

/// Rates that a table has.
fn of_table(config: &RatesConfig, named: &Spanned<String>, tables: &Tables<'_>, problems: &mut Collector) -> Option<RatesTable> {
    if let (Some(on), Some(_)) = (&config.on, &config.at) {
        problems.report(on.span(), "the day of rates is said twice: by `at`, and by this").help("leave one of them out");
    }
    let whole = WholeTable::find(named, "rate", tables, problems)?;
    Some(RatesTable {
        table: named.get_ref().clone(),
        currency: whole.column(config.currency.as_ref(), ("currency", "currency"), ColumnType::Text, problems),
        date: whole.column(config.date.as_ref(), ("date", "date"), ColumnType::Time, problems),
        rate: whole.column(config.rate.as_ref(), ("rate", "rate"), ColumnType::Number, problems),
        on: match (&config.at, &config.on) {
            (Some(at), _) => On::One(day(at)),
            (None, Some(on)) if *on.get_ref() == Dated::MonthEnd => On::MonthEnd,
            _ => On::Day,
        },
        max_age_days: config.max_age_days.unwrap_or(MAX_AGE_DAYS),
    })
}

fn day(written: &Spanned<Day>) -> Date {
    written.get_ref().0
}

/// A metric as it is by the rates of a report: where they are those of days, what is due again and again stays in its currency.
pub(crate) fn settled(definition: Definition, table: &Table, conversion: Option<&Conversion>) -> Definition {
    let is_dated = conversion.is_some_and(|conversion| conversion.is_dated() && is_of_others(table, conversion));
    match definition.by_changing_rates {
        Some(changing) if is_dated => *changing,
        _ => definition,
    }
}

/// Whether a table's amounts may be in other currencies than the report's.
fn is_of_others(table: &Table, conversion: &Conversion) -> bool {
    table.currency.as_ref().is_some_and(|of| *of != RowCurrency::All(conversion.into))
}

/// Checks what a request of amounts asks of its table, and says whether the rates of its rows are those of their days.
pub(crate) fn check(
    (id, of_table): (&Spanned<String>, &Spanned<String>),
    (definition, metric): (&Definition, &Descriptor),
    table: &Table,
    conversion: Option<&Conversion>,
    problems: &mut Collector,
) -> bool {
    if !sums_money(definition, metric) {
        return false;
    }
    let (at, id) = (id.span(), id.get_ref());
    if let Some(conversion) = conversion
        && table.currency.is_none()
    {
        let before =
            format!("`{}` does not say in which currency its amounts are, which are to be in {}, for ", table.name, conversion.into);
        problems
            .report_for(id, of_table.span(), &before, "")
            .help("say it: `currency = \"EUR\"`, or the column that does: `currency = { column = \"…\" }`");
    }
    let conversion = conversion.filter(|conversion| is_of_others(table, conversion));
    let is_dated = conversion.is_some_and(Conversion::is_dated);
    let amounts: BTreeSet<&str> =
        definition.source.columns.iter().filter(|column| column.unit == Some(Unit::Currency)).map(|column| column.name).collect();
    if (conversion.is_some() || table.minor_units.iter().any(Option::is_some)) && amounts.is_empty() {
        problems
            .report(at.clone(), format!("`{id}` is an amount of money, and which of its columns are is not said"))
            .help(format!("say it: `amounts = [\"…\"]` in `[define.\"{id}\"]`"));
    }
    if is_dated && definition.source.in_own_currencies.is_none() && definition.source.columns.iter().any(|column| column.is_recurring) {
        problems
            .report(
                at.clone(),
                format!("`{id}` is of amounts that are due again each month, and does not say what it is by rates that change"),
            )
            .help("let all amounts have the rates of one day: `at = 2025-01-31` in `[report.rates]`, or `fixed` ones");
        return false;
    }
    if is_dated && definition.source.time.is_none() {
        problems
            .report(at.clone(), format!("`{id}` knows no time, and rates are those of days"))
            .help("let all amounts have the rates of one day: `at = 2025-01-31` in `[report.rates]`");
    }
    is_dated
}
