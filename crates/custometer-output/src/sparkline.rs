//! Sparklines: how the values of a group went over time, in one line of text.

use std::collections::BTreeMap;

use custometer_core::DimensionValue;
use custometer_runner::result::ResultRow;

use crate::human;
use crate::quantity::Quantity;
use crate::tidy::defined;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What stands for a bucket without a value.
const GAP: char = '·';

/// With fewer buckets there is no course to see.
const FEWEST: usize = 3;

/// The values of a group over time.
pub(crate) struct Trend {
    /// The group, such as `Basic` or `(all)`.
    pub(crate) group: String,
    quantity: Quantity,
    /// By bucket, from the first to the last.
    points: Vec<Point>,
}

struct Point {
    label: String,
    value: Option<f64>,
}

/// The trends of a request's groups, in the order of their rows. Partial buckets are left out: their counts do not show a fall.
pub(crate) fn trends(rows: &[ResultRow], labels: &[String]) -> Vec<Trend> {
    let mut positions: BTreeMap<Vec<(&str, &DimensionValue)>, usize> = BTreeMap::new();
    let mut trends: Vec<Trend> = Vec::new();
    for (row, label) in rows.iter().zip(labels).filter(|(row, _)| row.start.is_some() && !row.partial) {
        let key = row.dimensions.iter().map(|(name, value)| (name.as_str(), value)).collect();
        let position = *positions.entry(key).or_insert_with(|| {
            trends.push(Trend { group: group(row), quantity: row.into(), points: Vec::new() });
            trends.len() - 1
        });
        let value = defined(row.value).filter(|_| !row.suppressed);
        trends[position].points.push(Point { label: label.clone(), value });
    }
    trends.retain(|trend| trend.points.iter().filter(|point| point.value.is_some()).count() >= FEWEST);
    trends
}

fn group(row: &ResultRow) -> String {
    let value = |value: &DimensionValue| if *value == DimensionValue::Missing { "(missing)".to_owned() } else { value.to_string() };
    let values: Vec<String> = row.dimensions.iter().map(|(_, dimension)| human::line(&value(dimension))).collect();
    if values.is_empty() { "(all)".to_owned() } else { values.join(", ") }
}

impl Trend {
    /// The sparkline with what it shows, in so many characters as far as that leaves room for a line: the last buckets stay.
    pub(crate) fn within(&self, room: usize) -> String {
        let values: Vec<f64> = self.points.iter().filter_map(|point| point.value).collect();
        let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
        let range = format!("{} to {}", human::value(low, self.quantity), human::value(high, self.quantity));
        let last = self.points.last().map_or("", |point| &point.label);
        // The first bucket shown is told after it is known how many are; its name is as long as the last one's.
        let rest = format!("  {}: {range}, {last} to {last}", self.group).chars().count();
        let bars = room.saturating_sub(rest).max(FEWEST);
        let shown = &self.points[self.points.len().saturating_sub(bars)..];
        let line: String = shown.iter().map(|point| point.value.map_or(GAP, |value| bar(value, low, high))).collect();
        let first = shown.first().map_or("", |point| &point.label);
        format!("{line}  {}: {range}, {first} to {last}", self.group)
    }
}

/// The bar of a value between the least and the greatest. Where all are alike, they are in the middle.
fn bar(value: f64, low: f64, high: f64) -> char {
    if high <= low {
        return BARS[BARS.len() / 2 - 1];
    }
    let share = (value - low) / (high - low);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the bars there are")]
    let position = (share * (BARS.len() - 1) as f64).round() as usize;
    BARS[position.min(BARS.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn rows(values: &[Option<f64>]) -> (Vec<ResultRow>, Vec<String>) {
        let row = fixture::result().results.remove(0);
        let rows = values.iter().map(|value| ResultRow { value: *value, ..row.clone() }).collect();
        (rows, (0..values.len()).map(|month| format!("2025-{:02}", month + 1)).collect())
    }

    #[test]
    fn the_least_value_is_the_lowest_bar_and_the_greatest_the_highest() {
        let (rows, labels) = rows(&[Some(0.0), Some(1.0), None, Some(3.5), Some(7.0)]);
        let trends = trends(&rows, &labels);
        assert_eq!(trends[0].within(100), "▁▂·▅█  (all): 0.0 to +7.0, 2025-01 to 2025-05");
    }

    #[test]
    fn the_last_buckets_stay_where_there_is_little_room() {
        let (rows, labels) = rows(&(0..30).map(|value| Some(f64::from(value))).collect::<Vec<_>>());
        let line = trends(&rows, &labels)[0].within(60);
        assert_eq!(line.chars().count(), 60, "{line}");
        assert!(line.ends_with("to 2025-30"), "{line}");
        assert!(line.contains('█') && !line.contains('▁'), "{line}");
    }

    #[test]
    fn a_flat_line_is_in_the_middle_and_partial_buckets_are_left_out() {
        let (mut rows, labels) = rows(&[Some(2.0), Some(2.0), Some(2.0), Some(-90.0)]);
        rows[3].partial = true;
        assert!(trends(&rows, &labels)[0].within(80).starts_with("▄▄▄  (all)"));
        rows[0].suppressed = true;
        assert!(trends(&rows, &labels).is_empty());
    }
}
