//! A line over periods or numbers, with its interval as a band.

use std::fmt::Write as _;

use serde::Serialize;

use super::place::Place;
use super::scale::Scale;

/// The width of the stretched drawing that lines and bands are made in; its height is 100.
const WIDTH: f64 = 1000.0;

/// More points than these run into one line.
const MOST_DOTS: usize = 40;

/// A value at a place along the axis.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::html) struct Point {
    /// Percent from the left.
    pub(in crate::html) at: f64,
    /// The value; none is a gap.
    pub(in crate::html) value: Option<f64>,
    /// Its interval.
    pub(in crate::html) interval: Option<(f64, f64)>,
    /// Whether more is to come of it.
    pub(in crate::html) partial: bool,
    /// The value it is compared with.
    pub(in crate::html) before: Option<f64>,
    /// Between which limits such values lie.
    pub(in crate::html) limits: Option<(f64, f64)>,
    /// Whether it is unusual among them.
    pub(in crate::html) unusual: bool,
}

/// A line across: a target or a benchmark.
#[derive(Debug, Clone)]
pub(in crate::html) struct Reference {
    /// Its value.
    pub(in crate::html) value: f64,
    /// What it is.
    pub(in crate::html) name: String,
    /// How it is drawn.
    pub(in crate::html) class: &'static str,
}

/// A line chart. Its table, in the same figure, has a row for each point.
#[derive(Debug, Serialize)]
pub(in crate::html) struct Plot {
    label: String,
    /// The column of the table that tells of this line; none for all.
    column: Option<usize>,
    ticks: Vec<String>,
    grid: Vec<Place>,
    places: String,
    bands: String,
    before: String,
    limits: String,
    line: String,
    partial: String,
    dots: Vec<Dot>,
    names: Vec<Name>,
    references: Vec<Across>,
}

#[derive(Debug, Serialize)]
struct Dot {
    x: Place,
    y: Place,
    partial: bool,
    unusual: bool,
}

#[derive(Debug, Serialize)]
struct Name {
    x: Place,
    name: String,
    year: String,
}

#[derive(Debug, Serialize)]
struct Across {
    y: Place,
    name: String,
    class: &'static str,
    /// How far below the line its name stands.
    below: i8,
}

impl Plot {
    /// The chart of some points. `names` are what stands under them: a name and, where it changes, a year.
    pub(in crate::html) fn new(
        label: String,
        points: &[Point],
        names: &[(String, String)],
        scale: &Scale,
        tick: impl Fn(f64) -> String,
    ) -> Self {
        let x = |point: &Point| Place(point.at * WIDTH / 100.0);
        let y = |value: f64| Place(scale.depth(value));
        let (line, partial) = lines(points, |point| Some((x(point), y(point.value?), point.partial)));
        let (before, _) = lines(points, |point| Some((x(point), y(point.before?), false)));
        let limit = |of: fn((f64, f64)) -> f64| lines(points, |point| Some((x(point), y(of(point.limits?)), false))).0;
        let limits = limit(|(lower, _)| lower) + &limit(|(_, upper)| upper);
        let dotted = points.len() <= MOST_DOTS;
        let defined = |at: Option<usize>| at.and_then(|at| points.get(at)).is_some_and(|point| point.value.is_some());
        let dots = points
            .iter()
            .enumerate()
            .filter(|(at, point)| dotted || point.unusual || !(defined(at.checked_sub(1)) || defined(Some(at + 1))));
        let dots = dots
            .filter_map(|(_, point)| Some(Dot { x: Place(point.at), y: y(point.value?), partial: point.partial, unusual: point.unusual }))
            .collect();
        let every = points.len().div_ceil(if names.iter().all(|(name, _)| name.chars().count() <= 5) { 12 } else { 6 }).max(1);
        let mut year = "";
        let mut shown = Vec::new();
        for (point, (name, of)) in points.iter().zip(names).step_by(every) {
            let changed = if of == year { String::new() } else { of.clone() };
            year = of;
            shown.push(Name { x: Place(point.at), name: name.clone(), year: changed });
        }
        let places: Vec<String> = points.iter().map(|point| Place(point.at).to_string()).collect();
        Self {
            label,
            column: None,
            ticks: scale.ticks().into_iter().rev().map(tick).collect(),
            grid: scale.ticks().into_iter().map(|value| Place(scale.depth(value))).collect(),
            places: places.join(" "),
            bands: bands(points, x, y),
            before,
            limits,
            line,
            partial,
            dots,
            names: shown,
            references: Vec::new(),
        }
    }

