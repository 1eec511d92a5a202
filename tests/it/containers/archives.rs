//! Zip archives: their members are files.

use custometer_core::Registry;
use custometer_runner::inspect;
use custometer_testkit::Case;
use serde_json::{Value as Json, json};

use super::asked::{report, values, words};
use super::writer::{Member, zip};

const JANUARY: &[u8] = b"time,score\n2025-01-01,9\n2025-01-02,10\n2025-01-03,x\n";
const FEBRUARY: &[u8] = b"time,score\n2025-02-01,3\n2025-02-02,many\n";

fn several() -> Vec<u8> {
    zip(&[
        Member::new("2025/orders_10.csv", FEBRUARY),
        Member::new("2025/orders_9.csv", JANUARY),
        Member::new("__MACOSX/2025/._orders_9.csv", b"\x00\x05"),
        Member::new("2025/.DS_Store", b"\x00"),
        Member::new("people.ndjson", b"{\"name\": \"x\"}\n"),
    ])
}

#[test]
fn members_are_files() {
    let case = Case::new().file("export.zip", several());
    let result = case.json(&report("path = \"export.zip\"\nmember = \"orders_*.csv\"")).unwrap();
    // Of 9, 10 and 3, two promote and one does not.
    assert_eq!(values(&result), [100.0 / 3.0].map(|value: f64| (value * 1e10).round() / 1e10));
    let examples: Vec<(&Json, &Json, &Json)> = result["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|rejection| rejection["examples"].as_array().unwrap())
        .map(|example| (&example["file"], &example["row"], &example["value"]))
        .collect();
    assert_eq!(
        examples,
        [
            (&json!("export.zip/2025/orders_9.csv"), &json!(3), &json!("x")),
            (&json!("export.zip/2025/orders_10.csv"), &json!(2), &json!("many"))
        ]
    );
    // The files are named with what each unpacks to.
    let files = result["manifest"]["tables"][0]["files"].as_array().unwrap();
    assert_eq!(files[0]["path"], "export.zip/2025/orders_9.csv");
    assert_eq!(files[0]["bytes"], JANUARY.len());
    assert_eq!(files[0]["hash"], blake3(JANUARY).as_str());
    let list = case.json(&report("path = \"*.zip\"\nmember = [\"2025/orders_10.csv\", \"2025/orders_9.csv\"]")).unwrap();
    assert_eq!(values(&list), values(&result));
}

/// The hash of a file of this content, as another report has it.
fn blake3(content: &[u8]) -> String {
    let result = Case::new().file("t.csv", content).json(&report("path = \"t.csv\"")).unwrap();
    result["manifest"]["tables"][0]["files"][0]["hash"].as_str().unwrap().to_owned()
}

#[test]
fn the_only_member_is_meant_unless_one_is_said() {
    let only = zip(&[Member { is_deflated: false, ..Member::new("a folder/answers.csv", JANUARY) }]);
    let tab = String::from_utf8(JANUARY.to_vec()).unwrap().replace(',', "\t");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, JANUARY).unwrap();
    let gzip = gzip.finish().unwrap();
    let case = Case::new()
        .file("only.zip", only)
        .file("called.csv", zip(&[Member::new("answers.csv", JANUARY)]))
        .file("tab.zip", zip(&[Member::new("answers.tsv", tab.as_bytes())]))
        .file(
            "lines.zip",
            zip(&[Member::new("t.ndjson", b"{\"time\":\"2025-01-01\",\"score\":9}\n{\"time\":\"2025-01-01\",\"score\":10}\n")]),
        )
        .file("array.zip", zip(&[Member::new("t.json", b"{\"r\": [{\"time\":\"2025-01-01\",\"score\":9}]}")]))
        .file("twice.zip", zip(&[Member::new("t.csv.gz", &gzip)]));
    for table in [
        "path = \"only.zip\"",
        "path = \"called.csv\"",
        "path = \"tab.zip\"",
        "path = \"lines.zip\"",
        "path = \"array.zip\"\nrows = \"r\"",
        "path = \"twice.zip\"",
    ] {
        let result = case.json(&report(table)).unwrap_or_else(|problems| panic!("{table}\n{problems}"));
        assert_eq!(values(&result), [100.0], "{table}");
    }
}

