//! Rows that would differ if anything of a run were added in another order, compared by its codes, or told from one part alone.

use std::fmt::Write as _;

use custometer_runner::stages::{Sizes, Spec};
use custometer_testkit::{Case, difference, run_in_stages};

/// A run, and the same cut in several ways.
fn is_one_run(case: &Case, config: &str) {
    let report = case.load(config).unwrap_or_else(|problems| panic!("{problems}"));
    let run = custometer_runner::run(&report, case.path(), &|_| ()).unwrap();
    // Into 4 tasks and 11 parts, 11 and 2, 45 and 1.
    for seed in [3, 34, 36] {
        let staged = run_in_stages(&report, case.path(), seed).unwrap();
        if let Some(difference) = difference(&run, &staged) {
            panic!("cut by {seed}: {difference}");
        }
    }
}

/// Orders with amounts that cancel each other, ties, blanks, ids in two spellings, and damage.
fn orders(rows: usize) -> String {
    let amounts = ["1e15", "-1e15", "0.1", "-0.0", "0", "NaN", "0.30000000000000004", "many", "", "3.14", "1e-9"];
    let regions = ["north", "south", "", " ", "Nord"];
    let mut text = String::from("time,customer_id,order_id,amount,region,score,version\n");
    for row in 0..rows {
        let (day, hour) = (1 + row * 7 % 28, row % 24);
        let amount = amounts[row * 5 % amounts.len()];
        let region = regions[row % regions.len()];
        let _ = writeln!(
            text,
            "2025-{:02}-{day:02} {hour:02}:00:00,c{},o{},{amount},{region},{},{}",
            1 + row % 6,
            row % 17,
            row % 90,
            row % 12,
            row % 3
        );
        if row % 41 == 7 {
            text.push_str("2025-01-01,too,few\n");
        }
    }
    text
}

const HEAD: &str = "[report]\nmax_rejected_percent = 100\ntimezone = \"Europe/Copenhagen\"\nas_of = 2025-07-01\n";

#[test]
fn amounts_ties_and_damage() {
    let config = format!(
        "{HEAD}from = 2025-01-01\nuntil = 2025-07-01\ngrain = \"month\"\ncompare = [\"previous\"]\nrejected_rows = true\n\
         [tables.orders]\npath = \"orders.csv\"\n\
         [define.\"acme.spread\"]\ntitle = \"Spread\"\ntable = \"orders\"\nunit = \"ratio\"\ndirection = \"higher_is_better\"\nvalue = \"spread + high - low + total / customers + middle\"\n\
         [define.\"acme.spread\".measures]\nlow = \"min(CAST(amount AS DOUBLE))\"\nhigh = \"max(CAST(amount AS DOUBLE))\"\ntotal = \"sum(CAST(amount AS DOUBLE))\"\nspread = \"stddev(CAST(amount AS DOUBLE))\"\n\
         customers = \"count(distinct customer_id)\"\nmiddle = \"median(CAST(amount AS DOUBLE))\"\n\
         [[metrics]]\nmetric = \"acme.spread\"\ntable = \"orders\"\nby = [[], [\"region\"], [\"amount\"]]\n\
         [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nparams = {{ refunds = \"net\" }}\nby = [[], [\"region\"]]\n\
         [[metrics]]\nmetric = \"loyalty.clv_historic\"\ntable = \"orders\"\nparams = {{ refunds = \"net\", margin_rate = 1 }}\nby = [[], [\"region\"]]\n"
    );
    is_one_run(&Case::new().file("orders.csv", orders(150)), &config);
}

