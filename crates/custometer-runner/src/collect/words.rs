//! Words that a report names, and those that the rows have: a word that no row has would change a number without a word.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use custometer_core::suggest::nearest;
use polars::prelude::{DataFrame, LazyFrame, PolarsResult};
use serde::{Deserialize, Serialize};

use super::accumulate::ending;

/// So many different words of a column are told apart.
const MOST_KEPT: usize = 1000;
/// So many are named.
const MOST_NAMED: usize = 8;
/// A longer text is not taken for a word.
const LONGEST: usize = 60;

/// The words of a text column, as far as they are needed to say that a wanted one is not among them.
///
/// Once all wanted words are found, rows are no longer looked at.
pub(crate) struct Vocabulary {
    wanted: BTreeSet<String>,
    /// Whether other words are told, too.
    names_others: bool,
    /// The length of the longest wanted word.
    longest: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    found: BTreeSet<String>,
    /// How many rows have each other word, of the first ones in their own order: which come first in the rows depends on threads.
    others: BTreeMap<String, u64>,
}

impl Vocabulary {
    pub(crate) fn new(wanted: BTreeSet<String>, names_others: bool) -> Arc<Self> {
        let longest = wanted.iter().map(String::len).max().unwrap_or(0);
        Arc::new(Self { wanted, names_others, longest, state: Mutex::default() })
    }

    /// A plan that looks at all rows of one text column, and gives none.
    pub(crate) fn sink(self: &Arc<Self>, rows: LazyFrame) -> LazyFrame {
        let vocabulary = Arc::clone(self);
        ending(rows, move |rows| vocabulary.add(rows))
    }

    fn add(&self, rows: &DataFrame) -> PolarsResult<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { found, others } = &mut *state;
        let Some(column) = rows.columns().first().filter(|_| found.len() < self.wanted.len()) else { return Ok(()) };
        for text in column.str()?.iter().flatten() {
            if !self.names_others && text.len() > self.longest {
                continue;
            }
            if let Some(word) = self.wanted.get(text) {
                if !found.contains(word) {
                    found.insert(word.clone());
                }
            } else if self.names_others && text.len() <= LONGEST {
                keep(others, text, 1);
            }
        }
        Ok(())
    }

    /// Adds the words of other rows.
    pub(crate) fn put(&self, words: Words) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.found.extend(words.found);
        for (word, rows) in words.others {
            keep(&mut state.others, &word, rows);
        }
    }

    /// The words that the rows have. There are none afterwards.
    pub(crate) fn take(&self) -> Words {
        let State { found, others } = std::mem::take(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner));
        Words { found, others }
    }
}

/// Adds rows that have a word, unless there are enough words before it. One that is kept in the end was kept from its first row on.
fn keep(words: &mut BTreeMap<String, u64>, word: &str, rows: u64) {
    if let Some(known) = words.get_mut(word) {
        *known += rows;
        return;
    }
    let is_full = words.len() >= MOST_KEPT;
    if is_full && words.last_key_value().is_some_and(|(last, _)| last.as_str() < word) {
        return;
    }
    words.insert(word.to_owned(), rows);
    if is_full {
        words.pop_last();
    }
}

/// The words that the rows of a column have.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Words {
    found: BTreeSet<String>,
    others: BTreeMap<String, u64>,
}

impl Words {
    /// Whether a row has a wanted word.
    pub(crate) fn has(&self, word: &str) -> bool {
        self.found.contains(word)
    }

