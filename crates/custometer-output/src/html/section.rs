//! All that a report shows of one request.

use custometer_core::Direction;
use custometer_runner::result::{ResultRow, RunResult};
use serde::Serialize;

use super::drawing::{Drawing, Figure};
use super::tile::Headline;
use crate::human;
use crate::locale::Language;
use crate::quantity::Quantity;
use crate::sections;
use crate::view::{View, readable};

/// One request: its name, its headline and its figures.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    number: usize,
    /// What it is called.
    pub(super) title: String,
    metric: String,
    /// Whether the report says what the metric is.
    is_defined: bool,
    facts: Vec<String>,
    note: Option<String>,
    headline: Option<Headline>,
    evidence: Vec<(String, String)>,
    figures: Vec<Figure>,
    /// Whether it takes the whole width.
    is_wide: bool,
    /// Whether its figures are alike, and get the same width.
    is_even: bool,
}

impl Section {
    /// The section of a request's rows.
    pub(super) fn of(number: usize, rows: &[ResultRow], result: &RunResult, language: Language) -> Self {
        let (asked, manifest) = (result.asked(&rows[0].request), &result.manifest);
        let first = &rows[0];
        let title = match asked {
            Some(asked) if asked.name == asked.about.id => asked.about.title.to_owned(),
            _ => readable(&first.request),
        };
        let buckets = language.buckets(rows, manifest.fiscal_year_start);
        let views = View::all(rows, &buckets);
        let total = views.iter().find(|view| view.is_single());
        let targets_differ = sections::targets_differ(rows);
        let notes_differ = rows.iter().any(|row| row.note != first.note);
        let drawing = Drawing {
            language,
            manifest,
            picture: asked.and_then(|asked| asked.picture),
            title: &title,
            quantity: Quantity::of_all(rows).unwrap_or(first.unit.into()),
            has_total: total.is_some(),
            notes_differ,
            targets_differ,
        };
        let is_even = views.iter().all(|view| !view.own.is_empty());
        let mut figures = Vec::new();
        for view in View::all(rows, &buckets) {
            for (currency, part) in view.by_currency() {
                let quantity = Quantity { currency: currency.or(drawing.quantity.currency), ..drawing.quantity };
                let mut of_part = Drawing { quantity, ..drawing }.figures(&part, total.filter(|_| currency.is_none()));
                if let Some(currency) = currency {
                    for figure in &mut of_part {
                        figure.title = format!("{}, {currency}", figure.title);
                    }
                }
                figures.extend(of_part);
            }
        }
        let latest = total.and_then(|total| total.row(total.latest(), 0, 0)).filter(|row| row.breakdown == 0);
        let explained = result.contributions.iter().filter(|of| of.request == first.request);
        figures.extend(latest.into_iter().flat_map(|row| {
            let of_latest = explained.clone().filter(|of| of.start == row.start);
            of_latest.map(|of| drawing.contributions(of, row)).collect::<Vec<_>>()
        }));
        let direction = match first.direction {
            Direction::HigherIsBetter => Some(language.words.higher_is_better),
            Direction::LowerIsBetter => Some(language.words.lower_is_better),
            Direction::Neutral => None,
        };
        let facts = direction.map(str::to_owned).into_iter().chain(drawing.target(rows)).collect();
        let headline = Headline::of(rows, manifest, language);
        let is_timeless = total.is_some_and(|total| !total.is_over_time());
        Self {
            number,
            metric: first.metric.to_owned(),
            is_defined: asked.is_some(),
            facts,
            note: first.note.as_deref().filter(|_| !notes_differ).map(human::line),
            headline: headline.filter(|_| is_timeless),
            evidence: if is_timeless { Headline::evidence(rows, language) } else { Vec::new() },
            is_wide: figures.len() > 1 || rows.iter().any(|row| row.group_comparison.is_some()),
            is_even,
            figures,
            title,
        }
    }
}