#[test]
fn repetition_conditions_and_doubts() {
    for keep in ["\"first\"", "\"last\"", "{ newest = \"version\" }"] {
        let config = format!(
            "{HEAD}grain = \"month\"\n[tables.orders]\npath = \"orders-*.csv\"\nwhere = \"CAST(amount AS DOUBLE) > 0\"\n\
             deduplicate = [\"order_id\"]\nkeep = {keep}\n\
             [[metrics]]\nmetric = \"loyalty.repeat_purchase_rate\"\ntable = \"orders\"\nby = [[], [\"region\"]]\n\
             [[metrics]]\nmetric = \"loyalty.rfm\"\ntable = \"orders\"\ngrain = \"total\"\ndetail = true\n\
             [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nwhere = \"region IN ('north', 'East')\"\n"
        );
        let case = Case::new().file("orders-1.csv", orders(100)).file("orders-2.csv", orders(60));
        is_one_run(&case, &config);
    }
    // Without repetition told, orders repeat their ids: that is a doubt.
    let config = format!(
        "{HEAD}[tables.orders]\npath = \"orders.csv\"\nwhere = \"CAST(amount AS DOUBLE) > 0\"\n[[metrics]]\nmetric = \"loyalty.clv_historic\"\ntable = \"orders\"\nparams = {{ margin_rate = 1 }}\n"
    );
    let case = Case::new().file("orders.csv", orders(100));
    let notes = custometer_testkit::results(&case.json(&config).unwrap())[0]["note"].to_string();
    assert!(notes.contains("order_id"), "{notes}");
    is_one_run(&case, &config);
}

#[test]
fn windows_and_small_groups() {
    let table = "[tables.orders]\npath = \"orders.csv\"\nwhere = \"CAST(amount AS DOUBLE) > 0\"\ncolumns = { user_id = \"customer_id\" }\n";
    let windows = format!(
        "{HEAD}from = 2025-02-01\nuntil = 2025-07-01\ngrain = \"week\"\n{table}\
         [[metrics]]\nname = \"windows\"\nmetric = \"web.visitors\"\ntable = \"orders\"\nwindow = \"4 weeks\"\nby = [[], [\"region\"]]\n\
         [[metrics]]\nname = \"middle\"\nmetric = \"acme.middle\"\ntable = \"orders\"\nwindow = \"3 weeks\"\nby = [[], [\"region\"]]\n\
         [define.\"acme.middle\"]\ntitle = \"Middle\"\ntable = \"orders\"\ntime = \"time\"\nunit = \"ratio\"\ndirection = \"higher_is_better\"\n\
         value = \"middle\"\nmeasures = {{ middle = \"median(CAST(amount AS DOUBLE))\" }}\n"
    );
    let hidden = format!(
        "{HEAD}from = 2025-02-01\nuntil = 2025-07-01\ngrain = \"month\"\nmin_group_size = 4\ncompare = [\"previous\"]\n{table}\
         [[metrics]]\nmetric = \"web.visitors\"\ntable = \"orders\"\nby = [[], [\"region\"]]\n\
         [[metrics]]\nmetric = \"web.active_users\"\ntable = \"orders\"\nparams = {{ window_days = 28 }}\nby = [[], [\"region\"]]\n"
    );
    let case = Case::new().file("orders.csv", orders(250));
    is_one_run(&case, &windows);
    is_one_run(&case, &hidden);
}

#[test]
fn lookups_for_a_time_and_changes() {
    let mut plans = String::from("customer_id,since,plan,price\n");
    for customer in 0..17 {
        for change in 0..3 {
            let plan = ["basic", "pro", "churn"][(customer + change) % 3];
            let _ = writeln!(plans, "c{customer},2025-{:02}-{:02},{plan},{}", 1 + 2 * change, 1 + customer, 10 * (change + 1));
        }
    }
    plans.push_str("c3,when,pro,many\n");
    let config = format!(
        "{HEAD}from = 2025-01-01\nuntil = 2025-07-01\ngrain = \"month\"\nrejected_rows = true\n\
         [tables.orders]\npath = \"orders.csv\"\nwhere = \"CAST(amount AS DOUBLE) > 0\"\n\
         lookup.plans = {{ on = \"customer_id\", columns = [\"plan\", \"price\"], valid_from = \"since\", at = \"time\" }}\n\
         derive = {{ margin = \"CAST(amount AS DOUBLE) - CAST(price AS DOUBLE)\" }}\n\
         [tables.plans]\npath = \"plans.csv\"\n\
         [tables.changes]\npath = \"plans.csv\"\nspans = {{ of = \"customer_id\", at = \"since\", gone = \"plan = 'churn'\" }}\n\
         columns = {{ started_at = \"since\", amount_per_month = \"price\" }}\n\
         [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nby = [[], [\"plan\"], [\"price\"]]\ncolumns = {{ amount = \"margin\" }}\n\
         params = {{ refunds = \"net\" }}\n\
         [[metrics]]\nmetric = \"loyalty.mrr\"\ntable = \"changes\"\nby = [[], [\"plan\"]]\n"
    );
    let case = Case::new().file("orders.csv", orders(120)).file("plans.csv", plans);
    is_one_run(&case, &config);
}

