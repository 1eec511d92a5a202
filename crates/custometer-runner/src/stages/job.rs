//! A report that is run in stages.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use custometer_core::aggregation::{Apart, By, KEY};
use custometer_core::time::BUCKET;
use custometer_core::{Aggregation, DimensionValue};
use polars::prelude::{Column, DataFrame, Engine, IntoLazy, NamedFrom, PolarsError, PolarsResult, Schema, Series, SortMultipleOptions};

use super::account::Account;
use super::address::{Address, Stage, by_part};
use super::coding::{Coding, RowsOf};
use super::cut::{Task, scans};
use super::fingerprint::fingerprint;
use super::item::{Item, Label, Of};
use super::outbox::Outbox;
use super::parcel::{Parcel, Sent, opened};
use super::spec::Spec;
use crate::collect::accumulate::Accumulator;
use crate::collect::counted::{Counted, last_of};
use crate::collect::doubts::choice;
use crate::collect::ends::{Derived, Ends};
use crate::collect::engine::collect;
use crate::collect::lookups::{Prepared, prepare_knowing};
use crate::collect::rates::{RatesRead, rates};
use crate::collect::said::{ReadWhole, with_read_tables};
use crate::collect::whole::Reading;
use crate::collect::{Collected, Finished};
use crate::error::RunError;
use crate::memory::Memory;
use crate::plan::axes::{Axes, axes};
use crate::plan::input::first_rows_of_each;
use crate::plan::names::FATE;
use crate::plan::node::Place;
use crate::plan::{SomeRows, TablePlan};
use crate::read::scan::ROW;
use crate::report::Report;
use crate::result::RunResult;
use crate::run::{Beforehand, Scanned, conclude, unchanged, unchanged_lookups};

/// A report that is run in stages, as a machine knows it that was told the spec.
pub struct Job {
    report: Report,
    folder: PathBuf,
    spec: Spec,
    prepared: Prepared,
    axes: Axes,
    rates: Option<RatesRead>,
    whole: ReadWhole,
    /// What tells it from other jobs.
    fingerprint: String,
}

/// The rows of parcels by what they are, each with the columns that are coded.
type Rows = BTreeMap<Item, (Vec<String>, DataFrame)>;

impl Job {
    /// A job over a report. Tables that others look something up in are read, and so are exchange rates.
    ///
    /// # Errors
    ///
    /// When these can't be read, or have changed.
    pub fn new(report: &Report, folder: &Path, spec: Spec) -> Result<Self, RunError> {
        if spec.indices.len() != report.tables.len() {
            return Err(RunError::Parcels(
                "the report has other tables than that of the driver: every machine must read the same config".to_owned(),
            ));
        }
        let prepared = prepare_knowing(report, &spec.indices, folder, &spec.kept)?;
        unchanged_lookups(report, &spec.indices, &prepared, folder)?;
        Self::knowing(report, folder, spec, prepared)
    }

    /// The same, of what is known of tables already.
    pub(super) fn knowing(report: &Report, folder: &Path, spec: Spec, prepared: Prepared) -> Result<Self, RunError> {
        let fingerprint = fingerprint(report, &spec.to_bytes()?);
        let reading = Reading { report, indices: &spec.indices, prepared: &prepared, folder };
        let (whole_report, whole) = with_read_tables(reading)?;
        let axes = axes(&whole_report, spec.period)?;
        let rates = rates(Reading { report: &whole_report, ..reading })?;
        let report = whole_report.into_owned();
        Ok(Self { report, folder: folder.to_path_buf(), spec, prepared, axes, rates, whole, fingerprint })
    }

    /// How many scans there are: each is called once, by numbers from 0.
    pub fn tasks(&self) -> usize {
        self.spec.tasks()
    }

    /// Goes through the rows of one task.
    ///
    /// # Errors
    ///
    /// When files can't be read, or have changed.
    pub fn scan(&self, task: usize) -> Result<Vec<Parcel>, RunError> {
        let number = u32::try_from(task).unwrap_or(u32::MAX);
        let Some(of) = self.spec.tasks.get(task) else {
            return Err(RunError::Parcels(format!("there is no scan {task}, but {} from 0 on", self.tasks())));
        };
        let rows = of.rows();
        let plans = self.known().plan(&self.report, Some(&rows))?;
        let mut outbox = Outbox::new(&self.fingerprint, Address::Scan(number));
        let memory = self.memory();
        let scanned = self.scanned(&plans, &mut outbox, &memory);
        unchanged(&self.report.tables[rows.scan], &self.spec.indices[rows.scan], &self.folder)?;
        memory.failure().map_or(Ok(()), |failure| Err(RunError::Memory(failure)))?;
        scanned?;
        outbox.close(&[])
    }