#[test]
fn what_can_not_be_read_is_said_by_name() {
    let many = vec![b'a'; 2_000_000];
    let bomb = zip(&[Member { bytes: Some(u32::MAX - 1), ..Member::new("t.csv", &many) }]);
    let inner = zip(&[Member::new("t.csv", JANUARY)]);
    let mut wrong = zip(&[Member { is_deflated: false, ..Member::new("t.csv", JANUARY) }]);
    let at = wrong.windows(4).position(|window| window == b",10\n").unwrap();
    wrong[at + 1] = b'9';
    let longer = zip(&[Member { bytes: Some(20), ..Member::new("t.csv", JANUARY) }]);
    let case = Case::new()
        .file("several.zip", several())
        .file("secret.zip", zip(&[Member { is_encrypted: true, ..Member::new("t.csv", JANUARY) }]))
        .file("bomb.zip", bomb)
        .file("inner.zip", zip(&[Member::new("inner.zip", &inner)]))
        .file("wrong.zip", wrong)
        .file("longer.zip", longer)
        .file("empty.zip", zip(&[]))
        .file("twins.zip", zip(&[Member::new("t.csv", JANUARY), Member::new("t.csv", FEBRUARY)]))
        .file("letter.docx", zip(&[Member::new("[Content_Types].xml", b"<x/>"), Member::new("word/document.xml", b"<x/>")]))
        .file("cut.zip", &several()[..300]);
    for (table, said) in [
        (
            "path = \"several.zip\"",
            "has 3 members: `2025/orders_9.csv`, `2025/orders_10.csv`, `people.ndjson`; say which to read: `member = \"2025/orders_9.csv\"`",
        ),
        ("path = \"several.zip\"\nmember = \"*.tsv\"", "`several.zip` has no member `*.tsv`; it has `2025/orders_9.csv`"),
        ("path = \"several.zip\"\nmember = [\"orders_9.csv\", \"orders_8.csv\"]", "has no member `orders_8.csv`"),
        ("path = \"several.zip\"\nmember = \"\"", "`member` names nothing"),
        ("path = \"several.zip\"\nmember = \"*\"", "is ndjson, and the files before it are csv"),
        ("path = \"secret.zip\"", "`t.csv` is encrypted"),
        ("path = \"bomb.zip\"", "can't have 4294967294 bytes"),
        ("path = \"inner.zip\"", "`inner.zip/inner.zip` is a workbook or an archive within an archive: unpack it"),
        ("path = \"empty.zip\"", "has no member to read"),
        ("path = \"twins.zip\"", "two members of one name"),
        ("path = \"letter.docx\"", "is a document, and no table"),
        ("path = \"cut.zip\"", "is a zip archive that can't be read"),
    ] {
        let problems = case.load(&report(table)).err().unwrap_or_else(|| panic!("{table}"));
        assert!(words(&problems).contains(said), "{table}\n{problems}");
    }
    for (file, said) in [("wrong.zip", "its checksum is another one"), ("longer.zip", "it is longer than the archive says")] {
        let problems = case.json(&report(&format!("path = \"{file}\""))).unwrap_err();
        assert!(words(&problems).contains(said), "{file}\n{problems}");
    }
}

#[test]
fn inspect_tells_the_members() {
    let case = Case::new().file("export.zip", several());
    let path = case.path().join("export.zip").to_str().unwrap().to_owned();
    let found = inspect(std::slice::from_ref(&path), &Registry::linked().unwrap()).unwrap();
    let tables: Vec<(usize, u64)> = found.tables.iter().map(|table| (table.files.len(), table.rows)).collect();
    assert_eq!(tables, [(2, 5), (1, 1)]);
    assert!(found.tables[0].block.contains("member = [\"2025/orders_9.csv\", \"2025/orders_10.csv\"]"), "{}", found.tables[0].block);
    assert!(found.tables[1].block.contains("member = \"people.ndjson\""), "{}", found.tables[1].block);
    // The block runs as it is.
    let name = found.tables[0].block.lines().find_map(|line| line.strip_prefix("[tables.")?.strip_suffix(']')).unwrap();
    let config =
        format!("{}\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"{name}\"\n", found.tables[0].block.replace(&path, "export.zip"));
    assert!(!values(&case.json(&config).unwrap_or_else(|problems| panic!("{config}\n{problems}"))).is_empty());
}

#[test]
fn damaged_archives_are_errors() {
    let whole = several();
    let members = "path = \"t.zip\"\nmember = \"orders_*.csv\"";
    let intact = Case::new().file("t.zip", &whole).json(&report(members)).unwrap();
    for flip in 0..100 {
        let mut bytes = whole.clone();
        let at = flip * bytes.len() / 100;
        bytes[at] ^= 1 << (flip % 8);
        let case = Case::new().file("t.zip", &bytes);
        // What comes out is the result of whole members, or an error.
        if let Ok(result) = case.json(&report(members)) {
            assert_eq!(result["results"], intact["results"], "byte {at}");
        }
        let _ = inspect(&[case.path().join("t.zip").to_str().unwrap().to_owned()], &Registry::linked().unwrap());
    }
}