#[test]
fn unions_rows_that_are_made_and_other_formats() {
    let rows = |table: &str| {
        (0..90).fold(String::new(), |text, row| {
            text + &format!(
                "{{\"time\":\"2025-0{}-11\",\"user_id\":\"u{}\",\"tags\":\"a;b;{table}\",\"score\":{}}}\n",
                1 + row % 6,
                row % 13,
                row % 11
            )
        })
    };
    let config = format!(
        "{HEAD}grain = \"month\"\nfrom = 2025-01-01\nuntil = 2025-07-01\n\
         [tables.web]\npath = \"web.ndjson\"\nexplode = {{ column = \"tags\", separator = \";\" }}\n\
         [tables.app]\npath = \"app.ndjson\"\nexplode = {{ column = \"tags\", separator = \";\" }}\n\
         [tables.all]\nunion = [\"web\", \"app\"]\nwhere = \"score > 1\"\n\
         [[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"all\"\nby = [[], [\"tags\"]]\n\
         [[metrics]]\nmetric = \"web.visitors\"\ntable = \"all\"\nby = [[], [\"tags\"]]\n\
         [[metrics]]\nname = \"of_web\"\nmetric = \"loyalty.nps\"\ntable = \"web\"\nby = [[], [\"tags\"]]\n"
    );
    let case = Case::new().file("web.ndjson", rows("web")).file("app.ndjson", rows("app"));
    is_one_run(&case, &config);
}

#[test]
fn rows_that_are_judged_by_others() {
    // A customer in two rows is rejected, and an order has one amount on one of its lines, wherever the rows are.
    let rows = (0..60).fold("customer_id,created_at,is_member\n".to_owned(), |text, row| {
        text + &format!("c{},2024-12-{:02},{}\n", row % 55, 1 + row % 28, row % 2 == 0)
    });
    let config = format!(
        "{HEAD}[tables.customers]\npath = \"customers.csv\"\n[tables.orders]\npath = \"orders.csv\"\n\
         [[metrics]]\nmetric = \"loyalty.program_participation\"\ntable = \"customers\"\n\
         [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nparams = {{ refunds = \"net\", one_order_per = \"order_id\" }}\n"
    );
    let case = Case::new().file("customers.csv", rows).file("orders.csv", orders(200));
    is_one_run(&case, &config);
    let spec = Spec::of(&case.load(&config).unwrap(), case.path(), Sizes { rows: 10, parts: 2 }).unwrap();
    assert_eq!((spec.undivided(), spec.tasks()), (["customers".to_owned(), "orders".to_owned()].as_slice(), 2));
}

#[test]
fn no_rows_and_words_that_no_row_has() {
    let config = format!(
        "{HEAD}[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"web.visitors\"\ntable = \"t\"\nwhere = \"device = 'fone'\"\n\
         [[metrics]]\nmetric = \"web.sessions\"\ntable = \"t\"\n"
    );
    is_one_run(&Case::new().file("t.csv", "user_id,time,event,device,session_id\n"), &config);
    let rows = (0..40).fold("user_id,time,event,device\n".to_owned(), |text, row| {
        text + &format!("u{},2025-01-{:02},page_view,{}\n", row % 7, 1 + row % 28, ["phone", "desk"][row % 2])
    });
    is_one_run(&Case::new().file("t.csv", rows), &config);
}
