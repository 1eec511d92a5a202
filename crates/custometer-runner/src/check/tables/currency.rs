//! `currency`, `amounts_in` and `minor_digits`: what the amounts of a table are.

use std::collections::BTreeMap;

use custometer_core::CurrencyCode;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::check::expression::columns_there_are;
use crate::config::diagnostics::Collector;
use crate::read::currency::{MinorUnits, RowCurrency};
use crate::read::table::Table;
use crate::read::values::is_of_currencies;

/// Which currency amounts are in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields, expecting = "expected the code of a currency, such as \"EUR\", or { column = \"…\" }")]
pub(crate) enum CurrencyConfig {
    /// All of them in this one.
    Of(String),
    /// The one that a column says.
    In {
        /// The column.
        column: String,
    },
}

/// What one of an amount is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AmountsIn {
    /// One of the currency.
    Units,
    /// One of its smallest units, such as a cent: by ISO 4217 there are a hundred in a euro, one in a yen, a thousand in a dinar of Kuwait.
    MinorUnits,
}

/// What is written of the amounts of a table.
pub(crate) struct Amounts<'a> {
    pub(crate) currency: Option<&'a Spanned<CurrencyConfig>>,
    pub(crate) amounts_in: Option<&'a Spanned<AmountsIn>>,
    pub(crate) minor_digits: &'a BTreeMap<Spanned<String>, Spanned<u8>>,
}

/// Fills in what the amounts of a table are.
pub(crate) fn read(written: &Amounts<'_>, table: &mut Table, problems: &mut Collector) {
    table.currency = currency(written.currency, table, problems);
    table.minor_units = vec![minor_units(written, table, problems)];
}

/// Whether what is written of a currency was reported to be wrong.
pub(crate) fn is_wrong(written: Option<&Spanned<CurrencyConfig>>, problems: &Collector) -> bool {
    written.is_some_and(|written| problems.has_any_in(&written.span()))
}

fn currency(written: Option<&Spanned<CurrencyConfig>>, table: &Table, problems: &mut Collector) -> Option<RowCurrency> {
    let Some(written) = written else {
        let names = table.schema.iter_names().map(ToString::to_string);
        let mut named = names.filter(|name| is_of_currencies(name));
        return named.next().map(RowCurrency::Column);
    };
    match written.get_ref() {
        CurrencyConfig::Of(code) => {
            let known = CurrencyCode::new(code);
            if known.is_none() {
                let message = format!("`{code}` is not the code of a currency");
                problems
                    .report(written.span(), message)
                    .help("write it such as `currency = \"EUR\"`, or name a column: `{ column = \"…\" }`");
            }
            known.map(RowCurrency::All)
        }
        CurrencyConfig::In { column } => {
            let known = table.columns();
            if !table.schema.contains(column) && !table.broken.contains(column) {
                let message = format!("there is no column `{column}`");
                problems.report(written.span(), message).suggest(column, &known, || columns_there_are(&known));
                return None;
            }
            Some(RowCurrency::Column(column.clone()))
        }
    }
}

fn minor_units(written: &Amounts<'_>, table: &Table, problems: &mut Collector) -> Option<MinorUnits> {
    let mut digits: BTreeMap<CurrencyCode, u32> = BTreeMap::new();
    for (code, number) in written.minor_digits {
        match CurrencyCode::new(code.get_ref()) {
            Some(code) if *number.get_ref() <= MOST_DIGITS => drop(digits.insert(code, (*number.get_ref()).into())),
            Some(_) => {
                problems.report(number.span(), format!("an amount has no {} digits", number.get_ref())).help(format!("0 to {MOST_DIGITS}"));
            }
            None => {
                problems
                    .report(code.span(), format!("`{}` is not the code of a currency", code.get_ref()))
                    .help("write three capital letters, such as `ISK`");
            }
        }
    }
    let minor = written.amounts_in.filter(|amounts| *amounts.get_ref() == AmountsIn::MinorUnits);
    let Some(minor) = minor else {
        if let Some((code, _)) = written.minor_digits.iter().next() {
            problems
                .report(code.span(), "digits of minor units, and amounts that are not in them")
                .help("add `amounts_in = \"minor_units\"`, or leave this out");
        }
        return None;
    };
    let minor_units = MinorUnits { digits };
    match &table.currency {
        None if is_wrong(written.currency, problems) => {}
        None => {
            problems
                .report(minor.span(), "how many minor units there are in one is said by the currency, and no column is one")
                .help("say it: `currency = \"EUR\"`, or the column that does: `currency = { column = \"…\" }`");
        }
        Some(RowCurrency::All(code)) if minor_units.per_unit(*code).is_none() => {
            problems
                .report(minor.span(), format!("how many minor units there are in one {code} is not known"))
                .help(format!("say its digits: `minor_digits = {{ {code} = 2 }}`"));
        }
        Some(_) => {}
    }
    Some(minor_units)
}

/// Beyond those of any currency: an ether has 18.
const MOST_DIGITS: u8 = 18;