    /// Lines across, where the axis holds them.
    pub(in crate::html) fn across(mut self, references: &[Reference], scale: &Scale) -> Self {
        // Above the line, or below the second one: they may lie close together.
        let of = |(at, reference): (usize, &Reference)| Across {
            y: Place(scale.depth(reference.value)),
            name: reference.name.clone(),
            class: reference.class,
            below: if at == 0 { -5 } else { 13 },
        };
        let mut references = references.to_vec();
        references.sort_by(|one, other| other.value.total_cmp(&one.value));
        self.references = references.iter().enumerate().map(of).collect();
        self
    }

    /// The chart of one column of its table. It is small, and has room for few names.
    pub(in crate::html) fn of_column(mut self, column: usize) -> Self {
        const MOST_NAMES: usize = 6;
        let every = self.names.len().div_ceil(MOST_NAMES).max(1);
        self.names = self.names.into_iter().step_by(every).collect();
        self.column = Some(column);
        self
    }
}

/// The lines through points, as a path, and those that lead to partial ones. A gap ends a line.
fn lines(points: &[Point], place: impl Fn(&Point) -> Option<(Place, Place, bool)>) -> (String, String) {
    let (mut whole, mut partial) = (String::new(), String::new());
    let mut before: Option<(Place, Place)> = None;
    for point in points {
        let placed = place(point);
        if let Some((x, y, is_partial)) = placed {
            // Writing to a text does not fail.
            match before {
                Some((from_x, from_y)) if is_partial => drop(write!(partial, "M{from_x} {from_y}L{x} {y}")),
                Some(_) => drop(write!(whole, "L{x} {y}")),
                None => drop(write!(whole, "M{x} {y}")),
            }
            if is_partial && before.is_some() {
                // What follows starts anew.
                let _ = write!(whole, "M{x} {y}");
            }
        }
        before = placed.map(|(x, y, _)| (x, y));
    }
    (whole, partial)
}

/// The bands between both ends of the intervals, as a path.
fn bands(points: &[Point], x: impl Fn(&Point) -> Place, y: impl Fn(f64) -> Place) -> String {
    let mut path = String::new();
    for stretch in points.split(|point| point.value.is_none() || point.interval.is_none()).filter(|stretch| stretch.len() > 1) {
        let upper = stretch.iter().filter_map(|point| Some((x(point), y(point.interval?.1))));
        let lower = stretch.iter().rev().filter_map(|point| Some((x(point), y(point.interval?.0))));
        for (at, (x, y)) in upper.chain(lower).enumerate() {
            let _ = write!(path, "{}{x} {y}", if at == 0 { "M" } else { "L" });
        }
        path.push('Z');
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(Option<f64>, bool)]) -> Vec<Point> {
        let place = |(at, (value, partial)): (usize, &(Option<f64>, bool))| Point {
            at: 10.0 * at as f64,
            value: *value,
            partial: *partial,
            ..Point::default()
        };
        values.iter().enumerate().map(place).collect()
    }

    #[test]
    fn an_undefined_value_is_a_gap_and_a_partial_one_is_led_to_apart() {
        let scale = Scale { low: 0.0, high: 10.0, step: 5.0 };
        let points = points(&[(Some(0.0), false), (Some(5.0), false), (None, false), (Some(10.0), false), (Some(5.0), true)]);
        let plot = Plot::new(String::new(), &points, &[], &scale, |_| String::new());
        assert_eq!((plot.line.as_str(), plot.partial.as_str()), ("M0 100L100 50M300 0M400 50", "M300 0L400 50"));
    }
}
