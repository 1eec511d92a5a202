//! Words: how names are taken apart, and how like they are to those that the domains know.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::Source;

/// What the domains say of their tables and columns in their own words.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Of each logical column, the lists of what it is also called; whose list it is makes no difference.
    columns: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// Of each logical table, the lists of words that speak of it.
    tables: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// The column of what has many rows in a table.
    many_rows: BTreeMap<&'static str, &'static str>,
    /// The column of which a table's row may be a line, and the parameter that says so.
    lines: BTreeMap<&'static str, (&'static str, &'static str)>,
}

impl Known {
    /// The words of sources.
    pub(super) fn of<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Self {
        let mut known = Self::default();
        for Source { table, columns, .. } in sources {
            for column in table.columns.iter().chain(columns).filter(|column| !column.also_called.is_empty()) {
                known.columns.entry(column.name).or_default().insert(column.also_called);
            }
            known.tables.entry(table.name).or_default().insert(table.words);
            known.many_rows.extend(table.many_rows_per.map(|column| (table.name, column)));
            known.lines.extend(table.lines_of.map(|lines| (table.name, lines)));
        }
        known
    }

    /// The column of what has many rows in a logical table.
    pub(super) fn many_rows_per(&self, table: &str) -> Option<&'static str> {
        self.many_rows.get(table).copied()
    }

    /// The column of which a logical table's row may be a line, and the parameter that says so.
    pub(super) fn lines_of(&self, table: &str) -> Option<(&'static str, &'static str)> {
        self.lines.get(table).copied()
    }

    /// How surely a file's column is a logical one by its name, from 0 to 1.
    pub(super) fn likeness(&self, logical: &str, name: &str) -> f64 {
        let (wanted, mut found) = (words(logical).concat(), words(name));
        if wanted == found.concat() {
            return 1.0;
        }
        // Where its clocks are says nothing of what a time is.
        if found.last().is_some_and(|last| last == "utc" || last == "gmt") {
            found.pop();
            if wanted == found.concat() {
                return 0.98;
            }
        }
        let lists = self.columns.get(logical).into_iter().flatten();
        let by_letters = if strsim::jaro_winkler(&wanted, &found.concat()) > 0.93 { 0.6 } else { 0.0 };
        lists.map(|names| likeness_to(names, &found)).fold(by_letters, f64::max)
    }

    /// How many of the words that speak of a logical table are among those of a name or several.
    pub(super) fn hits<'a>(&self, table: &str, names: impl IntoIterator<Item = &'a str>) -> usize {
        let found: Vec<String> = names.into_iter().flat_map(words).collect();
        let is_found = |word: &str| found.iter().any(|found| found == word || found.strip_suffix('s') == Some(word));
        let known: BTreeSet<&str> = self.tables.get(table).into_iter().flatten().flat_map(|words| words.split(", ")).collect();
        known.into_iter().filter(|word| is_found(word)).count() + usize::from(words(table).iter().all(|word| is_found(word)))
    }
}

/// How surely the words of a name are one of a list of names.
fn likeness_to(names: &str, found: &[String]) -> f64 {
    let names: Vec<&str> = names.split(", ").collect();
    let mut best: f64 = 0.0;
    for (position, name) in names.iter().enumerate() {
        let name_words: Vec<&str> = name.split(' ').collect();
        // The first names are the most telling ones.
        let telling = 0.95 - 0.2 * position as f64 / names.len() as f64;
        if name_words.concat() == found.concat() {
            best = best.max(telling);
        } else if found.windows(name_words.len()).any(|window| window == name_words.as_slice()) {
            let share = name_words.concat().len() as f64 / found.concat().len() as f64;
            // A question has many words around those that tell what is asked.
            let in_question = if name_words.len() > 1 && found.len() > 6 { 0.7 } else { 0.0 };
            best = best.max((0.4 + 0.5 * share).min(telling - 0.05)).max(in_question);
        }
    }
    best
}

