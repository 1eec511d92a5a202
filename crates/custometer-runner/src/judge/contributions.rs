//! Contributions: what each group of a breakdown adds to the change of the total.
//!
//! They are made of rows that are shown, and where any group of a breakdown is hidden, now or before, there are none of the breakdown: the weights of the others
//! would tell of it.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::statistics::{Rate, kitagawa};
use custometer_core::value::Parts;
use jiff::Timestamp;

use crate::report::Report;
use crate::result::words::shown;
use crate::result::{Contributions, GroupContribution, Method, Note, ResultRow};

/// Two numbers of one sum may be apart by this, relative to themselves: each is rounded.
const TOLERANCE: f64 = 1e-9;

/// The rows of one request in one bucket, by the columns of their breakdowns.
type Cell<'a> = BTreeMap<Vec<&'a str>, Vec<&'a ResultRow>>;

/// The contributions to changes, for all requests that ask for them, and what there is to say where there are none.
pub(crate) fn of(rows: &[ResultRow], report: &Report) -> (Vec<Contributions>, Vec<Note>) {
    let (mut all, mut notes) = (Vec::new(), Vec::new());
    for request in report.requests.iter().filter(|request| request.contributions) {
        let mut cells: BTreeMap<(Option<Timestamp>, Option<Timestamp>), Cell<'_>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.request == request.name) {
            let instant = |edge: &Option<jiff::Zoned>| edge.as_ref().map(jiff::Zoned::timestamp);
            let by = row.dimensions[..row.breakdown].iter().map(|(name, _)| name.as_str()).collect();
            cells.entry((instant(&row.start), instant(&row.end))).or_default().entry(by).or_default().push(row);
        }
        let mut wanting: BTreeSet<(String, &'static str)> = BTreeSet::new();
        for cell in cells.values() {
            let Some([total]) = cell.get(&Vec::new()).map(Vec::as_slice) else { continue };
            for breakdown in request.by.iter().filter(|by| !by.is_empty()) {
                let by: Vec<&str> = breakdown.iter().map(String::as_str).collect();
                let Some(groups) = cell.get(&by) else { continue };
                for (at, comparison) in total.comparisons.iter().enumerate().filter(|(_, comparison)| comparison.change.is_some()) {
                    match contributions(total, groups, at) {
                        Ok(found) => all.push(Contributions {
                            request: request.name.clone(),
                            baseline: comparison.baseline,
                            start: total.start.clone(),
                            end: total.end.clone(),
                            by: breakdown.clone(),
                            ..found
                        }),
                        Err(why) => drop(wanting.insert((breakdown.join("`, `"), why))),
                    }
                }
            }
        }
        notes.extend(wanting.into_iter().map(|(by, why)| Note {
            table: report.tables[request.table].name.clone(),
            requests: vec![request.name.clone()],
            text: format!("some changes by `{by}` are not taken apart: {why}"),
        }));
    }
    (all, notes)
}

const HIDDEN: &str = "groups are hidden, and what the others contribute would tell of them";
const NOT_ADDING_UP: &str = "the groups do not add up to the total";

/// What each of some groups contributes to the change of a total from one of its baselines.
fn contributions(total: &ResultRow, groups: &[&ResultRow], at: usize) -> Result<Contributions, &'static str> {
    let parts = |row: &ResultRow| row.parts.as_ref().and_then(|parts| Some((parts.before.get(at).copied().flatten()?, parts.now?)));
    let whole = parts(total).ok_or(HIDDEN)?;
    let of_groups = groups.iter().map(|row| parts(row)).collect::<Option<Vec<(Parts, Parts)>>>().ok_or(HIDDEN)?;
    for (numbers, whole) in [
        (of_groups.iter().map(|(before, _)| *before).collect::<Vec<_>>(), whole.0),
        (of_groups.iter().map(|(_, now)| *now).collect(), whole.1),
    ] {
        if !add_up(&numbers, whole) {
            return Err(NOT_ADDING_UP);
        }
    }
    let rates: Option<Vec<(Rate, Rate)>> = of_groups.iter().map(|(before, now)| before.rate().zip(now.rate())).collect();
    let (method, each): (Method, Vec<GroupContribution>) = match rates {
        Some(rates) => (Method::Kitagawa, of_rates(groups, &rates, whole).ok_or(NOT_ADDING_UP)?),
        None => (
            Method::Difference,
            groups.iter().zip(&of_groups).map(|(row, (before, now))| of_sum(row, before.numerator(), now.numerator())).collect(),
        ),
    };
    let mut each = each;
    // The largest first; where two are alike, in the order of the results.
    each.sort_by(|one, other| other.contribution.abs().total_cmp(&one.contribution.abs()));
    let sum = |of: fn(&GroupContribution) -> Option<f64>| each.iter().map(of).sum::<Option<f64>>();
    let change = total.comparisons.get(at).and_then(|comparison| comparison.change).unwrap_or_default();
    Ok(Contributions {
        method,
        change,
        mix: shown(sum(|group| group.mix)),
        rate: shown(sum(|group| group.rate)),
        groups: each.into_iter().map(rounded_off).collect(),
        request: String::new(),
        baseline: total.comparisons[at].baseline,
        start: None,
        end: None,
        by: Vec::new(),
    })
}

/// Whether the parts of groups are those of the whole.
fn add_up(groups: &[Parts], whole: Parts) -> bool {
    let is_same = |sum: f64, whole: f64, scale: f64| (sum - whole).abs() <= TOLERANCE * scale.max(1.0);
    let sum = |of: fn(&Parts) -> f64| (groups.iter().map(of).sum::<f64>(), groups.iter().map(|parts| of(parts).abs()).sum::<f64>());
    let (numerator, scale) = sum(|parts| parts.numerator());
    let (denominator, weight) = sum(|parts| parts.denominator().unwrap_or_default());
    is_same(numerator, whole.numerator(), scale) && is_same(denominator, whole.denominator().unwrap_or_default(), weight)
}

fn of_rates(rows: &[&ResultRow], rates: &[(Rate, Rate)], (before, now): (Parts, Parts)) -> Option<Vec<GroupContribution>> {
    let (all_before, all_now) = (before.denominator()?, now.denominator()?);
    let found = kitagawa(rates)?;
    let value = |rate: &Rate| (rate.denominator > 0.0).then(|| rate.numerator / rate.denominator);
    let group =
        |((row, (before, now)), found): ((&&ResultRow, &(Rate, Rate)), custometer_core::statistics::Contribution)| GroupContribution {
            dimensions: row.dimensions.clone(),
            contribution: found.mix + found.rate,
            mix: Some(found.mix),
            rate: Some(found.rate),
            before: value(before),
            now: value(now),
            share_before: Some(100.0 * before.denominator / all_before),
            share_now: Some(100.0 * now.denominator / all_now),
        };
    Some(rows.iter().zip(rates).zip(found).map(group).collect())
}

fn of_sum(row: &ResultRow, before: f64, now: f64) -> GroupContribution {
    GroupContribution {
        dimensions: row.dimensions.clone(),
        contribution: now - before,
        mix: None,
        rate: None,
        before: Some(before),
        now: Some(now),
        share_before: None,
        share_now: None,
    }
}

fn rounded_off(group: GroupContribution) -> GroupContribution {
    GroupContribution {
        contribution: shown(Some(group.contribution)).unwrap_or(group.contribution),
        mix: shown(group.mix),
        rate: shown(group.rate),
        before: shown(group.before),
        now: shown(group.now),
        share_before: shown(group.share_before),
        share_now: shown(group.share_now),
        ..group
    }
}
