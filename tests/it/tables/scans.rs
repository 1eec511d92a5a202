//! Tables over the same files, which are gone through once for all of them.

use std::fmt::Write as _;

use custometer_testkit::{Case, results};
use serde_json::json;

/// Orders, of which some are refunds, of damaged rows and of customers in the same file.
fn orders() -> String {
    let mut orders = "order_id,time,customer_id,amount,kind\n".to_owned();
    for order in 0..200 {
        let (day, customer) = (1 + order % 28, order * 7 % 31);
        let kind = if order % 9 == 0 { "refund" } else { "sale" };
        let amount = if order == 77 { "free".to_owned() } else { format!("{}.5", 10 + order % 13) };
        writeln!(orders, "{order},2025-01-{day:02},c{customer},{amount},{kind}").unwrap();
    }
    orders
}

const SALES: &str = "[tables.sales]\npath = \"orders.csv\"\nwhere = \"kind = 'sale'\"\n";
const REFUNDS: &str = "[tables.refunds]\npath = \"orders.csv\"\nwhere = \"kind = 'refund'\"\nderive = { weekday = \"EXTRACT(dow FROM CAST(time AS \
                       TIMESTAMP))\" }\n";
const BUYERS: &str = "[tables.buyers]\npath = \"orders.csv\"\ncolumns = { user_id = \"customer_id\" }\ndeduplicate = [\"customer_id\"]\n";

const REPORT: &str = "[report]\nmax_rejected_percent = 100\nas_of = 2025-02-01\ngrain = \"week\"\n";

fn request(metric: &str, table: &str, more: &str) -> String {
    format!("[[metrics]]\nmetric = \"{metric}\"\nname = \"{metric} of {table}\"\ntable = \"{table}\"\n{more}\n")
}

fn requests() -> [String; 3] {
    [
        request("loyalty.purchase_frequency", "sales", "by = [[], [\"customer_id\"]]"),
        request("loyalty.average_order_value", "refunds", "by = [[], [\"weekday\"]]"),
        request("loyalty.average_order_value", "buyers", ""),
    ]
}

#[test]
fn tables_over_one_file_are_one_scan_and_give_what_each_gives_alone() {
    let case = Case::new().file("orders.csv", orders());
    let report = |tables: &[&str], requests: &[String]| {
        format!("{REPORT}until = 2025-02-01\nfrom = 2025-01-01\n{}{}", tables.concat(), requests.concat())
    };
    let together = report(&[SALES, REFUNDS, BUYERS], &requests());
    let explained = custometer_runner::explain(&case.load(&together).unwrap(), true).unwrap();
    let lines_of: Vec<&str> = explained.lines().filter(|line| line.starts_with("table `")).collect();
    assert_eq!(
        lines_of,
        [
            "table `buyers`: 1 scan of 1 csv file, shared with `refunds`, `sales`",
            "table `refunds`: no scan of its own, but that of `buyers`",
            "table `sales`: no scan of its own, but that of `buyers`",
        ]
    );
    let result = case.run(&together).unwrap();
    let mut alone = Vec::new();
    for (table, of_table) in [SALES, REFUNDS, BUYERS].iter().zip(requests()) {
        let result = case.run(&report(&[table], &[of_table])).unwrap();
        assert!(result.results.iter().any(|row| row.value.is_some_and(|value| value > 0.0)));
        alone.extend(result.results);
    }
    assert_eq!(result.results, alone);
    assert!(alone.len() > 100);
}

#[test]
fn every_table_has_its_own_ledger_of_the_one_scan() {
    let case = Case::new().file("orders.csv", orders());
    let requests = ["refunds", "sales"].map(|table| request("loyalty.average_order_value", table, "")).concat();
    let json = case.json(&format!("{REPORT}{SALES}{REFUNDS}{requests}")).unwrap();
    let of_tables: Vec<_> = json["manifest"]["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| {
            json!([
                table["table"],
                table["rows_read"],
                table["rows_filtered"],
                table["uses"][0]["rows_used"],
                table["uses"][0]["rows_rejected"]
            ])
        })
        .collect();
    // 23 of the 200 orders are refunds, and the amount of a sale can't be read.
    assert_eq!(of_tables, [json!(["refunds", 200, 177, 23, 0]), json!(["sales", 200, 23, 176, 1])]);
    let files: Vec<_> = json["manifest"]["tables"].as_array().unwrap().iter().map(|table| table["files"].clone()).collect();
    assert_eq!(files[0], files[1]);
    assert!(!results(&json).is_empty());
}

