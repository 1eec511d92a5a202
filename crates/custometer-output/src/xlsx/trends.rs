//! Charts of what goes over time, and the sheet with their numbers: those of a table that is sorted or filtered would move.

use custometer_core::Baseline;
use custometer_runner::result::{Manifest, ResultRow};
use rust_xlsxwriter::{
    Chart, ChartEmptyCells, ChartFormat, ChartLegendPosition, ChartLine, ChartLineDashType, ChartMarker, ChartMarkerType, ChartSolidFill,
    Color, XlsxError,
};

use super::numbers::Numbers;
use super::page::{Cell, Page};
use crate::human;
use crate::locale::{Language, filled};
use crate::quantity::Quantity;
use crate::tidy::defined;
use crate::view::{View, group_name};

/// More groups than these are not told apart in one chart.
const MOST_GROUPS: usize = 8;

/// The most points that a spreadsheet draws of a line.
const MOST_POINTS: usize = 32_000;

/// Colours of groups that are told apart without seeing all colours, after Okabe and Ito.
const COLORS: [u32; MOST_GROUPS] = [0x0000_72B2, 0x00D5_5E00, 0x0000_9E73, 0x00CC_79A7, 0x00E6_9F00, 0x0056_B4E9, 0x0000_0000, 0x008A_7B00];

/// The colour of what a value is held against.
const AGAINST: u32 = 0x006B_7280;

/// The charts of a workbook, with their numbers.
pub(super) struct Trends {
    name: String,
    page: Page,
    /// How many rows a sheet has.
    room: u32,
}

/// A line of a chart.
struct Line {
    name: String,
    color: u32,
    dash: Option<ChartLineDashType>,
    values: Vec<Option<f64>>,
}

impl Trends {
    /// No charts yet.
    pub(super) fn new(name: String, room: u32) -> Result<Self, XlsxError> {
        Ok(Self { page: Page::new(&name)?, name, room })
    }

    /// The sheet with the numbers, where there are any.
    pub(super) fn page(self) -> Option<Page> {
        (self.page.row() > 0).then_some(self.page)
    }

    /// The chart of a breakdown, where it has a few groups over time and one unit.
    pub(super) fn chart(
        &mut self,
        title: &str,
        view: &View<'_>,
        numbers: Numbers,
        manifest: &Manifest,
        language: Language,
    ) -> Result<Option<Chart>, XlsxError> {
        let quantity = view.rows.first().map(|row| Quantity::from(*row));
        // Amounts of two currencies have no axis in common.
        let Some(quantity) = quantity.filter(|quantity| view.rows.iter().all(|row| row.currency == quantity.currency)) else {
            return Ok(None);
        };
        let is_drawn = view.is_over_time() && view.own.is_empty() && view.groups.len() <= MOST_GROUPS;
        let rows = u32::try_from(view.buckets.len()).unwrap_or(u32::MAX);
        if !is_drawn || view.buckets.len() > MOST_POINTS || rows.saturating_add(self.page.row() + 3) > self.room {
            return Ok(None);
        }
        let title = if view.names.is_empty() { title.to_owned() } else { format!("{title}: {}", by(&view.names, language)) };
        let lines = if view.is_single() { total(view, manifest, language) } else { groups(view, language) };
        let (head, first) = self.block(&title, view, &lines, numbers, quantity, language)?;
        Ok(Some(self.drawn(&title, &lines, head, (first, first + rows - 1), numbers, quantity)))
    }

    /// Writes the numbers of a chart: the row of their names, and the first row of them.
    fn block(
        &mut self,
        title: &str,
        view: &View<'_>,
        lines: &[Line],
        numbers: Numbers,
        quantity: Quantity,
        language: Language,
    ) -> Result<(u32, u32), XlsxError> {
        self.page.heading(title)?;
        let head = self.page.row();
        let names = std::iter::once(language.words.period).chain(lines.iter().map(|line| line.name.as_str()));
        self.page.cells(names.map(|name| Cell::Text(name.to_owned())))?;
        for (at, bucket) in view.buckets.iter().enumerate() {
            let values = lines.iter().map(|line| line.values[at].map_or(Cell::Empty, |value| Cell::Number(numbers.value(value, quantity))));
            self.page.cells(std::iter::once(Cell::Text(bucket.long.clone())).chain(values))?;
        }
        self.page.space();
        Ok((head, head + 1))
    }

