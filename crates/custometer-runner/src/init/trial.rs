//! Trials: whether a report with a table or a request would be read.

use std::collections::{BTreeMap, BTreeSet};

use super::drafted::Place;
use super::lookups::Lookup;
use super::requests::Request;
use crate::check::{Input, load};

/// What a report without requests is told.
const NO_METRIC: &str = "the report asks for no metric";

/// A report that grows by what can be read.
pub(super) struct Trial<'a> {
    place: &'a Place<'a>,
    head: String,
    tables: BTreeMap<String, Tried>,
}

/// A table that can be read.
#[derive(Clone)]
struct Tried {
    block: String,
    /// The tables that it looks something up in.
    beside: BTreeSet<String>,
    /// The columns that it gets from those that no pack knows.
    looked_up: Vec<String>,
}

impl<'a> Trial<'a> {
    /// A report of these settings without tables.
    pub(super) fn new(place: &'a Place<'a>, times: &str) -> Self {
        let head = format!("{times}compare = [\"previous\"]\n");
        Self { place, head, tables: BTreeMap::new() }
    }

    /// The settings of the report.
    pub(super) fn head(&self) -> &str {
        &self.head
    }

    /// The table of a name.
    pub(super) fn block(&self, name: &str) -> String {
        self.tables.get(name).map(|tried| tried.block.clone()).unwrap_or_default()
    }

    /// Adds a table where it can be read; the first reason where it can't.
    pub(super) fn add(&mut self, name: &str, block: &str, beside: BTreeSet<String>) -> Result<(), String> {
        let before = self.tables.insert(name.to_owned(), Tried { block: block.to_owned(), beside, looked_up: Vec::new() });
        let Some(reason) = self.problem(name, "") else { return Ok(()) };
        self.tables.remove(name);
        self.tables.extend(before.map(|before| (name.to_owned(), before)));
        Err(reason)
    }

    /// Adds a lookup to a table where it can be read.
    pub(super) fn extend(&mut self, name: &str, lookup: &Lookup) {
        let Some(mut tried) = self.tables.get(name).cloned() else { return };
        tried.beside.insert(lookup.table.clone());
        if self.add(name, &format!("{}{}", tried.block, lookup.says()), tried.beside).is_ok()
            && let Some(table) = self.tables.get_mut(name)
        {
            table.looked_up = tried.looked_up.into_iter().chain(lookup.columns.clone()).collect();
        }
    }

    /// The columns that a table looks up.
    pub(super) fn looked_up(&self, name: &str) -> Vec<String> {
        self.tables.get(name).map(|tried| tried.looked_up.clone()).unwrap_or_default()
    }

    /// Tables with those that they look something up in.
    pub(super) fn with_beside(&self, names: BTreeSet<String>) -> BTreeSet<String> {
        let mut all = names;
        loop {
            let more: Vec<String> = all.iter().filter_map(|name| self.tables.get(name)).flat_map(|tried| tried.beside.clone()).collect();
            let before = all.len();
            all.extend(more);
            if all.len() == before {
                return all;
            }
        }
    }

    /// A request in the first of its forms that can be read; why the plainest can't be.
    pub(super) fn fitting(&self, request: &Request) -> Result<Request, String> {
        let mut reason = String::new();
        for form in request.forms() {
            match self.problem(&form.table, &form.says()) {
                None => return Ok(form),
                Some(problem) => reason = problem,
            }
        }
        Err(reason)
    }

    /// What is wrong with a table, or with requests of it.
    fn problem(&self, table: &str, requests: &str) -> Option<String> {
        let names = self.with_beside(BTreeSet::from([table.to_owned()]));
        let tables: Vec<&str> = names.iter().filter_map(|name| self.tables.get(name)).map(|tried| tried.block.as_str()).collect();
        let tables = tables.concat();
        let text = format!("[report]\n{}{tables}{requests}", self.head);
        let input = Input {
            name: "report.toml",
            text: &text,
            folder: self.place.folder,
            settings: &[],
            as_of: None,
            today: Some(self.place.today),
            environment: &|_| None,
            given: &BTreeMap::new(),
        };
        let problems = load(&input, self.place.registry).err()?;
        problems.as_slice().iter().map(ToString::to_string).find(|message| message != NO_METRIC)
    }
}
