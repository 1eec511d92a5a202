//! JSON documents: an array of objects, or one with keys that lead to it.

use std::io::Write as _;

use custometer_core::Registry;
use custometer_runner::inspect;
use custometer_testkit::Case;
use serde_json::{Value as Json, json};

use super::asked::words;

const METRICS: &str = "[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\nby = [[], [\"country\"]]\n";

fn report(table: &str) -> String {
    format!("[tables.t]\n{table}\n{METRICS}")
}

/// Results without what says of which files they are.
fn results(result: &Json) -> Json {
    result["results"].clone()
}

fn objects(rows: usize) -> Vec<Json> {
    let row = |row: usize| {
        let country = ["DK", "a, b", "\"}]\\", "x\ny"][row % 4];
        json!({
            "time": format!("2025-01-{:02}T10:00:00Z", row % 28 + 1),
            "score": row * 7 % 11,
            "country": country,
            "more": { "deep": [row, { "y": [null] }] },
        })
    };
    (0..rows).map(row).collect()
}

#[test]
fn an_array_gives_what_its_elements_give_as_lines() {
    for rows in [1, 2, 5000] {
        let objects = objects(rows);
        let lines = objects.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let array = serde_json::to_string(&objects).unwrap();
        let pretty = serde_json::to_string_pretty(&objects).unwrap();
        let wrapped = json!({ "next": null, "payload": { "count": rows, "items": objects, "z": "]}" } });
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(pretty.as_bytes()).unwrap();
        let case = Case::new()
            .file("lines.ndjson", &lines)
            .file("array.json", &array)
            .file("pretty.json", &pretty)
            .file("called.ndjson", &array)
            .file("wrapped.json", wrapped.to_string())
            .file("wrapped-pretty.json", serde_json::to_string_pretty(&wrapped).unwrap())
            .file("packed.json.gz", packed.finish().unwrap());
        let expected = results(&case.json(&report("path = \"lines.ndjson\"")).unwrap());
        for table in [
            "path = \"array.json\"",
            "path = \"pretty.json\"",
            "path = \"called.ndjson\"",
            "path = \"array.json\"\nformat = \"json\"",
            "path = \"wrapped.json\"\nrows = \"payload.items\"",
            "path = \"wrapped-pretty.json\"\nrows = \"payload.items\"",
            "path = \"packed.json.gz\"",
        ] {
            let result = case.json(&report(table)).unwrap_or_else(|problems| panic!("{table}\n{problems}"));
            assert_eq!(results(&result), expected, "{table}");
        }
    }
}

#[test]
fn a_rejected_element_is_shown_by_its_number() {
    let case = Case::new().file(
        "t.json",
        "[{\"time\": \"2025-01-01\", \"score\": 9},\n\n {\"time\": \"2025-01-02\", \"score\": 9}, {\"time\": \"2025-01-03\",\n \"score\": \"many\"}]",
    );
    let result = case.json("[tables.t]\npath = \"t.json\"\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n").unwrap();
    let example = &result["rejected"][0]["examples"][0];
    assert_eq!((&example["file"], &example["row"], &example["value"]), (&json!("t.json"), &json!(3), &json!("many")));
}

