//! States as tables, to be kept for tomorrow or sent to another machine.

use polars::prelude::{
    BooleanChunked, Column, DataFrame, Float64Chunked, IdxCa, IdxSize, Int64Chunked, IntoColumn, NewChunkedArray, PolarsError,
    PolarsResult, Series, StringChunked, UInt32Chunked,
};

use super::coarser::unite_onto;
use super::moments::{Ends, Moments};
use super::sets::Member;
use super::{Aggregation, Kept, State, Values, each_number, each_true};
use crate::groups::Kind;

const ROWS: &str = "__rows";
/// The column of a table of a set that has its keys, and of a multiset that has its values.
pub const KEY: &str = "__key";
const TIMES: &str = "__times";

impl Aggregation {
    /// A state as tables: that of scalars, and one for each set and multiset. What sets have as keys stays a code where it was one.
    ///
    /// The first table counts the rows that were seen in each group, so that a part which was lost or came twice is noticed.
    pub fn tables(&self, state: &State) -> PolarsResult<Vec<DataFrame>> {
        let named = |key: usize| Ok(state.groups.values(key, &self.interners[key])?.with_name(self.keys[key].as_str().into()));
        let keys = (0..self.keys.len()).map(named).collect::<PolarsResult<Vec<Series>>>()?;
        let table = |groups: &mut dyn Iterator<Item = usize>, columns: Vec<Column>| {
            let groups: IdxCa = groups.map(|group| IdxSize::try_from(group).ok()).collect();
            let keys = keys.iter().map(|key| Ok(key.take(&groups)?.into_column())).collect::<PolarsResult<Vec<_>>>()?;
            DataFrame::new(groups.len(), [keys, columns].concat())
        };
        let mut scalars = columns(ROWS, &state.rows);
        let mut tables = Vec::new();
        for (position, values) in state.values.iter().enumerate() {
            match values {
                Values::Counts(counts) if self.kept[position] != Kept::Rows => scalars.extend(columns(&name(position), counts)),
                Values::Counts(_) => {}
                Values::Ends(ends) => scalars.extend(columns(&name(position), ends)),
                Values::Moments(moments) => scalars.extend(columns(&name(position), moments)),
                Values::Sets(kind, sets) => {
                    let members: Vec<Member> = sets.members().collect();
                    let keys: UInt32Chunked = members.iter().map(|member| Some(member.key)).collect();
                    let keys = kind.values(&keys, &self.interners[self.keys.len() + position])?.with_name(KEY.into());
                    let passed = |filter: usize| {
                        let passed = members.iter().map(|member| Some(member.filters >> filter & 1 == 1));
                        passed.collect::<BooleanChunked>().with_name(name(filter).into()).into_column()
                    };
                    let columns = std::iter::once(keys.into_column()).chain((0..self.filters(position)).map(passed));
                    tables.push(table(&mut members.iter().map(|member| member.group as usize), columns.collect())?);
                }
                Values::Multisets(multisets) => {
                    let counted = multisets.clone().counted();
                    let values = || counted.iter().flatten();
                    let times: Vec<u64> = values().map(|(_, times)| *times).collect();
                    let values = Float64Chunked::from_iter_values(KEY.into(), values().map(|(value, _)| *value));
                    let mut groups = counted.iter().enumerate().flat_map(|(group, values)| values.iter().map(move |_| group));
                    tables.push(table(&mut groups, [vec![values.into_column()], columns(TIMES, &times)].concat())?);
                }
            }
        }
        tables.insert(0, table(&mut (0..state.groups.len()), scalars)?);
        Ok(tables)
    }

    /// The state that [tables](Self::tables) were made of, or what the states come to whose tables were put one under the other.
    pub fn state_of(&self, tables: &[DataFrame]) -> PolarsResult<State> {
        let mut state = self.state();
        let mut tables = tables.iter();
        let mut next = || tables.next().ok_or_else(|| PolarsError::ComputeError("a table of a state is missing".into()));
        let scalars = next()?;
        let groups = self.groups(&mut state, scalars)?;
        unite_onto(&mut state.rows, &values(scalars, ROWS)?, &groups, |rows, other| *rows += other);
        for position in 0..self.kept.len() {
            let of_scalars = &name(position);
            match &self.kept[position] {
                Kept::Rows => continue,
                Kept::Set { .. } | Kept::Multiset { .. } => {}
                _ => {
                    match &mut state.values[position] {
                        Values::Counts(counts) => {
                            unite_onto(counts, &values(scalars, of_scalars)?, &groups, |count, other| *count += other);
                        }
                        Values::Ends(ends) => unite_onto(ends, &values(scalars, of_scalars)?, &groups, Ends::unite),
                        Values::Moments(moments) => unite_onto(moments, &values(scalars, of_scalars)?, &groups, Moments::unite),
                        _ => {}
                    }
                    continue;
                }
            }
            let table = next()?;
            let groups = self.groups(&mut state, table)?;
            self.add_members(&mut state, position, table, &groups)?;
        }
        Ok(state)
    }

