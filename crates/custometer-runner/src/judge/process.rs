//! What is unusual: each trend's natural process limits, and the values that break a run rule.

use std::collections::HashMap;

use custometer_core::statistics::process;
use custometer_core::{DimensionValue, Grain};

use crate::report::Report;
use crate::result::words::shown;
use crate::result::{ProcessLimits, ResultRow};

/// Fewer complete values than these tell too little of how much they vary.
const LEAST: usize = 10;

/// Says of every value of a trend between which limits such values lie, and whether it is unusual.
pub(crate) fn mark(rows: &mut [ResultRow], report: &Report) {
    let limited: Vec<&str> = report.judged().filter(|judged| judged.no_limits.is_none()).map(|judged| judged.name).collect();
    let mut trends: HashMap<(String, Vec<DimensionValue>, usize), Vec<usize>> = HashMap::new();
    for (position, row) in rows.iter().enumerate() {
        let is_known = !row.partial && !row.suppressed && row.value.is_some() && row.start.is_some();
        if is_known && limited.contains(&row.request.as_str()) {
            let group = row.dimensions.iter().map(|(_, value)| value.clone()).collect();
            trends.entry((row.request.clone(), group, row.breakdown)).or_default().push(position);
        }
    }
    for mut trend in trends.into_values().filter(|trend| trend.len() >= LEAST) {
        trend.sort_by_key(|position| rows[*position].start.as_ref().map(jiff::Zoned::timestamp));
        let values: Vec<f64> = trend.iter().filter_map(|position| rows[*position].value).collect();
        let seasons = seasons(trend.iter().map(|position| &rows[*position]));
        let Some(found) = process(&values, seasons.as_deref()) else { continue };
        for ((position, centre), unusual) in trend.iter().zip(&found.centres).zip(found.unusual) {
            let limit = |limit: f64| shown(Some(limit)).unwrap_or(limit);
            rows[*position].process_limits = Some(ProcessLimits {
                centre: limit(*centre),
                lower: limit(centre - found.distance),
                upper: limit(centre + found.distance),
                is_seasonal: seasons.is_some(),
                unusual,
            });
        }
    }
}

/// The season of each value, where each season has come twice or more: of months and quarters, over two years.
fn seasons<'a>(rows: impl Iterator<Item = &'a ResultRow>) -> Option<Vec<u32>> {
    let season = |row: &ResultRow| {
        let month = row.start.as_ref()?.month().unsigned_abs() - 1;
        match row.grain {
            Grain::Month | Grain::Quarter => Some((u32::from(month), if row.grain == Grain::Month { 12 } else { 4 })),
            _ => None,
        }
    };
    let seasons: Vec<(u32, usize)> = rows.map(season).collect::<Option<_>>()?;
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for (season, _) in &seasons {
        *counts.entry(*season).or_default() += 1;
    }
    let (_, of_a_year) = *seasons.first()?;
    (counts.len() == of_a_year && counts.values().all(|count| *count >= 2)).then(|| seasons.into_iter().map(|(season, _)| season).collect())
}
