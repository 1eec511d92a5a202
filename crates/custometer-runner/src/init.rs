//! `init`: a first report on files. What they are is what `inspect` sees and what packs know; what could be meant in two ways is asked, and what is
//! not answered stays a comment, with all that would rest on it.
//!
//! Whether a table and a request can be read is not guessed: each is tried as a report is checked, and what fails is left out with its reason.

mod drafted;
mod groups;
mod lookups;
mod requests;
mod text;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::Registry;

use drafted::Drafted;
pub use drafted::Place;

pub use crate::inspect::InspectError;
use crate::inspect::{Answers, Choice, Looked, Looking, look};
use crate::packs::Packs;
use requests::Request;
use trial::Trial;

/// A first report that is not written yet.
pub struct Draft {
    tables: Vec<Drafted>,
    left_out: Vec<String>,
}

/// A question about a table.
#[derive(Debug, Clone)]
pub struct Question {
    /// The table's name in the report.
    pub table: String,
    /// Its files.
    pub files: Vec<String>,
    /// What could be meant in two ways.
    pub choice: Choice,
}

/// A first report.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its text.
    pub text: String,
    /// How many tables it reads.
    pub tables: usize,
    /// How many requests it makes.
    pub requests: usize,
    /// What is left out, each with the reason.
    pub left_out: Vec<String>,
    /// The questions that nobody answered.
    pub open: Vec<Question>,
}

/// Looks at files, and drafts a report on those that metrics or packs know. With `is_only`, no others than those of the packs are.
///
/// # Errors
///
/// When none of the files can be read.
pub fn draft(paths: &[String], registry: &Registry, packs: &Packs, is_only: bool) -> Result<Draft, InspectError> {
    let Looking { tables: looked, names, unreadable } = look(paths, &[], registry)?;
    let mut left_out: Vec<String> = unreadable.iter().map(|unread| format!("`{}` {}", unread.path, unread.reason)).collect();
    let mut tables: Vec<Drafted> = Vec::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let claimed: Vec<Vec<String>> = looked.iter().map(|looked| claims(looked, packs)).collect();
    let is_beside_packs = claimed.iter().any(|claims| !claims.is_empty());
    for ((looked, name), claims) in looked.into_iter().zip(names).zip(claimed) {
        let files = looked.files().iter().map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ");
        let pack = match claims.as_slice() {
            [only] => packs.table(only).map(|table| (only.clone(), table.clone())),
            [] => None,
            several => {
                left_out.push(format!("{files} could be of several packs, {}: name one by `pack`", several.join(", ")));
                continue;
            }
        };
        if pack.is_none() && is_only {
            left_out.push(format!("{files} is like no table of the pack"));
            continue;
        }
        if pack.is_none() && looked.best().is_none() && !groups::has_key(looked.columns()) {
            left_out.push(unlike(&files, &looked));
            continue;
        }
        // A system's other tables are easily taken for what they are not, and counted twice.
        let is_plain = looked.best().is_some_and(|best| best.columns.iter().all(|of| of.logical == of.column));
        if pack.is_none() && is_beside_packs && !is_plain {
            left_out.push(format!("{files} is of no pack, beside files that are; `custometer inspect` says what it could be"));
            continue;
        }
        let wished = pack.as_ref().and_then(|(pack, _)| pack.split_once('.')).map_or(name, |(_, table)| table.to_owned());
        let numbered = (2..).map(|number| format!("{wished}_{number}"));
        let name = std::iter::once(wished.clone()).chain(numbered).find(|name| taken.insert(name.clone())).unwrap_or(wished);
        tables.push(Drafted { name, looked, pack });
    }
    Ok(Draft { tables, left_out })
}

/// The tables of packs that files could be.
fn claims(looked: &Looked, packs: &Packs) -> Vec<String> {
    if let Some(line) = looked.first_line() {
        return packs.claims_line(line);
    }
    let header: Vec<&str> = looked.columns().iter().map(|column| column.name.as_str()).collect();
    packs.claims(&header)
}