    /// Adds the rows of the table of a set or multiset, each of a group.
    pub(super) fn add_members(&self, state: &mut State, position: usize, table: &DataFrame, groups: &[u32]) -> PolarsResult<()> {
        match &mut state.values[position] {
            Values::Sets(kind, sets) => {
                let keys = table.column(KEY)?;
                *kind = Kind::of(keys.dtype());
                let mut passed = vec![0; groups.len()];
                for filter in 0..self.filters(position) {
                    each_true(table.column(&name(filter))?, |row| passed[row] |= 1 << filter)?;
                }
                let keys = kind.codes(keys, &self.interners[self.keys.len() + position])?;
                for ((key, group), filters) in keys.iter().zip(groups).zip(passed) {
                    if let Some(key) = key {
                        sets.add(Member { group: *group, key, filters });
                    }
                }
            }
            Values::Multisets(multisets) => {
                let times = values::<u64>(table, TIMES)?;
                let mut counted: Vec<Vec<(f64, u64)>> = vec![Vec::new(); state.rows.len()];
                each_number(table.column(KEY)?, |row, value| counted[groups[row] as usize].push((value, times[row])))?;
                counted.into_iter().enumerate().for_each(|(group, values)| multisets.add_counted(group, values));
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn groups(&self, state: &mut State, table: &DataFrame) -> PolarsResult<Vec<u32>> {
        let groups = state.groups.of_rows(&table.columns()[..self.keys.len()], &self.interners, table.height())?;
        state.make_room();
        Ok(groups)
    }

    fn filters(&self, position: usize) -> usize {
        if let Kept::Set { filters, .. } = &self.kept[position] { filters.len() } else { 0 }
    }
}

/// What is kept of a group, as values that columns hold.
trait Parts: Sized {
    /// How many of them are whole numbers, floats and texts.
    const COUNTS: [usize; 3];

    fn parts(&self) -> (Vec<i64>, Vec<f64>, Vec<String>);
    fn of(whole: &[i64], floats: &[f64], texts: &[&str]) -> PolarsResult<Self>;
}

impl Parts for u64 {
    const COUNTS: [usize; 3] = [1, 0, 0];

    fn parts(&self) -> (Vec<i64>, Vec<f64>, Vec<String>) {
        (vec![self.cast_signed()], Vec::new(), Vec::new())
    }

    fn of(whole: &[i64], _: &[f64], _: &[&str]) -> PolarsResult<Self> {
        Ok(whole[0].cast_unsigned())
    }
}

impl Parts for Ends {
    const COUNTS: [usize; 3] = [0, 2, 0];

    fn parts(&self) -> (Vec<i64>, Vec<f64>, Vec<String>) {
        (Vec::new(), vec![self.lowest, self.highest], Vec::new())
    }

    fn of(_: &[i64], floats: &[f64], _: &[&str]) -> PolarsResult<Self> {
        Ok(Self { lowest: floats[0], highest: floats[1] })
    }
}

impl Parts for Moments {
    const COUNTS: [usize; 3] = [1, 0, 2];

    fn parts(&self) -> (Vec<i64>, Vec<f64>, Vec<String>) {
        (vec![self.n.cast_signed()], Vec::new(), vec![self.sum.to_string(), self.squares.to_string()])
    }

    fn of(whole: &[i64], _: &[f64], texts: &[&str]) -> PolarsResult<Self> {
        let sum = |text: &str| text.parse().map_err(|error| PolarsError::ComputeError(format!("`{text}` is {error}").into()));
        Ok(Self { n: whole[0].cast_unsigned(), sum: sum(texts[0])?, squares: sum(texts[1])? })
    }
}

/// The name of one of the columns that hold what is kept.
fn numbered(name: &str, number: usize) -> String {
    if number == 0 { name.to_owned() } else { format!("{name}.{number}") }
}

fn name(position: usize) -> String {
    format!("__{position}")
}

fn columns<T: Parts>(name: &str, values: &[T]) -> Vec<Column> {
    let [whole_count, float_count, text_count] = T::COUNTS;
    let parts: Vec<_> = values.iter().map(T::parts).collect();
    let of_whole = |number: usize| {
        Int64Chunked::from_iter_values(numbered(name, number).into(), parts.iter().map(|(whole, ..)| whole[number])).into_column()
    };
    let of_floats = |number: usize| {
        let name = numbered(name, whole_count + number);
        Float64Chunked::from_iter_values(name.into(), parts.iter().map(|(_, floats, _)| floats[number])).into_column()
    };
    let of_texts = |number: usize| {
        let name = numbered(name, whole_count + float_count + number);
        StringChunked::from_iter_values(name.into(), parts.iter().map(|(.., texts)| texts[number].as_str())).into_column()
    };
    (0..whole_count).map(of_whole).chain((0..float_count).map(of_floats)).chain((0..text_count).map(of_texts)).collect()
}

fn values<T: Parts>(table: &DataFrame, name: &str) -> PolarsResult<Vec<T>> {
    let [whole_count, float_count, text_count] = T::COUNTS;
    let column = |number: usize| table.column(&numbered(name, number));
    let whole = (0..whole_count).map(|number| Ok(column(number)?.i64()?.iter().map(Option::unwrap_or_default).collect()));
    let whole = whole.collect::<PolarsResult<Vec<Vec<i64>>>>()?;
    let floats = (whole_count..whole_count + float_count)
        .map(|number| Ok(column(number)?.f64()?.iter().map(|float| float.unwrap_or(f64::NAN)).collect()));
    let floats = floats.collect::<PolarsResult<Vec<Vec<f64>>>>()?;
    let texts = (whole_count + float_count..whole_count + float_count + text_count)
        .map(|number| Ok(column(number)?.str()?.iter().map(Option::unwrap_or_default).collect()));
    let texts = texts.collect::<PolarsResult<Vec<Vec<&str>>>>()?;
    let row = |row: usize| {
        let whole: Vec<i64> = whole.iter().map(|column| column[row]).collect();
        let floats: Vec<f64> = floats.iter().map(|column| column[row]).collect();
        T::of(&whole, &floats, &texts.iter().map(|column| column[row]).collect::<Vec<_>>())
    };
    (0..table.height()).map(row).collect()
}