    /// What values are of.
    pub(super) fn axes(&self) -> &Axes {
        &self.axes
    }

    /// The plans of a task without rows.
    pub(super) fn plans_of(&self, task: &Task) -> Result<Vec<TablePlan>, RunError> {
        self.known().plan(&self.report, Some(&SomeRows { rows: Some(0..0), ..task.rows() }))
    }

    /// What a task sends. Whether its files are what they were is only asked by [`finish`](Self::finish).
    pub(super) fn sent(&self, task: &Task) -> Result<Vec<Sent>, RunError> {
        let mut outbox = Outbox::new(&self.fingerprint, Address::Scan(0));
        let memory = self.memory();
        let scanned = self.scanned(&self.known().plan(&self.report, Some(&task.rows()))?, &mut outbox, &memory);
        memory.failure().map_or(Ok(()), |failure| Err(RunError::Memory(failure)))?;
        scanned?;
        let apart = |parcel: &Parcel| {
            let (label, rows) = parcel.apart(&self.fingerprint)?;
            Ok(Sent { to: parcel.to, label, count: parcel.rows, rows: rows.to_vec() })
        };
        outbox.sent().iter().map(apart).collect()
    }

    /// The parcels of a task that sends this.
    pub(super) fn parcels(&self, task: usize, sent: &[Sent]) -> Result<Vec<Parcel>, RunError> {
        let mut outbox = Outbox::new(&self.fingerprint, Address::Scan(u32::try_from(task).unwrap_or(u32::MAX)));
        sent.iter().try_for_each(|sent| outbox.put(sent))?;
        outbox.close(&[])
    }

    /// What a stage makes of the parcels of some of its parts, all those of each. Parcels of other stages are passed on.
    ///
    /// # Errors
    ///
    /// When a parcel is damaged, or of another job.
    pub fn step(&self, stage: Stage, parcels: Vec<Parcel>) -> Result<Vec<Parcel>, RunError> {
        let mut parts: BTreeMap<i64, Vec<Parcel>> = BTreeMap::new();
        let mut all = Vec::new();
        for parcel in parcels {
            if parcel.stage() == stage.number() { parts.entry(parcel.to).or_default().push(parcel) } else { all.push(parcel) }
        }
        let mut plans = BTreeMap::new();
        for (part, parcels) in parts {
            let mut outbox = Outbox::new(&self.fingerprint, Address::of(part));
            for (table, rows) in self.by_table(&parcels)? {
                match stage {
                    // What codes stand for is asked once all are given, so each part has codes of its own.
                    Stage::Derive => self.derive(&self.without_rows(table)?, &rows, &mut outbox)?,
                    Stage::Unite => {
                        let plan = match plans.entry(table) {
                            Entry::Occupied(known) => known.into_mut(),
                            Entry::Vacant(new) => new.insert(self.without_rows(table)?),
                        };
                        self.unite(plan, &rows, &mut outbox)?;
                    }
                }
            }
            all.extend(outbox.close(&parcels)?);
        }
        Ok(all)
    }

    /// What the parcels for the driver come to.
    ///
    /// # Errors
    ///
    /// When parcels or tasks were lost or came twice, and for all that ends a run after its rows were gone through.
    pub fn finish(&self, parcels: &[Parcel]) -> Result<RunResult, RunError> {
        self.check(parcels)?;
        let mut tables = self.by_table(parcels)?;
        let mut plans = Vec::new();
        for scan in scans(&self.report) {
            plans.extend(self.known().plan(&self.report, Some(&SomeRows { scan, rows: Some(0..0) }))?);
        }
        plans.sort_by_key(|plan| plan.table);
        let mut collected = |scan: usize| -> Result<Scanned, RunError> {
            unchanged(&self.report.tables[scan], &self.spec.indices[scan], &self.folder)?;
            let of_scan = plans.iter().filter(|plan| plan.scan == scan);
            let of_plan = |plan: &TablePlan| {
                let rows = tables.remove(&plan.table).unwrap_or_default();
                Ok((plan.table, self.collected(plan, rows).map_err(|source| self.failed(plan.table, source))?))
            };
            of_scan.map(of_plan).collect()
        };
        conclude(&self.report, &self.folder, self.known(), &plans, &mut collected)
    }