#[test]
fn what_has_no_rows_is_said() {
    let wrapped = "{\n \"meta\": {},\n \"data\": {\"orders\": [\n {\"id\": 1}], \"lines\": [{\"id\": 1}]}\n}\n";
    let case = Case::new()
        .file("wrapped.json", wrapped)
        .file("line.json", "{\"total\": 1, \"orders\": [{\"time\": \"2025-01-01\", \"score\": 9}]}\n")
        .file(
            "long.json",
            format!(
                "{{\"orders\": [{}{{\"time\": \"2025-01-01\", \"score\": 9}}]}}",
                "{\"time\": \"2025-01-01\", \"score\": 10},".repeat(4000)
            ),
        )
        .file("none.json", "{\n \"a\": 1\n}")
        .file("cut.json", "[{\"time\": \"2025-01-01\", \"score\": 9}, {\"time\": \"2025")
        .file("scalars.json", "[1, 2]")
        .file("trailing.json", "[{\"time\": \"2025-01-01\", \"score\": 9},]")
        .file("t.csv", "time,score\n2025-01-01,9\n");
    for file in ["line", "long"] {
        let result = case.json(&format!(
            "[tables.t]\npath = \"{file}.json\"\nrows = \"orders\"\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n"
        ));
        assert_eq!(result.unwrap()["results"][0]["value"], 100.0);
    }
    for (table, said) in [
        ("path = \"wrapped.json\"", "say which of its arrays has the rows, such as `rows = \"data.orders\"`"),
        ("path = \"line.json\"", "such as `rows = \"orders\"`, or `format = \"ndjson\"` where it is a row itself"),
        ("path = \"long.json\"", "such as `rows = \"orders\"`"),
        ("path = \"wrapped.json\"\nrows = \"data.items\"", "`data` has no `items`"),
        ("path = \"wrapped.json\"\nrows = \"meta\"", "`meta` is no array"),
        ("path = \"wrapped.json\"\nrows = \"\"", "`rows` names nothing"),
        ("path = \"none.json\"", "without an array of objects"),
        ("path = \"cut.json\"", "it ends in the middle, at element 2"),
        ("path = \"scalars.json\"", "element 1 is not a JSON object"),
        ("path = \"trailing.json\"", "after element 1 there is a comma and no element"),
        ("path = \"t.csv\"\nrows = \"items\"", "`rows` is for JSON documents, and these files are csv"),
        ("path = \"t.csv\"\nmember = \"x\"", "`member` is for zip archives, and these files are csv"),
        ("path = \"t.csv\"\nsheet = \"x\"", "`sheet` is for workbooks, and these files are csv"),
        ("path = \"t.csv\"\nrange = \"B3\"", "`B3` is not a part of a sheet"),
    ] {
        let problems = case.load(&report(table)).err().unwrap_or_else(|| panic!("{table}"));
        let words = words(&problems);
        assert!(words.contains(said), "{table}\n{problems}");
    }
}

#[test]
fn inspect_finds_the_arrays_of_a_document() {
    let wrapped = "{\n \"meta\": {},\n \"data\": {\"orders\": [\n {\"id\": 1, \"total\": 3}], \"people\": [{\"name\": \"x\"}]}\n}\n";
    let case = Case::new().file("export.json", wrapped).file("t.json", serde_json::to_string(&objects(3)).unwrap());
    let path = |name: &str| case.path().join(name).to_str().unwrap().to_owned();
    let found = inspect(&[path("export.json"), path("t.json")], &Registry::linked().unwrap()).unwrap();
    let rows: Vec<(u64, bool, bool)> = found
        .tables
        .iter()
        .map(|table| (table.rows, table.block.contains("rows = \"data.orders\""), table.block.contains("rows = \"data.people\"")))
        .collect();
    assert_eq!(rows, [(1, true, false), (1, false, true), (3, false, false)]);
    assert!(found.tables.iter().all(|table| table.format == "json" && !table.block.contains("format")));
}

#[test]
fn damaged_documents_are_errors() {
    let whole = serde_json::to_string_pretty(&json!({ "items": objects(40) })).unwrap().into_bytes();
    for flip in 0..100 {
        let mut bytes = whole.clone();
        let at = flip * bytes.len() / 100;
        bytes[at] ^= 1 << (flip % 8);
        let case = Case::new().file("t.json", &bytes);
        // Whatever it says, it says it.
        let _ = case.json(&report("path = \"t.json\"\nrows = \"items\""));
        let _ = inspect(&[case.path().join("t.json").to_str().unwrap().to_owned()], &Registry::linked().unwrap());
    }
}
