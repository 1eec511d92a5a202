//! Charts as inline SVG. Places are percentages, so that a chart is as wide as its column and its text stays as large as text is.

mod bar;
mod columns;
mod place;
mod plot;
mod scale;
mod spark;

pub(super) use bar::Bar;
pub(super) use columns::Columns;
pub(super) use place::Place;
pub(super) use plot::{Plot, Point, Reference};
pub(super) use scale::Scale;
pub(super) use spark::Spark;