    fn drawn(&self, title: &str, lines: &[Line], head: u32, (first, last): (u32, u32), numbers: Numbers, quantity: Quantity) -> Chart {
        let sheet = self.name.as_str();
        let mut chart = Chart::new_line();
        for (column, line) in (1_u16..).zip(lines) {
            let mut stroke = ChartLine::new();
            stroke.set_color(Color::RGB(line.color)).set_width(if line.dash.is_some() { 1.25 } else { 2.25 });
            let mut marker = ChartMarker::new();
            if let Some(dash) = line.dash {
                stroke.set_dash_type(dash);
                marker.set_none();
            } else {
                let mut format = ChartFormat::new();
                format.set_solid_fill(ChartSolidFill::new().set_color(Color::RGB(line.color)));
                marker.set_type(ChartMarkerType::Circle).set_size(5).set_format(&mut format);
            }
            chart
                .add_series()
                .set_name((sheet, head, column))
                .set_categories((sheet, first, 0, last, 0))
                .set_values((sheet, first, column, last, column))
                .set_format(ChartFormat::new().set_line(&stroke))
                .set_marker(&marker);
        }
        chart.title().set_name(title);
        chart.show_empty_cells_as(ChartEmptyCells::Gaps);
        let shown = lines.iter().flat_map(|line| &line.values).flatten().copied().fold(0.0, |most: f64, value| most.max(value.abs()));
        chart.y_axis().set_num_format(numbers.axis(shown, quantity));
        if lines.len() > 1 {
            chart.legend().set_position(ChartLegendPosition::Bottom)
        } else {
            chart.legend().set_hidden()
        };
        chart.set_alt_text(title);
        chart
    }
}

fn by(names: &[&str], language: Language) -> String {
    let names: Vec<String> = names.iter().map(|name| human::line(name).replace('_', " ")).collect();
    filled(language.words.by, &[&names.join(&format!(" {} ", language.words.and))])
}

/// A total, with what it is held against.
fn total(view: &View<'_>, manifest: &Manifest, language: Language) -> Vec<Line> {
    let words = language.words;
    let line = |name: String, color, dash, of: &dyn Fn(&ResultRow) -> Option<f64>| Line { name, color, dash, values: values(view, 0, of) };
    let mut lines = vec![line(words.value.to_owned(), COLORS[0], None, &|row| row.value)];
    let earlier = manifest.compare.iter().filter(|baseline| **baseline != Baseline::Previous);
    let against = earlier.map(|&baseline| {
        line(language.baseline(baseline), AGAINST, Some(ChartLineDashType::RoundDot), &|row| row.comparison(baseline)?.value)
    });
    let target = |sign: &str, of: &dyn Fn(&ResultRow) -> Option<f64>| {
        line(format!("{} {sign}", words.target), COLORS[2], Some(ChartLineDashType::Dash), of)
    };
    let limit = |end: &str, of: &dyn Fn(&ResultRow) -> Option<f64>| {
        line(format!("{}, {end}", words.process_limits), AGAINST, Some(ChartLineDashType::LongDash), of)
    };
    let all = against.chain([
        target("≥", &|row| row.target.as_ref()?.target.at_least),
        target("≤", &|row| row.target.as_ref()?.target.at_most),
        line(words.benchmark.to_owned(), COLORS[3], Some(ChartLineDashType::Dash), &|row| Some(row.benchmark.as_ref()?.benchmark.value)),
        limit(words.lowest, &|row| Some(row.process_limits.as_ref()?.lower)),
        limit(words.highest, &|row| Some(row.process_limits.as_ref()?.upper)),
    ]);
    lines.extend(all.filter(|line| line.values.iter().any(Option::is_some)));
    lines
}

/// A line for each group.
fn groups(view: &View<'_>, language: Language) -> Vec<Line> {
    let line = |(group, color)| Line {
        name: group_name(&view.groups[group], language),
        color,
        dash: None,
        values: values(view, group, &|row| row.value),
    };
    (0..view.groups.len()).zip(COLORS).map(line).collect()
}

/// A number of each period; of a hidden group there is none.
fn values(view: &View<'_>, group: usize, of: &dyn Fn(&ResultRow) -> Option<f64>) -> Vec<Option<f64>> {
    let number = |bucket| view.row(bucket, group, 0).filter(|row| !row.suppressed).and_then(|row| defined(of(row)));
    (0..view.buckets.len()).map(number).collect()
}