    /// What is to be said of wanted words that no row has; nothing where each is there, or `any` where one is enough.
    ///
    /// Of the words that there are, those are named that at least `least` rows have. None of a column of ids is named, for what is called so
    /// is `hidden`.
    pub(crate) fn lacking(&self, said: &Said<'_>, least: u64, hidden: bool) -> Option<String> {
        let missing: Vec<&str> = said.words.iter().copied().filter(|word| !self.found.contains(*word)).collect();
        if missing.is_empty() || said.any && missing.len() < said.words.len() {
            return None;
        }
        if hidden {
            let (missing, all) = (missing.len(), said.words.len());
            return Some(format!("no row has {missing} of the {all} ids in `{}` that {} names", said.column, said.by));
        }
        let mut there_are: Vec<(&str, u64)> = self.others.iter().map(|(word, rows)| (word.as_str(), *rows)).collect();
        there_are.extend(self.found.iter().map(|word| (word.as_str(), u64::MAX)));
        there_are.retain(|(_, rows)| *rows >= least);
        let near = |word: &&str| nearest(word, there_are.iter().map(|(known, _)| *known));
        let near: BTreeSet<&str> = missing.iter().filter_map(near).collect();
        there_are.sort_by(|a, b| near.contains(b.0).cmp(&near.contains(a.0)).then(b.1.cmp(&a.1)).then(a.0.cmp(b.0)));
        let more = there_are.len().saturating_sub(MOST_NAMED);
        let mut named: Vec<String> = there_are.iter().take(MOST_NAMED).map(|(word, _)| format!("`{word}`")).collect();
        if more > 0 {
            named.push(format!("{more} more"));
        }
        let there_are = if named.is_empty() { String::new() } else { format!("; there are {}", listed(&named, "and")) };
        let missing: Vec<String> = missing.iter().map(|word| format!("`{word}`")).collect();
        let help = if near.is_empty() {
            String::new()
        } else {
            let near: Vec<String> = near.into_iter().map(|word| format!("`{word}`")).collect();
            format!(": did you mean {}?", listed(&near, "and"))
        };
        Some(format!("no row has {} in `{}`, named by {}{there_are}{help}", listed(&missing, "or"), said.column, said.by))
    }
}

/// Words that a report or a metric names.
#[derive(Debug, Clone)]
pub(crate) struct Said<'a> {
    /// The table's column.
    pub(crate) column: &'a str,
    /// What names them, as messages call it.
    pub(crate) by: &'a str,
    pub(crate) words: Vec<&'a str>,
    /// Whether one of them is enough.
    pub(crate) any: bool,
}

/// Several things in words.
pub(crate) fn listed(parts: &[String], and: &str) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;

    fn words(wanted: &[&str], rows: &[Option<&str>]) -> Words {
        let vocabulary = Vocabulary::new(wanted.iter().map(ToString::to_string).collect(), true);
        vocabulary.add(&df!("word" => rows).unwrap()).unwrap();
        vocabulary.take()
    }

    fn lacking(wanted: &[&str], rows: &[Option<&str>], any: bool, least: u64) -> Option<String> {
        words(wanted, rows).lacking(&Said { column: "status", by: "`solved_statuses`", words: wanted.to_vec(), any }, least, false)
    }

    #[test]
    fn which_words_are_kept_depends_on_no_order() {
        let kept = |turned: usize| {
            let mut words: Vec<String> = (0..3 * MOST_KEPT).map(|word| format!("{:05}", word / 2)).collect();
            words.rotate_left(turned);
            let mut kept = BTreeMap::new();
            for word in &words {
                keep(&mut kept, word, 1);
            }
            kept
        };
        let first = kept(0);
        assert!(first.len() == MOST_KEPT && first.values().all(|rows| *rows == 2));
        for turned in [1, MOST_KEPT, 2 * MOST_KEPT + 1] {
            assert_eq!(kept(turned), first);
        }
    }

    #[test]
    fn a_word_that_no_row_has_is_said_with_the_near_ones() {
        let rows = [Some("New"), Some("Solved"), None, Some("New"), Some("Closed")];
        assert_eq!(
            lacking(&["solved", "closed"], &rows, true, 0).unwrap(),
            "no row has `solved` or `closed` in `status`, named by `solved_statuses`; there are `Closed`, `Solved` and `New`: did you mean \
             `Closed` and `Solved`?"
        );
        assert_eq!(lacking(&["Solved", "closed"], &rows, true, 0), None);
        assert!(lacking(&["Solved", "closed"], &rows, false, 0).unwrap().starts_with("no row has `closed` in"));
        assert_eq!(lacking(&["Solved"], &rows, false, 0), None);
        // Of small groups nothing is told.
        assert_eq!(
            lacking(&["gone"], &rows, false, 2).unwrap(),
            "no row has `gone` in `status`, named by `solved_statuses`; there are `New`"
        );
        assert_eq!(lacking(&["gone"], &[], false, 0).unwrap(), "no row has `gone` in `status`, named by `solved_statuses`");
    }

    #[test]
    fn many_words_are_bounded_and_the_wanted_ones_found_all_the_same() {
        let texts: Vec<String> = (0..5000).map(|number| format!("word {number}")).chain(["wanted".to_owned()]).collect();
        let rows: Vec<Option<&str>> = texts.iter().map(|text| Some(text.as_str())).collect();
        let found = words(&["wanted", "missing"], &rows);
        assert_eq!((found.found.len(), found.others.len()), (1, MOST_KEPT));
    }
}
