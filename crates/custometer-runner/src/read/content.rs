//! A hash of values: the same for the same values, however they are stored and in whatever parts they come.

use polars::prelude::{ChunkedArray, DataType, PolarsNumericType, PolarsResult, Series, TimeUnit, polars_bail};
use polars_arrow::array::Array as _;

/// So many bytes are hashed at once.
const BLOCK: usize = 1 << 16;

/// What a column holds, as far as it was seen.
#[derive(Default)]
pub(crate) struct Content {
    kind: Option<String>,
    present: Runs,
    values: Stream,
    lengths: Stream,
    /// Those within lists and structures.
    inner: Vec<Content>,
}

/// Bytes on their way to a hash.
#[derive(Default)]
struct Stream {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    bytes: u64,
}

impl Stream {
    fn add(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BLOCK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.hasher.update(&self.buffer);
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
    }

    fn hash(&self) -> blake3::Hash {
        let mut all = self.hasher.clone();
        all.update(&self.buffer).finalize()
    }

    fn bytes(&self) -> u64 {
        self.bytes + self.buffer.len() as u64
    }
}

/// Which values are there: how many follow each other that are none, and then how many that are, and so on.
#[derive(Default)]
struct Runs {
    lengths: Stream,
    is_present: bool,
    length: u64,
}

impl Runs {
    fn add(&mut self, is_present: bool, values: u64) {
        if is_present != self.is_present && values > 0 {
            self.lengths.add(&self.length.to_le_bytes());
            (self.is_present, self.length) = (is_present, 0);
        }
        self.length += values;
    }

    fn hash(&self) -> blake3::Hash {
        let mut all = self.lengths.hasher.clone();
        all.update(&self.lengths.buffer).update(&self.length.to_le_bytes()).finalize()
    }
}

impl Content {
    /// Adds values that follow those before.
    pub(crate) fn add(&mut self, values: &Series) -> PolarsResult<()> {
        let kind = match values.dtype() {
            texts if texts.is_categorical() || texts.is_enum() => return self.add(&values.cast(&DataType::String)?),
            // What a table takes for numbers and instants of one kind.
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => {
                return self.add(&values.cast(&DataType::Int64)?);
            }
            DataType::Float32 => return self.add(&values.cast(&DataType::Float64)?),
            DataType::Datetime(unit, zone) if *unit != TimeUnit::Microseconds => {
                return self.add(&values.cast(&DataType::Datetime(TimeUnit::Microseconds, zone.clone()))?);
            }
            DataType::Datetime(_, zone) => if zone.is_some() { "instant" } else { "local time" }.to_owned(),
            DataType::Decimal(_, scale) => format!("decimal of {scale} places"),
            DataType::List(_) => "list".to_owned(),
            DataType::Struct(fields) => {
                format!("structure of {}", fields.iter().map(|field| format!("{:?}", field.name.as_str())).collect::<Vec<_>>().join(", "))
            }
            other => other.to_string(),
        };
        self.kind = Some(kind);
        if values.null_count() == 0 {
            self.present.add(true, values.len() as u64);
        } else {
            values.is_not_null().iter().flatten().for_each(|is_present| self.present.add(is_present, 1));
        }
        match values.dtype() {
            DataType::Null => {}
            DataType::Boolean => values.bool()?.iter().for_each(|value| self.values.add(&[u8::from(value.unwrap_or_default())])),
            DataType::String => self.texts(values.str()?.iter().map(|text| text.map(str::as_bytes))),
            DataType::Binary => self.texts(values.binary()?.iter()),
            DataType::Float64 => self.numbers(values.f64()?, f64::to_le_bytes),
            DataType::UInt64 => self.numbers(values.u64()?, u64::to_le_bytes),
            DataType::Decimal(..) => self.numbers(values.decimal()?.physical(), i128::to_le_bytes),
            DataType::Int64 | DataType::Datetime(..) | DataType::Duration(_) | DataType::Time => {
                self.numbers(values.to_physical_repr().i64()?, i64::to_le_bytes);
            }
            DataType::Date => self.numbers(values.to_physical_repr().i32()?, i32::to_le_bytes),
            DataType::List(inner) => {
                let lists = values.list()?;
                let inner = self.within(inner)?;
                for list in lists.amortized_iter() {
                    let length = list.as_ref().map_or(0, |list| list.as_ref().len() as u64);
                    inner.lengths.add(&length.to_le_bytes());
                    list.map_or(Ok(()), |list| inner.add(list.as_ref()))?;
                }
            }
            DataType::Struct(_) => {
                let fields = values.struct_()?.fields_as_series();
                self.inner.resize_with(fields.len(), Self::default);
                self.inner.iter_mut().zip(&fields).try_for_each(|(inner, field)| inner.add(field))?;
            }
            other => polars_bail!(ComputeError: "values of the kind {other} have no hash"),
        }
        Ok(())
    }

    /// What is within lists; where there is none, their kind.
    fn within(&mut self, kind: &DataType) -> PolarsResult<&mut Self> {
        if self.inner.is_empty() {
            let mut inner = Self::default();
            inner.add(&Series::new_empty("".into(), kind))?;
            self.inner.push(inner);
        }
        Ok(&mut self.inner[0])
    }

    fn texts<'a>(&mut self, texts: impl Iterator<Item = Option<&'a [u8]>>) {
        for text in texts {
            let text = text.unwrap_or_default();
            self.lengths.add(&(text.len() as u64).to_le_bytes());
            self.values.add(text);
        }
    }

    fn numbers<T: PolarsNumericType, const B: usize>(&mut self, values: &ChunkedArray<T>, bytes: impl Fn(T::Native) -> [u8; B]) {
        for chunk in values.downcast_iter() {
            if chunk.null_count() == 0 {
                chunk.values().iter().for_each(|value| self.values.add(&bytes(*value)));
            } else {
                chunk.iter().for_each(|value| self.values.add(&bytes(value.copied().unwrap_or_default())));
            }
        }
    }

    /// How many bytes were hashed.
    pub(crate) fn bytes(&self) -> u64 {
        self.values.bytes() + self.lengths.bytes() + self.inner.iter().map(Self::bytes).sum::<u64>()
    }

    /// The hash of all of it.
    pub(crate) fn hash(&self) -> blake3::Hash {
        let mut all = blake3::Hasher::new();
        let kind = self.kind.as_deref().unwrap_or_default();
        all.update(&(kind.len() as u64).to_le_bytes()).update(kind.as_bytes());
        for hash in [self.present.hash(), self.values.hash(), self.lengths.hash()] {
            all.update(hash.as_bytes());
        }
        for inner in &self.inner {
            all.update(inner.hash().as_bytes());
        }
        all.finalize()
    }
}
