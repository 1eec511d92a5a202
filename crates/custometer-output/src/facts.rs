//! What the reports in a language say of a report as a whole, and of the rows that it could not use.

use custometer_core::Unit;
use custometer_runner::result::{Manifest, RejectedRow, ResultRow, RunResult, rounded};

use crate::human;
use crate::locale::{Language, filled};
use crate::view::shortened;

/// What is said of a report under its title.
pub(crate) fn facts(manifest: &Manifest, language: Language) -> Vec<(&'static str, String)> {
    let words = language.words;
    let mut facts = vec![
        (words.period, manifest.period.map_or_else(|| words.all_time.to_owned(), |period| language.period(period))),
        (words.time_zone, manifest.timezone.clone()),
    ];
    facts.extend(manifest.as_of.map(|as_of| (words.as_of, language.date(as_of))));
    facts.push((words.confidence, language.tick(manifest.confidence * 100.0, 1.0, Unit::Percent)));
    let baselines: Vec<String> = manifest.compare.iter().map(|baseline| language.baseline(*baseline)).collect();
    if !baselines.is_empty() {
        facts.push((words.compared_with, baselines.join(", ")));
    }
    facts
}

/// What marks mean, for those that are used.
pub(crate) fn legend(result: &RunResult, language: Language) -> Vec<String> {
    let words = language.words;
    let mut legend = Vec::new();
    let of_time = result.results.iter().flat_map(|row| &row.comparisons).map(|comparison| comparison.significant);
    let of_groups = result.results.iter().filter_map(|row| row.group_comparison.as_deref()).map(|other| other.significant);
    if of_time.chain(of_groups).any(|significant| significant.is_some()) {
        // The subtraction leaves digits that mean nothing.
        let level = rounded(1.0 - result.manifest.confidence);
        legend.push(filled(words.significance_meaning, &[&language.plain(level)]));
    }
    if result.results.iter().any(|row| row.partial) {
        let mut partial = words.partial.to_owned();
        if let Some(first) = partial.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        legend.push(format!("{partial}: {}", words.partial_meaning));
    }
    if result.results.iter().any(|row| row.suppressed) {
        let least = result.manifest.min_group_size.map_or_else(String::new, |least| language.whole(least));
        legend.push(filled(words.suppressed_meaning, &[&least]));
    }
    legend
}

/// What is needed to make the report again.
pub(crate) fn made(manifest: &Manifest, language: Language) -> Vec<(&'static str, String)> {
    let words = language.words;
    let mut made = vec![("custometer", manifest.version.clone()), (words.config_hash, manifest.config_hash.clone())];
    made.extend(facts(manifest, language));
    made.extend(manifest.min_group_size.map(|least| (words.least_group, language.whole(least))));
    made
}

/// One rejected row, such as "orders.csv, row 17: amount = 12,x".
pub(crate) fn example(row: &RejectedRow, language: Language) -> String {
    let place = |file: &str, row: u64| format!("{}, {}", human::line(file), filled(language.words.example_row, &[&language.whole(row)]));
    // The row of another table stands after the one that looked it up.
    let found = row.looked_up_in.as_ref().map(|found| format!(" ← {}", place(&found.file, found.row))).unwrap_or_default();
    let place = place(&row.file, row.row) + &found;
    let value = row.value.as_deref().map_or_else(|| "–".to_owned(), shortened);
    match &row.column {
        Some(column) => format!("{place}: {} = {value}", human::line(column)),
        None if row.value.is_some() => format!("{place}: {value}"),
        None => place,
    }
}

/// Whether a group's target means something: that of a sum is meant for all groups together, unless the report says otherwise.
pub(crate) fn is_judged(row: &ResultRow) -> bool {
    let is_sum = matches!(row.unit, Unit::Count | Unit::Currency);
    row.target.as_ref().is_some_and(|judgement| judgement.decides || !is_sum || row.breakdown == 0)
}
