//! Names of sheets: what a workbook allows is less than what a request may be called.

use std::collections::BTreeSet;

use crate::human;

/// The longest name, in the units that workbooks count texts in.
const LONGEST: usize = 31;

/// Characters that no sheet has in its name.
const RESERVED: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];

/// A name that spreadsheets keep for themselves, in lower case.
const KEPT: &str = "history";

/// The names that are taken.
#[derive(Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// The name of the sheet for something that is called `wanted`: the same text as far as it may be one, and unlike all others, whatever the case.
    pub(super) fn name(&mut self, wanted: &str) -> String {
        let line = human::line(wanted);
        let allowed: String = line.chars().map(|character| if RESERVED.contains(&character) { '_' } else { character }).collect();
        let allowed = allowed.trim_matches(['\'', ' ']);
        let allowed = if allowed.is_empty() { "_" } else { allowed };
        let numbered = (2..).map(|number| {
            let ending = format!(" ({number})");
            fitting(allowed, LONGEST - ending.len()) + &ending
        });
        let mut candidates = std::iter::once(fitting(allowed, LONGEST)).chain(numbered);
        // `taken` is finite, so one of the numbered names is free.
        candidates.find(|name| name.to_lowercase() != KEPT && self.taken.insert(name.to_lowercase())).unwrap_or_default()
    }
}

/// A text cut where it is too long, with a sign that it was.
fn fitting(text: &str, longest: usize) -> String {
    if text.encode_utf16().count() <= longest {
        return text.to_owned();
    }
    human::within(text, longest - 1).trim_end().to_owned() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_called_as_its_request_as_far_as_it_may() {
        let mut names = Names::default();
        let mut of = |wanted: &str| names.name(wanted);
        let long = "net promoter score of all customers";
        let expected = [
            ("NPS", "NPS"),
            ("nps", "nps (2)"),
            ("NPS", "NPS (3)"),
            ("share [a/b]: *", "share _a_b__ _"),
            ("'quoted'", "quoted"),
            ("History", "History (2)"),
            ("''", "_"),
            ("", "_ (2)"),
            (long, "net promoter score of all cust…"),
            (long, "net promoter score of all… (2)"),
            ("a\nb", "a_nb"),
            ("𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳", "𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳𝒳…"),
        ];
        let found: Vec<String> = expected.iter().map(|(wanted, _)| of(wanted)).collect();
        assert_eq!(found, expected.map(|(_, name)| name.to_owned()));
        assert!(found.iter().all(|name| name.encode_utf16().count() <= LONGEST));
    }
}
