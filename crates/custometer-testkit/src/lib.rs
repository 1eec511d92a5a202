//! What a metric's author tests with: small reports from text, run through the whole path from config to JSON.
//!
//! ```
//! use custometer_testkit::Case;
//!
//! let case = Case::new().file("rows.csv", "score\n10\n0\n");
//! let problems = case.run("[tables.rows]\npath = \"rows.csv\"\n[[metrics]]\nmetric = \"acme.none\"\ntable = \"rows\"").unwrap_err();
//! assert!(problems.contains("unknown metric `acme.none`"));
//! ```

mod case;
mod examples;
mod input;
pub mod laws;
mod numbers;
mod stages;
mod table;

pub use case::{Case, edge, lines, rejections, results, shown};
pub use examples::check_examples;
pub use laws::{Law, Violation, check, check_metric, test_linked_metrics};
pub use numbers::{Number, assert_close, is_close};
pub use stages::{Shuffled, difference, run_in_stages, shuffled};
pub use table::{CsvCell, NULL};

#[doc(hidden)]
pub mod __private {
    pub use insta;
}

/// Snapshots results, as sorted lines at a fixed precision, with [insta](https://insta.rs).
#[macro_export]
macro_rules! assert_results_snapshot {
    ($result:expr) => {
        $crate::__private::insta::assert_snapshot!($crate::lines(&$result))
    };
    ($name:expr, $result:expr) => {
        $crate::__private::insta::assert_snapshot!($name, $crate::lines(&$result))
    };
}