    /// A budget of memory, as each task has one.
    fn memory(&self) -> Arc<Memory> {
        Memory::new(&self.report.memory, self.report.watch())
    }

    fn known(&self) -> Beforehand<'_> {
        Beforehand {
            indices: &self.spec.indices,
            prepared: &self.prepared,
            axes: &self.axes,
            rates: self.rates.as_ref(),
            whole: &self.whole,
        }
    }

    fn failed(&self, table: usize, source: PolarsError) -> RunError {
        RunError::Table { table: self.report.tables[table].name.clone(), source }
    }

    /// The plan of a table without rows.
    fn without_rows(&self, table: usize) -> Result<TablePlan, RunError> {
        let none = SomeRows { scan: self.report.first_of_scan(table), rows: Some(0..0) };
        let plans = self.known().plan(&self.report, Some(&none))?;
        let plan = plans.into_iter().find(|plan| plan.table == table);
        plan.ok_or_else(|| RunError::Parcels("a parcel is of a table that the report does not have".to_owned()))
    }

    /// The rows of parcels by table, but for accounts.
    fn by_table(&self, parcels: &[Parcel]) -> Result<BTreeMap<usize, Rows>, RunError> {
        let mut tables: BTreeMap<usize, Rows> = BTreeMap::new();
        for (Label { table, item, coded }, frame) in opened(parcels, &self.fingerprint)? {
            if item == Item::Account {
                continue;
            }
            let other = tables.entry(table).or_default().insert(item, (coded, frame));
            if other.is_some() {
                return Err(RunError::Parcels("parcels of one kind are coded in two ways: run the report again".to_owned()));
            }
        }
        Ok(tables)
    }

    /// That every parcel has come, once.
    fn check(&self, parcels: &[Parcel]) -> Result<(), RunError> {
        let mut account = Account::default();
        let mut accounts: BTreeMap<i64, usize> = BTreeMap::new();
        for parcel in parcels {
            if parcel.to != Address::DRIVER {
                let (from, to) = (Address::of(parcel.from), Address::of(parcel.to));
                return Err(RunError::Parcels(format!("a parcel from {from} is left that is for {to}: that stage was left out")));
            }
            let (label, frame) = parcel.open(&self.fingerprint)?;
            if label.item == Item::Account {
                *accounts.entry(parcel.from).or_default() += usize::from(parcel.seq >= 0 && frame.height() > 0);
                account.add(&frame).map_err(|error| RunError::Parcels(format!("an account can't be read: {error}")))?;
            } else {
                account.got(parcel);
            }
        }
        let times = |from: i64| accounts.get(&from).copied().unwrap_or(0);
        for task in 0..self.tasks() {
            let address = Address::Scan(u32::try_from(task).unwrap_or(u32::MAX));
            match times(address.number()) {
                0 => return Err(RunError::Parcels(format!("{address} of {} is missing: run the report again", self.tasks()))),
                1 => {}
                times => return Err(RunError::Parcels(format!("{address} came {times} times: run the report again"))),
            }
        }
        if let Some((from, times)) = accounts.iter().find(|(_, times)| **times != 1) {
            return Err(RunError::Parcels(format!("{} came {times} times: run the report again", Address::of(*from))));
        }
        account.check()
    }
}

