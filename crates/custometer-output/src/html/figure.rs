//! What is drawn of a view: the shape of its rows decides, and what the metric says of its own dimension.

mod contributions;
mod groups;
mod heat_map;
mod own_dimension;
mod trend;

use custometer_core::Picture;

use super::drawing::{Drawing, Figure, MOST_CHARTS};
use crate::view::View;

impl<'a> Drawing<'a> {
    /// The figures of a view. `total` are the values of all groups together, by period.
    pub(super) fn figures(self, view: &View<'a>, total: Option<&View<'a>>) -> Vec<Figure> {
        if view.own.is_empty() {
            return match (view.is_single(), view.is_over_time()) {
                (true, true) => vec![self.trend(view)],
                (true, false) => vec![],
                _ => self.groups(view, total),
            };
        }
        let ordered = self.picture.is_some() || view.is_numeric();
        if view.own.len() > 1 || view.groups.len() > MOST_CHARTS || !ordered {
            return self.groups(view, None);
        }
        let cohorts = self.picture == Some(Picture::Cohorts);
        let of_group = |group: usize| match self.picture {
            Some(Picture::Curve) if view.is_numeric() => self.curve(view, group),
            _ if view.is_over_time() && (cohorts || view.is_numeric()) => self.heat_map(view, group),
            // Words have no room under columns.
            _ if !view.is_numeric() => self.bars(view, group),
            _ => self.columns(view, group),
        };
        let mut figures: Vec<Figure> = (0..view.groups.len()).map(of_group).collect();
        if let Some(last) = figures.last_mut().filter(|_| !(cohorts && view.is_over_time() || view.is_numeric())) {
            last.history = self.history(view, &groups::series(view));
        }
        figures
    }
}