/// The words of a name: in small letters of ASCII, `Købsdato` as koebsdato and `customerID` as customer and id.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        let starts = !character.is_alphanumeric() || character.is_uppercase() && before.is_lowercase();
        if starts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), character.is_alphanumeric()) {
            for lower in character.to_lowercase() {
                match lower {
                    'æ' | 'ä' => word.push_str("ae"),
                    'ø' | 'ö' => word.push_str("oe"),
                    'å' => word.push_str("aa"),
                    'ü' => word.push_str("ue"),
                    'ß' => word.push_str("ss"),
                    'é' | 'è' => word.push('e'),
                    other => word.push(other),
                }
            }
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a name is one of times.
pub(super) fn are_of_time(name: &str) -> bool {
    const TIMES: [&str; 13] =
        ["time", "timestamp", "datetime", "ts", "date", "created", "updated", "epoch", "tid", "tidspunkt", "dato", "datum", "zeit"];
    let words = words(name);
    words.iter().any(|word| TIMES.contains(&word.as_str())) || words.len() > 1 && words.last().is_some_and(|last| last == "at")
}

/// Whether a name is one of what clocks show, and not of how long something takes.
pub(super) fn are_of_clock(name: &str) -> bool {
    const CLOCKS: [&str; 9] = ["time", "clock", "tid", "tidspunkt", "klokkeslæt", "uhrzeit", "zeit", "heure", "hora"];
    words(name).last().is_some_and(|last| CLOCKS.contains(&last.as_str())) && words(name).len() == 1
}

/// Whether a name is one of dates, and not of how long something takes.
pub(super) fn are_of_date(name: &str) -> bool {
    const DATES: [&str; 9] = ["date", "datetime", "timestamp", "created", "updated", "dato", "datum", "fecha", "data"];
    let words = words(name);
    words.iter().any(|word| DATES.contains(&word.as_str())) || words.len() > 1 && words.last().is_some_and(|last| last == "at")
}

/// Whether a name is one of what tells rows or people apart.
pub(super) fn are_of_id(name: &str) -> bool {
    const IDS: [&str; 12] = ["id", "ids", "nr", "no", "number", "key", "uuid", "guid", "email", "nummer", "num", "code"];
    let words = words(name);
    let ends = |word: &String| IDS.contains(&word.as_str()) || ["nummer", "nr", "num", "id"].iter().any(|end| word.ends_with(end));
    words.last().is_some_and(ends)
}

#[cfg(test)]
mod tests {
    use custometer_core::{Column, Table};

    use super::*;

    #[test]
    fn names_are_taken_apart_into_words_of_ascii() {
        for (name, expected) in [
            ("customerID", "customer id"),
            ("Købsdato", "koebsdato"),
            ("Submitted at", "submitted at"),
            ("order_TOTAL (DKK)", "order total dkk"),
            ("NETPRO", "netpro"),
            ("Größe", "groesse"),
        ] {
            assert_eq!(words(name).join(" "), expected);
        }
    }

    fn known() -> Known {
        const SCORES: Table = Table::named("quality_scores").words("quality, audit").many_rows_per("review_id");
        let source = |table: Table| Source::table(table);
        Known::of([
            &source(SCORES).column(Column::number("amount").also_called("total, dollar value, beloeb")),
            &source("quality_scores".into()).column(Column::number("amount").also_called("umsatz")),
            &source("ticket_history".into()).column(Column::time("time")),
        ])
    }

    #[test]
    fn a_column_is_known_by_all_that_any_crate_calls_it() {
        let likeness = |name| known().likeness("amount", name);
        for name in ["amount", "dollar_value", "Beløb", "Umsatz"] {
            assert!(likeness(name) > 0.75, "{name}: {}", likeness(name));
        }
        assert!(likeness("valued customer since the year") < 0.62);
        assert!(likeness("amount") > likeness("total") && likeness("total") > likeness("Beløb"));
        assert!(known().likeness("time", "Tidspunkt") < 0.1);
    }

    #[test]
    fn a_name_of_two_words_speaks_of_a_table_only_as_a_whole() {
        assert_eq!(known().hits("quality_scores", ["final_score"]), 0);
        assert_eq!(known().hits("quality_scores", ["final_scores", "Quality"]), 2);
        assert_eq!(known().hits("ticket_history", ["ticket", "history_2025"]), 1);
        assert_eq!(known().many_rows_per("quality_scores"), Some("review_id"));
    }
}
