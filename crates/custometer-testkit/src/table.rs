//! Tables from literals.

/// A small table as CSV: a line of column names, then a line per row. [`NULL`] is a missing value.
///
/// ```
/// use custometer_testkit::{NULL, table};
///
/// let orders = table! {
///     customer_id, time,         amount;
///     "a",         "2025-01-01", 9.5;
///     "b, and c",  "2025-01-02", NULL;
/// };
/// assert_eq!(orders, "customer_id,time,amount\na,2025-01-01,9.5\n\"b, and c\",2025-01-02,\n");
/// ```
#[macro_export]
macro_rules! table {
    ($($column:ident),+ $(,)?; $($($cell:expr),+ $(,)?);* $(;)?) => {{
        let mut lines = vec![[$(stringify!($column)),+].join(",")];
        $(lines.push([$($crate::CsvCell::to_csv(&$cell)),+].join(","));)*
        lines.join("\n") + "\n"
    }};
}

/// A missing value of a [`table!`](crate::table).
pub const NULL: Option<&str> = None;

/// What may stand in a [`table!`](crate::table).
pub trait CsvCell {
    /// The value as a CSV file has it.
    fn to_csv(&self) -> String;
}

impl CsvCell for &str {
    fn to_csv(&self) -> String {
        if self.contains([',', '"', '\n', '\r']) { format!("\"{}\"", self.replace('"', "\"\"")) } else { (*self).to_owned() }
    }
}

impl<T: CsvCell> CsvCell for Option<T> {
    fn to_csv(&self) -> String {
        self.as_ref().map(CsvCell::to_csv).unwrap_or_default()
    }
}

macro_rules! plain_cells {
    ($($number:ty),*) => {
        $(impl CsvCell for $number {
            fn to_csv(&self) -> String {
                self.to_string()
            }
        })*
    };
}

plain_cells!(i32, i64, u32, u64, usize, f64, bool);
