//! `inspect` recognises this crate's tables in exports that call them and their columns otherwise.

use std::fmt::Write as _;
use std::process::Command;

/// What `inspect` says of a file.
fn inspected(name: &str, content: &str) -> String {
    let path = std::env::temp_dir().join(format!("acme-{}-{name}", std::process::id()));
    std::fs::write(&path, content).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_acme-metrics")).arg("inspect").arg(&path).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn shipments_are_parcels() {
    let mut rows = String::from("Tracking number,Carrier,Dispatched,Deliver by,Arrived\n");
    for row in 0..40 {
        let day = row % 20 + 1;
        let _ = writeln!(rows, "T{row:04},Hermod,2025-01-{day:02} 09:00,2025-01-{:02} 18:00,2025-01-{:02} 11:00", day + 2, day + row % 5);
    }
    let said = inspected("shipments.csv", &rows);
    assert!(said.contains("[tables.parcels]\n"), "{said}");
    for (column, name) in [("shipped_at", "Dispatched"), ("promised_at", "Deliver by"), ("delivered_at", "Arrived")] {
        assert!(said.contains(&format!("{column} = \"{name}\"")), "{said}");
    }
    assert!(said.contains("acme.on_time_rate"), "{said}");
}

#[test]
fn a_couriers_log_is_attempts() {
    let mut rows = String::from("Tracking number,Scanned at,Delivery status\n");
    for row in 0..60 {
        let outcome = ["nobody_home", "delivered"][row % 2];
        let _ = writeln!(rows, "T{:04},2025-01-{:02} 09:{:02}:00,{outcome}", row / 2, row / 2 % 28 + 1, row % 60);
    }
    let said = inspected("courier_log.csv", &rows);
    assert!(said.contains("[tables.attempts]\n"), "{said}");
    assert!(said.contains("acme.first_attempt_rate"), "{said}");
}