impl Job {
    /// Runs plans up to where rows of entities must be together.
    fn scanned(&self, plans: &[TablePlan], outbox: &mut Outbox<'_>, memory: &Arc<Memory>) -> Result<(), RunError> {
        let report = &self.report;
        let ends: Vec<Ends> = plans.iter().map(|plan| Ends::of(plan, report, memory)).collect();
        let tables: Vec<usize> = plans.iter().map(|plan| plan.table).collect();
        let failed = |source| RunError::Table { table: report.names(&tables), source };
        let frames =
            plans.iter().zip(&ends).map(|(plan, ends)| plan.frames(report, ends)).collect::<PolarsResult<Vec<_>>>().map_err(failed)?;
        let sizes: Vec<usize> = frames.iter().map(Vec::len).collect();
        let mut frames = collect(frames.into_iter().flatten().collect(), Engine::Streaming).map_err(failed)?.into_iter();
        for ((plan, ends), size) in plans.iter().zip(&ends).zip(sizes) {
            let mut frames = frames.by_ref().take(size);
            self.counted(plan, ends, &mut frames, outbox)?;
            for node in plan.plain_nodes() {
                for (part, frame) in plan.take_details(report, node, &mut frames) {
                    self.send_detail(plan, part, &frame, outbox)?;
                }
                self.send_states_of(plan, ends, node, outbox)?;
            }
            frames.for_each(drop);
            for (input, doubts) in ends.doubts.iter().enumerate() {
                if let Some(doubts) = doubts {
                    self.send_state(plan, Of::Doubts { input }, doubts, outbox)?;
                }
            }
            for (column, vocabulary) in ends.vocabularies.iter().enumerate() {
                let words = serde_json::to_string(&vocabulary.take())
                    .map_err(|error| RunError::Parcels(format!("words can't be sent: {error}")))?;
                let frame = DataFrame::new(1, vec![Series::new("words".into(), [words]).into()]).map_err(failed)?;
                outbox.send(Address::DRIVER, &label(plan, Item::Words { column }), &frame)?;
            }
        }
        Ok(())
    }

    /// Sends what is counted, and the rows that derivations start from.
    fn counted(
        &self,
        plan: &TablePlan,
        ends: &Ends,
        frames: &mut dyn Iterator<Item = DataFrame>,
        outbox: &mut Outbox<'_>,
    ) -> Result<(), RunError> {
        let failed = |source| self.failed(plan.table, source);
        let counted: Vec<DataFrame> = frames.take(Counted::plans(plan).len()).collect();
        for (number, frame) in counted.iter().enumerate() {
            let is_few = !self.report.rejected_rows && [FATE, ROW].iter().all(|column| frame.column(column).is_ok());
            let frame = if is_few { first_rows_of_each(frame).map_err(failed)? } else { frame.clone() };
            outbox.send(Address::DRIVER, &label(plan, Item::Counted { plan: number }), &frame)?;
        }
        let fates = Counted::fates_at(plan);
        for (split, of) in ends.splits.iter().enumerate() {
            let last = counted.get(fates[of.input]).map(last_of).transpose().map_err(failed)?.flatten();
            let last = DataFrame::new(1, vec![Series::new("last".into(), [last]).into()]).map_err(failed)?;
            for part in 0..self.spec.parts {
                outbox.send(Address::Part(Stage::Derive, part).number(), &label(plan, Item::Last { split }), &last)?;
            }
            let coding = Coding { plan, report: &self.report, rows: RowsOf::Input(of.input) };
            for portion in of.split.take(1).map_err(failed)? {
                let decoded = |rows: DataFrame| coding.decoded(&rows);
                for (rows, coded) in of.split.each(portion, 1, decoded, |rows| plan.too_many(&self.report, of, rows)).map_err(failed)? {
                    let keys: Vec<&str> = if rows.column(of.entity).is_ok() { vec![of.entity] } else { vec![ROW] };
                    let label = Label { coded, ..label(plan, Item::Rows { split }) };
                    self.scatter(Stage::Derive, &label, &rows, &keys, outbox)?;
                }
            }
        }
        Ok(())
    }