#[test]
fn files_that_are_read_in_another_way_are_another_scan() {
    let case = Case::new().file("orders.csv", "time,amount,order_id,customer_id\n2025-01-01,1,1,a\n2025-01-02,2,2,b\n2025-01-03,6,3,b\n");
    let tables = "[tables.all]\npath = \"orders.csv\"\n[tables.first]\npath = \"./orders.csv\"\nfooter_lines = 1\n\
                  [tables.same]\npath = \"./orders.csv\"\ndecimal_comma = true\n";
    let requests = ["all", "first", "same"].map(|table| request("loyalty.average_order_value", table, "")).concat();
    let report = format!("{REPORT}grain = \"total\"\n{tables}{requests}").replacen("grain = \"week\"\n", "", 1);
    let explained = custometer_runner::explain(&case.load(&report).unwrap(), false).unwrap();
    assert!(explained.contains("table `all`: 1 scan of 1 csv file, shared with `same`\n"), "{explained}");
    assert!(explained.contains("table `first`: 1 scan of 1 csv file\n"), "{explained}");
    let json = case.json(&report).unwrap();
    assert_eq!(results(&json).iter().map(|row| row["value"].as_f64().unwrap()).collect::<Vec<_>>(), [3.0, 1.5, 3.0]);
}

#[test]
fn lookups_into_one_file_are_one_scan_and_find_what_each_finds_alone() {
    let people = "id,team,boss\na,red,b\nb,blue,c\nc,blue,\n";
    let case = Case::new()
        .file("people.csv", people)
        .file("tickets.csv", "time,score,opened_by,closed_by\n2025-01-03,5,a,b\n2025-01-04,1,b,c\n2025-01-05,4,a,x\n");
    let lookups = "lookup.opener = { table = \"people\", on = { opened_by = \"id\" }, columns = { opened_team = \"team\" } }\n\
                   lookup.closer = { table = \"people\", on = { closed_by = \"id\" }, columns = { closed_team = \"team\" } }\n\
                   lookup.boss = { table = \"bosses\", on = { opened_by = \"id\" }, columns = \"boss\" }\n";
    let report = |lookups: &str, by: &str| {
        format!(
            "{REPORT}[tables.tickets]\npath = \"tickets.csv\"\n{lookups}[tables.people]\npath = \"people.csv\"\n[tables.bosses]\npath = \
             \"people.csv\"\nwhere = \"boss IS NOT NULL\"\n{}",
            request("support.csat", "tickets", by)
        )
    };
    let all = "by = [[\"opened_team\"], [\"closed_team\"], [\"boss\"]]";
    let json = case.json(&report(lookups, all)).unwrap();
    let groups: Vec<_> = results(&json).iter().map(|row| json!([row["dimensions"], row["n"]])).collect();
    let mut alone = Vec::new();
    for (lookup, column) in lookups.lines().zip(["opened_team", "closed_team", "boss"]) {
        let json = case.json(&report(&format!("{lookup}\n"), &format!("by = [[\"{column}\"]]"))).unwrap();
        alone.extend(results(&json).iter().map(|row| json!([row["dimensions"], row["n"]])));
    }
    assert_eq!(groups, alone);
    assert_eq!(groups.len(), 2 + 2 + 2);
    let explained = custometer_runner::explain(&case.load(&report(lookups, all)).unwrap(), false).unwrap();
    assert_eq!(explained.matches("is gone through once beforehand").count(), 1, "{explained}");
    assert!(explained.contains("    `people` is gone through with `bosses`, in one scan\n"), "{explained}");
}
