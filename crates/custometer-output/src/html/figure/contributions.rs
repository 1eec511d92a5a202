//! Why a total changed: what each group adds to its change, the largest first.

use custometer_runner::result::{Contributions, GroupContribution, Method, ResultRow};

use super::super::drawing::{Drawing, Figure};
use super::super::table::{Cell, Column, Table};
use crate::tidy::defined;
use crate::view::{readable, value_name};

impl Drawing<'_> {
    /// What each group adds to a change of the total in `row`.
    pub(in super::super) fn contributions(self, of: &Contributions, row: &ResultRow) -> Figure {
        let (language, words) = (self.language, self.language.words);
        let is_split = of.method == Method::Kitagawa;
        let mut columns: Vec<Column> = of.by.iter().map(|name| Column::words(readable(name))).collect();
        columns.push(Column::numbers(words.contribution));
        if is_split {
            columns.extend([words.by_mix, words.by_rate].map(Column::numbers));
        }
        columns.extend([Column::numbers(words.before), Column::numbers(words.value)]);
        if is_split {
            columns.extend([words.share_before, words.share_now].map(Column::numbers));
        }
        let change = |number: Option<f64>| defined(number).map_or(Cell::Empty, |number| Cell::Number(language.change(number, row)));
        let value = |number: Option<f64>| defined(number).map_or(Cell::Empty, |number| Cell::Number(language.value(number, row)));
        let share = |number: Option<f64>| {
            defined(number).map_or(Cell::Empty, |number| Cell::Number(language.value(number, custometer_core::Unit::Percent)))
        };
        let cells = |group: &GroupContribution| {
            let mut cells: Vec<Cell> = group.dimensions.iter().map(|(_, value)| Cell::Name(value_name(value, language))).collect();
            cells.push(change(Some(group.contribution)));
            if is_split {
                cells.extend([change(group.mix), change(group.rate)]);
            }
            cells.extend([value(group.before), value(group.now)]);
            if is_split {
                cells.extend([share(group.share_before), share(group.share_now)]);
            }
            cells
        };
        let mut all: Vec<Cell> = vec![Cell::Name(words.all.to_owned())];
        all.resize_with(of.by.len(), || Cell::Empty);
        all.push(change(Some(of.change)));
        if is_split {
            all.extend([change(of.mix), change(of.rate)]);
        }
        let comparison = row.comparison(of.baseline);
        all.extend([value(comparison.and_then(|comparison| comparison.value)), value(row.value)]);
        all.resize_with(columns.len(), || Cell::Empty);
        let by: Vec<&str> = of.by.iter().map(String::as_str).collect();
        let title = format!("{} · {}, {}", self.by(&by), words.why_it_changed, language.versus(of.baseline));
        let rows = std::iter::once(all).chain(of.groups.iter().map(cells)).collect();
        let table = Table { caption: format!("{}: {title}", self.title), rows, columns, interactive: false };
        let method = if is_split { words.kitagawa } else { "" };
        Figure { title, table: Some(table), gaps: method.to_owned(), ..Figure::default() }
    }
}