    /// Derives from the rows of some entities.
    fn derive(&self, plan: &TablePlan, rows: &Rows, outbox: &mut Outbox<'_>) -> Result<(), RunError> {
        let failed = |source| self.failed(plan.table, source);
        let ends = Ends::of(plan, &self.report, &self.memory());
        let mut splits = Vec::new();
        for (item, (coded, frame)) in rows {
            let Item::Rows { split } = item else { continue };
            let of =
                ends.splits.get(*split).ok_or_else(|| RunError::Parcels("a parcel has rows that nothing is derived from".to_owned()))?;
            let last = rows.get(&Item::Last { split: *split });
            let last = last.map(|(_, last)| Ok(last.column("last")?.i64()?.iter().flatten().max())).transpose().map_err(failed)?.flatten();
            let coding = Coding { plan, report: &self.report, rows: RowsOf::Input(of.input) };
            let in_order = frame.sort([ROW], SortMultipleOptions::default().with_maintain_order(true));
            let encoded = in_order.and_then(|in_order| coding.encoded(&in_order, coded)).map_err(failed)?;
            splits.push((*split, of, encoded, last));
        }
        for (split, of, rows, last) in splits {
            let derived = plan.derived(&self.report, (&ends, split), &rows, last);
            let Derived { details, shared } = derived.map_err(failed)?;
            for (part, frame) in &details {
                self.send_detail(plan, *part, frame, outbox)?;
            }
            for (request, entities) in shared {
                let frame = DataFrame::new(1, vec![Series::new("entities".into(), [entities]).into()]).map_err(failed)?;
                outbox.send(Address::DRIVER, &label(plan, Item::Shared { request }), &frame)?;
            }
            for node in &of.nodes {
                self.send_states_of(plan, &ends, *node, outbox)?;
            }
        }
        Ok(())
    }

    /// Unites what is kept of some groups, counts the members of sets with some keys, and finishes the multisets of some groups.
    fn unite(&self, plan: &TablePlan, rows: &Rows, outbox: &mut Outbox<'_>) -> Result<(), RunError> {
        let failed = |source| self.failed(plan.table, source);
        let ends = Ends::of(plan, &self.report, &self.memory());
        for (item, (coded, frame)) in rows {
            match *item {
                Item::Scalars { of } => {
                    let aggregation = &accumulator(&ends, of)?.aggregation;
                    let united = aggregation.state_of(&with_nothing_apart(aggregation, frame).map_err(failed)?);
                    let tables = united.and_then(|united| aggregation.tables(&united)).map_err(failed)?;
                    let label = Label { coded: coded.clone(), ..label(plan, *item) };
                    tables.first().map_or(Ok(()), |scalars| outbox.send(Address::DRIVER, &label, scalars))?;
                }
                Item::Members { of, apart } => {
                    let aggregation = &accumulator(&ends, of)?.aggregation;
                    let choices = choices(plan, of);
                    let asked: Vec<usize> = (0..choices.len()).filter(|choice| aggregation.asks_apart(apart, &choices[*choice])).collect();
                    let by: Vec<By> = asked.iter().map(|choice| choices[*choice].clone()).collect();
                    let finished = aggregation.finish_apart(apart, frame, &by, self.report.confidence).map_err(failed)?;
                    for (choice, frame) in asked.into_iter().zip(finished) {
                        outbox.send(Address::DRIVER, &label(plan, Item::Finished { of, apart, choice }), &frame)?;
                    }
                }
                Item::Values { of, apart, choice } => {
                    let aggregation = &accumulator(&ends, of)?.aggregation;
                    let by = choices(plan, of).get(choice).cloned();
                    let by = by.ok_or_else(|| RunError::Parcels("a parcel has values that nobody asks for".to_owned()))?;
                    for frame in aggregation.finish_apart(apart, frame, &[by], self.report.confidence).map_err(failed)? {
                        outbox.send(Address::DRIVER, &label(plan, Item::Finished { of, apart, choice }), &frame)?;
                    }
                }
                _ => return Err(RunError::Parcels("a parcel has come to a stage that has no use for it".to_owned())),
            }
        }
        Ok(())
    }

    /// What a plan comes to, of the rows of parcels.
    fn collected(&self, plan: &TablePlan, mut rows: Rows) -> PolarsResult<Collected> {
        let report = &self.report;
        let ends = Ends::of(plan, report, &self.memory());
        let mut counted = Vec::new();
        for (number, mut of_nothing) in Counted::plans(plan).into_iter().enumerate() {
            counted.push(match rows.remove(&Item::Counted { plan: number }) {
                Some((_, frame)) => frame,
                None => DataFrame::empty_with_schema(&*of_nothing.collect_schema()?),
            });
        }
        let counted = Counted::of(plan, counted)?;
        for (column, vocabulary) in ends.vocabularies.iter().enumerate() {
            let Some((_, words)) = rows.remove(&Item::Words { column }) else { continue };
            for words in words.column("words")?.str()?.iter().flatten() {
                vocabulary.put(serde_json::from_str(words).map_err(|error| PolarsError::ComputeError(error.to_string().into()))?);
            }
        }
        let finished = self.finished(plan, &ends, &rows)?;
        let mut derived = Derived::default();
        for (part, schema) in self.schemas_of_details(plan, &ends)? {
            let rows = rows.remove(&Item::Detail { part }).map(|(_, rows)| rows);
            derived.details.insert(part, rows.unwrap_or_else(|| DataFrame::empty_with_schema(&schema)));
        }
        for shared in &plan.shared {
            let entities = rows.remove(&Item::Shared { request: shared.request });
            let entities =
                entities.map(|(_, frame)| PolarsResult::Ok(frame.column("entities")?.u64()?.iter().flatten().sum())).transpose()?;
            derived.shared.insert(shared.request, entities.unwrap_or(0));
        }
        Collected::of(plan, report, &ends, (counted, derived, finished))
    }

