//! Settings of the command line: further lines of the config's text, so that a mistake in one is shown there.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::diagnostics::{Collector, Text};

/// A setting of the command line, `key.path=value`.
pub(crate) struct Setting {
    /// Where it stands in the whole text.
    place: Range<usize>,
    path: String,
    /// The value as a line of TOML, with blanks before it so that it stands where it does in the whole text; none without a `=`.
    value: Option<String>,
}

/// Makes a value a line of TOML. As long as the shortest path and its `=`.
const KEY: &str = "v=";

impl Setting {
    pub(crate) fn all(text: &Text) -> Vec<Self> {
        let mut start = text.settings().start;
        let mut settings = Vec::new();
        for written in text.whole[text.settings()].split('\n').filter(|written| !written.is_empty()) {
            let place = start..start + written.len();
            let (path, value) = written.split_once('=').map_or((written, None), |(path, value)| (path, Some(value)));
            let value = value.map(|value| format!("{}{KEY}{value}", " ".repeat(start + path.len() + 1 - KEY.len())));
            settings.push(Self { place: place.clone(), path: path.to_owned(), value });
            start = place.end + 1;
        }
        settings
    }

    /// Puts the value into the config. What is not TOML is text.
    pub(crate) fn apply<'i>(&'i self, root: &mut DeTable<'i>, problems: &mut Collector) {
        let start = self.place.start;
        let Some(written) = &self.value else {
            problems.report(self.place.clone(), "a setting needs a value").help("write `--set report.grain=week`");
            return;
        };
        let parsed = DeTable::parse(written).ok().and_then(|line| line.into_inner().into_iter().next());
        let text = written.trim_start().trim_start_matches(KEY);
        let value = parsed
            .map_or_else(|| Spanned::new(start + self.path.len() + 1..self.place.end, DeValue::String(text.into())), |(_, value)| value);
        if let Err(message) = set(root, &self.path, start, value) {
            problems
                .report(start..start + self.path.len(), message)
                .help("write `--set SECTION.KEY=VALUE`; requests are counted from 0, such as `metrics.0.grain`");
        }
    }
}

fn set<'i>(table: &mut DeTable<'i>, path: &'i str, start: usize, value: Spanned<DeValue<'i>>) -> Result<(), String> {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    let key = Spanned::new(start..start + step.len(), step.into());
    let Some(rest) = rest else {
        // The key's own span must be the setting's, too.
        table.remove(&key);
        table.insert(key, value);
        return Ok(());
    };
    let rest_start = start + step.len() + 1;
    let next = table.entry(key).or_insert_with(|| Spanned::new(start..start + path.len(), DeValue::Table(DeTable::new())));
    match next.get_mut() {
        DeValue::Table(table) => set(table, rest, rest_start, value),
        DeValue::Array(items) => {
            let (index, rest) = rest.split_once('.').ok_or_else(|| format!("`{path}` names no key"))?;
            let count = items.len();
            let position: usize = index.parse().map_err(|_| format!("`{index}` is not a position in `{step}`"))?;
            let item = items.get_mut(position).ok_or_else(|| format!("`{step}` has no entry {position}: there are {count}"))?;
            match item.get_mut() {
                DeValue::Table(table) => set(table, rest, rest_start + index.len() + 1, value),
                _ => Err(format!("`{step}.{index}` has no keys")),
            }
        }
        _ => Err(format!("`{step}` has no keys")),
    }
}
