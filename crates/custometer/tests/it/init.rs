//! `custometer init` and `custometer packs` as their users see them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::{stderr, stdout};

fn custometer(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_custometer")).args(arguments).current_dir(folder).output().unwrap()
}

const ORDERS: &str =
    "order_id,customer_id,created_at,amount,channel\n1,a,2025-01-03,10.50,web\n2,b,2025-01-04,20.00,shop\n3,a,2025-02-05,30.00,web\n";

#[test]
fn a_report_is_written_beside_its_folder_and_over_none() {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("exports")).unwrap();
    fs::create_dir_all(folder.path().join("reports")).unwrap();
    fs::write(folder.path().join("exports/orders.csv"), ORDERS).unwrap();
    fs::write(folder.path().join("exports/note.csv"), "what\nnothing\n").unwrap();
    let made = custometer(folder.path(), &["init", "exports", "--out", "reports/first.toml"]);
    assert!(made.status.success(), "{}", stderr(&made));
    assert!(stderr(&made).contains("left out: `exports/note.csv` is like no table that a metric reads"), "{}", stderr(&made));
    let text = fs::read_to_string(folder.path().join("reports/first.toml")).unwrap();
    assert!(text.contains("path = \"../exports/orders.csv\"") && text.contains("# Left out:\n# - `exports/note.csv`"), "{text}");
    let run = custometer(folder.path(), &["run", "reports/first.toml", "--set", "report.grain=total", "--set", "report.compare=[]"]);
    assert!(run.status.success() && stdout(&run).contains("20.17"), "{}{}", stdout(&run), stderr(&run));
    let again = custometer(folder.path(), &["init", "exports", "--out", "reports/first.toml"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("`reports/first.toml` is there already"), "{}", stderr(&again));
    assert_eq!(fs::read_to_string(folder.path().join("reports/first.toml")).unwrap(), text);
    assert!(custometer(folder.path(), &["init", "exports", "--out", "reports/first.toml", "--force"]).status.success());
}

#[test]
fn what_can_be_meant_in_two_ways_holds_back_what_rests_on_it() {
    let folder = TempDir::new().unwrap();
    let rows = "id,Customer,Client,Date,Total cents\n1,a,x,03/02/2025,1050\n2,b,y,04/02/2025,2000\n3,a,x,05/03/2025,3000\n";
    fs::write(folder.path().join("orders.csv"), rows).unwrap();
    let made = custometer(folder.path(), &["init", "orders.csv"]);
    assert!(made.status.success(), "{}", stderr(&made));
    let text = fs::read_to_string(folder.path().join("report.toml")).unwrap();
    for comment in
        ["# time_formats.Date = \"%d/%m/%Y\"", "# time_formats.Date = \"%m/%d/%Y\"", "# amounts_in = \"minor_units\"", "# [[metrics]]"]
    {
        assert!(text.contains(comment), "{comment}: {text}");
    }
    assert!(!text.contains("\n[[metrics]]") && stderr(&made).contains("make the choices in it"), "{text}{}", stderr(&made));
}

#[test]
fn a_pack_that_is_not_there_is_no_pack() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("orders.csv"), ORDERS).unwrap();
    let made = custometer(folder.path(), &["init", "orders.csv", "--pack", "stripes"]);
    assert_eq!(made.status.code(), Some(2));
    assert!(stderr(&made).contains("there is no pack `stripes`: did you mean `stripe`?"), "{}", stderr(&made));
    let made = custometer(folder.path(), &["init", "orders.csv", "--pack", "stripe"]);
    assert!(
        stderr(&made).contains("`orders.csv` is like no table of the pack") && !folder.path().join("report.toml").exists(),
        "{}",
        stderr(&made)
    );
    let said = custometer(folder.path(), &["packs", "describe", "stripe.charges"]);
    assert!(stdout(&said).contains("where = \"status = 'succeeded'\""), "{}", stdout(&said));
}
