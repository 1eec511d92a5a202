//! The law that no row is lost: read = repeated + filtered + used + outside the period + without an answer + rejected.

use std::collections::BTreeSet;

use custometer_testkit::Case;
use proptest::prelude::*;

const REPORT: &str = r#"
[report]
timezone = "Europe/Copenhagen"
from = 2025-01-01
until = 2025-03-01
grain = "month"

[tables.answers]
path = "answers*.csv"
where = "state IS NULL OR state <> 'test'"
deduplicate = ["id"]
blank = { score = [99] }

[[metrics]]
metric = "loyalty.nps"
table = "answers"
by = [[], ["state"]]

[[metrics]]
name = "of_all_times"
metric = "web.visitors"
table = "answers"
columns = { user_id = "id" }
grain = "total"
"#;

/// One line of a file, with whatever may be wrong with it.
#[derive(Debug, Clone)]
struct Answer {
    id: Option<u8>,
    time: &'static str,
    score: &'static str,
    state: &'static str,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Whole,
    Short,
    Long,
    Quoted,
    Blank,
}

impl Answer {
    fn line(&self) -> String {
        let id = self.id.map_or(String::new(), |id| id.to_string());
        match self.shape {
            Shape::Whole => format!("{id},{},{},{}", self.time, self.score, self.state),
            Shape::Short => format!("{id},{}", self.time),
            Shape::Long => format!("{id},{},{},{},x", self.time, self.score, self.state),
            Shape::Quoted => format!("\"{id}\",{},\"{}\",\"{}\"", self.time, self.score, self.state),
            Shape::Blank => String::new(),
        }
    }

    fn is_damaged(&self) -> bool {
        matches!(self.shape, Shape::Short | Shape::Long)
    }
}

/// What became of rows, by a plain reading of the rules, row after row.
#[derive(Debug, Default, PartialEq)]
struct Expected {
    read: u64,
    filtered: u64,
    deduplicated: u64,
    used: u64,
    outside: u64,
    without_answer: u64,
    rejected: u64,
}

fn expected(answers: &[Answer]) -> Expected {
    let mut counts = Expected::default();
    let mut ids = BTreeSet::new();
    for answer in answers.iter().filter(|answer| answer.shape != Shape::Blank) {
        counts.read += 1;
        let damaged = answer.is_damaged();
        if !damaged && answer.id.is_some_and(|id| !ids.insert(id)) {
            counts.deduplicated += 1;
        } else if !damaged && answer.state == "test" {
            counts.filtered += 1;
        } else if ["2024-12-31", "2025-03-01"].contains(&answer.time) {
            counts.outside += 1;
        } else if damaged {
            counts.rejected += 1;
        } else if ["", "99"].contains(&answer.score) {
            counts.without_answer += 1;
        } else if ["", "soon", "2025-02-30"].contains(&answer.time) || ["11", "x", "9.5"].contains(&answer.score) {
            counts.rejected += 1;
        } else {
            counts.used += 1;
        }
    }
    counts
}

fn answer() -> impl Strategy<Value = Answer> {
    let time = prop::sample::select(vec!["2025-01-01", "2025-02-28", "2025-01-15", "2024-12-31", "2025-03-01", "2025-02-30", "soon", ""]);
    let score = prop::sample::select(vec!["0", "7", "9", "10", "11", "x", "9.5", "", "99"]);
    let state = prop::sample::select(vec!["", "done", "test"]);
    let shape = prop_oneof![6 => Just(Shape::Whole), 1 => Just(Shape::Short), 1 => Just(Shape::Long), 1 => Just(Shape::Quoted), 1 => Just(Shape::Blank)];
    (prop::option::weighted(0.9, 0..30_u8), time, score, state, shape).prop_map(|(id, time, score, state, shape)| Answer {
        id,
        time,
        score,
        state,
        shape,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_row_is_lost(answers in prop::collection::vec(answer(), 1..60), cut in 0..60_usize) {
        // Whatever is drawn, there is a time to tell the column's format from.
        let first = Answer { id: Some(200), time: "2025-01-02", score: "9", state: "done", shape: Shape::Whole };
        let answers: Vec<Answer> = std::iter::once(first).chain(answers).collect();
        let text = |answers: &[Answer]| {
            let lines: Vec<String> = answers.iter().map(Answer::line).collect();
            format!("id,time,score,state\n{}\n", lines.join("\n"))
        };
        let (one, two) = answers.split_at(cut.min(answers.len()));
        let case = Case::new().file("answers-1.csv", text(one)).file("answers-2.csv", text(two));
        let result = case.run(REPORT).unwrap();
        let table = &result.manifest.tables[0];
        let [scored, seen] = table.uses.as_slice() else { panic!("two ways to use the table: {:?}", table.uses) };
        let found = Expected {
            read: table.rows_read.shown().unwrap(),
            filtered: table.rows_filtered,
            deduplicated: table.rows_deduplicated,
            used: scored.rows_used.shown().unwrap(),
            outside: scored.rows_outside_period,
            without_answer: scored.rows_without_answer,
            rejected: scored.rows_rejected,
        };
        prop_assert_eq!(&found, &expected(&answers), "{}", text(&answers));
        for used in [scored, seen] {
            let all = table.rows_filtered + table.rows_deduplicated + used.rows_used.shown().unwrap() + used.rows_left_out + used.rows_outside_period
                + used.rows_without_answer + used.rows_rejected;
            prop_assert_eq!(table.rows_read.shown().unwrap(), all, "{:?}", used);
            let rejected: u64 = result.rejected.iter().filter(|rejection| used.requests.iter().all(|of| rejection.requests.contains(of))).map(|rejection| rejection.rows).sum();
            prop_assert_eq!(used.rows_rejected, rejected);
        }
        // The results are made of the rows that the ledger says.
        let n: f64 = result.results.iter().filter(|row| row.request == "loyalty.nps" && row.breakdown == 0).filter_map(|row| row.n).sum();
        prop_assert_eq!(n, scored.rows_used.shown().unwrap() as f64);
        for example in result.rejected.iter().flat_map(|rejection| &rejection.examples) {
            let (file, offset) = if example.file == "answers-1.csv" { (one, 0) } else { (two, 0) };
            let rows: Vec<&Answer> = file.iter().filter(|answer| answer.shape != Shape::Blank).collect();
            let row = rows.get(usize::try_from(example.row).unwrap() - 1 + offset);
            prop_assert!(row.is_some(), "{:?}", example);
            if let (Some(value), Some(row)) = (&example.value, row) {
                prop_assert!(row.line().contains(value.as_str()), "{:?} is in {}", example, row.line());
            }
        }
    }
}