/// Why files are not in the report.
fn unlike(files: &str, looked: &Looked) -> String {
    match looked.candidate() {
        Some(candidate) if candidate.doubt.is_some() => {
            format!("{files} could be `{}`, but {}", candidate.table, candidate.doubt.as_deref().unwrap_or_default())
        }
        Some(candidate) => format!("{files} is like `{}`, but lacks {}", candidate.table, candidate.missing.join(", ")),
        None => format!("{files} is like no table that a metric reads"),
    }
}

impl Draft {
    /// What could be meant in two ways, of all tables.
    pub fn questions(&self) -> Vec<Question> {
        let of_table = |table: &Drafted| {
            let choices = if table.pack.is_some() { Vec::new() } else { table.looked.choices() };
            let asked = table.asks();
            let question = |choice| Question { table: table.name.clone(), files: table.looked.files(), choice };
            choices.into_iter().chain(asked).map(question).collect::<Vec<_>>()
        };
        self.tables.iter().flat_map(of_table).collect()
    }

    /// The report, with what was answered, by table.
    pub fn report(&self, answers: &BTreeMap<String, Answers>, place: &Place<'_>) -> Written {
        let none = Answers::new();
        let of_table = |name: &str| answers.get(name).unwrap_or(&none);
        let open: Vec<Question> =
            self.questions().into_iter().filter(|question| !of_table(&question.table).contains_key(&question.choice.key)).collect();
        let mut left_out = self.left_out.clone();
        let mut trial = Trial::new(place, &text::times(self.tables.iter()));
        // A table that looks something up in others of its pack comes after them.
        let mut order: Vec<&Drafted> = self.tables.iter().collect();
        order.sort_by_key(|table| table.pack.as_ref().map_or(0, |(_, is)| is.beside.len()));
        let mut there: Vec<&Drafted> = Vec::new();
        for table in order {
            let block = table.block(of_table(&table.name), place);
            let beside = there.iter().filter(|other| table.is_beside(other)).map(|other| other.name.clone()).collect();
            match trial.add(&table.name, &block, beside) {
                Ok(()) => there.push(table),
                Err(reason) => left_out.push(format!("the table `{}`: {reason}", table.name)),
            }
        }
        for (name, lookup) in lookups::between(&there) {
            trial.extend(name, &lookup);
        }
        let mut requests: Vec<(Request, bool)> = Vec::new();
        for table in &there {
            let open: Vec<&Choice> = open.iter().filter(|question| question.table == table.name).map(|question| &question.choice).collect();
            let Drafted { name, looked, pack } = table;
            let looked_up = trial.looked_up(name);
            let wished = match pack {
                Some((_, is)) => requests::of_pack(name, is),
                None => requests::of_table(name, looked, &looked_up, place.registry),
            };
            for request in wished {
                match request.held_back_by(&open) {
                    Some(choice) => requests.push((request.held_back(choice), false)),
                    None => match trial.fitting(&request) {
                        Ok(request) => requests.push((request, true)),
                        Err(reason) => left_out.push(format!("{} of `{name}`: {reason}", request.metric)),
                    },
                }
            }
        }
        // What people are told first comes first.
        requests.sort_by_key(|(request, _)| request.metric.split('.').next().map(str::to_owned));
        let used: BTreeSet<String> = requests.iter().map(|(request, _)| request.table.clone()).collect();
        let used = trial.with_beside(used);
        for table in there.iter().filter(|table| !used.contains(&table.name)) {
            left_out.push(unlike(&format!("`{}`", table.looked.files().join("`, `")), &table.looked));
        }
        let blocks = there.iter().filter(|table| used.contains(&table.name)).map(|table| (*table, trial.block(&table.name)));
        let blocks: Vec<(&Drafted, String)> = blocks.collect();
        let written = text::report(trial.head(), &blocks, &requests, &left_out, place.registry);
        Written { text: written, tables: blocks.len(), requests: requests.iter().filter(|(_, runs)| *runs).count(), left_out, open }
    }
}