    /// The columns of the detail tables of a plan.
    fn schemas_of_details(&self, plan: &TablePlan, ends: &Ends) -> PolarsResult<Vec<(usize, Schema)>> {
        let mut schemas = Vec::new();
        for (part, of, _) in plan.detailed(&self.report) {
            let node = of.node();
            let split = ends.splits.iter().find(|split| split.nodes.contains(&node));
            let frames = match split {
                Some(split) => plan.frames_of_node(&self.report, node, &split.split.nothing()?.lazy(), ends, None)?,
                None => plan.frames_of_node(&self.report, node, &plan.inputs[plan.nodes[node].input()].usable, ends, None)?,
            };
            let position = plan.detailed(&self.report).filter(|(_, of, _)| of.node() == node).position(|(other, ..)| other == part);
            if let Some(mut frame) = position.and_then(|position| frames.into_iter().nth(position)) {
                schemas.push((part, (*frame.collect_schema()?).clone()));
            }
        }
        Ok(schemas)
    }

    /// Finished measures, of what is kept of groups and what sets and multisets came to apart.
    fn finished(&self, plan: &TablePlan, ends: &Ends, rows: &Rows) -> PolarsResult<Finished> {
        let internal = |error: RunError| PolarsError::ComputeError(error.to_string().into());
        for (item, (coded, frame)) in rows {
            let Item::Scalars { of } = *item else { continue };
            let accumulator = accumulator(ends, of).map_err(internal)?;
            let frame = Coding { plan, report: &self.report, rows: of.into() }.encoded(frame, coded)?;
            accumulator.put(accumulator.aggregation.state_of(&with_nothing_apart(&accumulator.aggregation, &frame)?)?);
        }
        let mut finished = Finished::of(plan, &self.report, ends)?;
        for (item, (_, frame)) in rows {
            let Item::Finished { of, apart, choice } = *item else { continue };
            let aggregation = &accumulator(ends, of).map_err(internal)?.aggregation;
            let aparts = aggregation.aparts();
            let choices = choices(plan, of);
            let (table, is_total) = match of {
                Of::Node { node, grouping } => {
                    let is_total = choices.get(choice).is_some_and(|by| !by.keys.iter().any(|key| key == BUCKET));
                    (finished.measures.get_mut(&(node, Place { grouping, served: choice })), is_total)
                }
                Of::Doubts { input } => (finished.doubts.get_mut(input).and_then(Option::as_mut), false),
            };
            let (table, apart) =
                table.zip(aparts.get(apart)).ok_or_else(|| PolarsError::ComputeError("what was finished is of no measure".into()))?;
            // A total is one bucket, the first.
            let total = is_total.then_some(DimensionValue::Integer(0));
            table.put_apart(*apart, frame, |group| total.iter().cloned().chain(group).collect())?;
        }
        Ok(finished)
    }

    fn send_states_of(&self, plan: &TablePlan, ends: &Ends, node: usize, outbox: &mut Outbox<'_>) -> Result<(), RunError> {
        for (grouping, accumulator) in ends.accumulators[node].iter().enumerate() {
            self.send_state(plan, Of::Node { node, grouping }, accumulator, outbox)?;
        }
        Ok(())
    }

