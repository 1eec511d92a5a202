//! The exchange rates of a report, read from their table before any amount is.
//!
//! A rate that can't be read is no row to do without: amounts would get an older one. So it ends the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use custometer_core::CurrencyCode;

use crate::collect::counts::Counts;
use crate::collect::whole::{As, Reading, Whole};
use crate::error::RunError;
use crate::plan::rates::{Rates, date_of};
use crate::report::conversion::RatesFrom;

/// Exchange rates, and how many rows of their table there were.
pub(crate) struct RatesRead {
    pub(crate) rates: Arc<Rates>,
    /// The table that has them, with how many rows it has.
    pub(crate) read: Option<(usize, Counts)>,
}

/// The exchange rates of a report; none where it converts nothing.
///
/// # Errors
///
/// When the table can't be read to its end, or has rows that are no rates.
pub(crate) fn rates(reading: Reading<'_>) -> Result<Option<RatesRead>, RunError> {
    let report = reading.report;
    let Some(conversion) = &report.conversion else { return Ok(None) };
    let RatesFrom::Table(of) = &conversion.rates else {
        let rates = Arc::new(Rates::new(report, conversion, []));
        return Ok(Some(RatesRead { rates, read: None }));
    };
    let columns = [(of.currency.as_str(), As::Text), (of.date.as_str(), As::Day), (of.rate.as_str(), As::Number)];
    let (position, whole) = reading.whole(&of.table, &columns, "no exchange rate")?;
    let mut rates: BTreeMap<(CurrencyCode, i64), f64> = BTreeMap::new();
    let mut faults = Vec::new();
    for row in &whole.rows {
        let mut wrong = |what: &str| faults.push(whole.wrong(row, what));
        if let Some(fault) = &row.fault {
            wrong(fault);
            continue;
        }
        let code = row.text(0).and_then(CurrencyCode::meant_by);
        let (day, rate) = (row.day_number(1), row.number(2).filter(|rate| *rate > 0.0));
        let (Some(code), Some(day), Some(rate)) = (code, day, rate) else {
            let what = [
                code.is_none().then(|| format!("`{}` is not the code of a currency{}", of.currency, whole.shown(&row.cells[0]))),
                day.is_none().then(|| format!("`{}` is not a date", of.date)),
                rate.is_none().then(|| format!("`{}` is not a number above 0 (`where` can leave the row out)", of.rate)),
            ];
            wrong(&what.into_iter().flatten().collect::<Vec<_>>().join(", and "));
            continue;
        };
        let known = *rates.entry((code, day)).or_insert(rate);
        #[expect(clippy::float_cmp, reason = "the same rate twice says nothing else")]
        if known != rate {
            let on = date_of(day).map(|day| format!(" on {day}")).unwrap_or_default();
            wrong(&format!("{code} has two rates{on}, {known} and {rate}"));
        }
    }
    Whole::checked(faults)?;
    let rates = rates.into_iter().map(|((currency, day), rate)| (currency, day, rate));
    let rates = Arc::new(Rates::new(report, conversion, rates));
    Ok(Some(RatesRead { rates, read: Some((position, whole.counts)) }))
}