    /// Sends a state: what is kept of a group to the part of the group, members of a set to the part of their key, and values of a multiset to the part of the
    /// group that they are finished by.
    fn send_state(&self, plan: &TablePlan, of: Of, accumulator: &Accumulator, outbox: &mut Outbox<'_>) -> Result<(), RunError> {
        let failed = |source| self.failed(plan.table, source);
        let aggregation = &accumulator.aggregation;
        let coding = Coding { plan, report: &self.report, rows: of.into() };
        let tables = accumulator.take().and_then(|state| aggregation.tables(&state)).map_err(failed)?;
        let Some((scalars, others)) = tables.split_first() else { return Ok(()) };
        let (scalars, coded) = coding.decoded(scalars).map_err(failed)?;
        let keys: Vec<&str> = aggregation.keys().iter().map(String::as_str).collect();
        self.scatter(Stage::Unite, &Label { coded, ..label(plan, Item::Scalars { of }) }, &scalars, &keys, outbox)?;
        for (apart, (kind, frame)) in aggregation.aparts().into_iter().zip(others).enumerate() {
            let (frame, _) = coding.decoded(frame).map_err(failed)?;
            match kind {
                Apart::Set(key) => {
                    let frame = coding.with_decoded_keys(&frame, key).map_err(failed)?;
                    self.scatter(Stage::Unite, &label(plan, Item::Members { of, apart }), &frame, &[KEY], outbox)?;
                }
                Apart::Multiset => {
                    for (choice, by) in choices(plan, of).iter().enumerate().filter(|(_, by)| aggregation.asks_apart(apart, by)) {
                        let keys: Vec<&str> = by.lines().map(String::as_str).collect();
                        self.scatter(Stage::Unite, &label(plan, Item::Values { of, apart, choice }), &frame, &keys, outbox)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn send_detail(&self, plan: &TablePlan, part: usize, frame: &DataFrame, outbox: &mut Outbox<'_>) -> Result<(), RunError> {
        let coding = Coding { plan, report: &self.report, rows: RowsOf::Node(plan.parts[part].node()) };
        let (frame, coded) = coding.decoded(frame).map_err(|source| self.failed(plan.table, source))?;
        // They stay what codes stand for.
        drop(coded);
        outbox.send(Address::DRIVER, &label(plan, Item::Detail { part }), &frame)
    }

    /// Sends rows, each to the part of a stage that the values of some columns say.
    fn scatter(&self, stage: Stage, label: &Label, frame: &DataFrame, keys: &[&str], outbox: &mut Outbox<'_>) -> Result<(), RunError> {
        let parts = by_part(frame, keys, self.spec.parts).map_err(|source| self.failed(label.table, source))?;
        parts.into_iter().try_for_each(|(part, rows)| outbox.send(Address::Part(stage, part).number(), label, &rows))
    }
}

fn label(plan: &TablePlan, item: Item) -> Label {
    Label { table: plan.table, item, coded: Vec::new() }
}

/// What the states of a node or of doubts are finished by.
fn choices(plan: &TablePlan, of: Of) -> Vec<By> {
    match of {
        Of::Node { node, grouping } => {
            let node = plan.nodes.get(node);
            let grouping = node.and_then(|node| Some((node, node.groupings.get(grouping)?)));
            grouping.map(|(node, grouping)| node.choices(grouping)).unwrap_or_default()
        }
        Of::Doubts { .. } => vec![choice()],
    }
}

/// The tables of a state with what is kept of groups alone: sets and multisets are finished apart.
fn with_nothing_apart(aggregation: &Aggregation, scalars: &DataFrame) -> PolarsResult<Vec<DataFrame>> {
    let keys: Vec<Column> = scalars.clear().columns()[..aggregation.keys().len()].to_vec();
    let empty = aggregation.tables(&aggregation.state())?;
    let others = empty.iter().skip(1).map(|empty| DataFrame::new(0, [&keys, &empty.columns()[keys.len()..]].concat()));
    std::iter::once(Ok(scalars.clone())).chain(others).collect()
}

fn accumulator(ends: &Ends, of: Of) -> Result<&Accumulator, RunError> {
    let found = match of {
        Of::Node { node, grouping } => ends.accumulators.get(node).and_then(|of_node| of_node.get(grouping)),
        Of::Doubts { input } => ends.doubts.get(input).and_then(Option::as_ref),
    };
    found.map(AsRef::as_ref).ok_or_else(|| RunError::Parcels("a parcel has a state of what is not measured".to_owned()))
}
