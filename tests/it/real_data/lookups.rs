//! Files of one system that belong together, joined. The values are those of joins written by hand in DuckDB.

use std::collections::BTreeMap;

use custometer_testkit::{Case, rejections, results};
use serde_json::Value as Json;

use super::shared;

/// The values of a request by the group of its only dimension, with the number of observations.
fn by_group(json: &Json, request: &str) -> BTreeMap<String, (f64, u64)> {
    let rows = results(json).iter().filter(|row| row["request"] == request);
    let of_row = |row: &Json| {
        let group = row["dimensions"].as_object().unwrap().values().next().map_or_else(|| "all".to_owned(), ToString::to_string);
        (group.trim_matches('"').to_owned(), (row["value"].as_f64().unwrap(), row["n"].as_u64().unwrap()))
    };
    rows.map(of_row).collect()
}

fn are(found: &BTreeMap<String, (f64, u64)>, expected: &[(&str, f64, u64)]) {
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.iter().map(|(group, ..)| *group).collect::<Vec<_>>());
    for (group, value, n) in expected {
        let (is, rows) = found[*group];
        assert!((is - value).abs() < 1e-9 && rows == *n, "{group}: {is} of {rows}");
    }
}

#[test]
#[cfg_attr(not(data = "stripe"), ignore = "there is no ../shared/data/stripe")]
fn items_of_subscriptions_cost_what_their_plan_says() {
    let folder = shared("stripe").display().to_string();
    // What a plan costs stands in cents per so many months.
    let config = format!(
        "[report]\nfrom = 2024-07-01\nuntil = 2024-08-01\nas_of = 2024-08-01\nmax_rejected_percent = 10\n\
         [tables.items]\npath = \"{folder}/subscription_item_data.csv\"\n\
         columns = {{ customer_id = \"subscription_id\", started_at = \"created\", ended_at = \"current_period_end\" }}\n\
         lookup.plans = {{ on = {{ plan_id = \"id\" }}, columns = [\"amount\", \"interval_count\"] }}\n\
         derive = {{ amount_per_month = \"quantity * amount / interval_count / 100.0\" }}\n\
         [tables.plans]\npath = \"{folder}/plan_data.csv\"\n\
         [[metrics]]\nmetric = \"loyalty.mrr\"\ntable = \"items\"\nby = [[], [\"interval_count\"]]\n"
    );
    let json = Case::new().json(&config).unwrap();
    // One of the items has a plan that there is none of, so that nobody knows what it costs.
    let items = &json["manifest"]["tables"][0];
    let expected = "1 of 14 rows has no match in `plans`, for example `146gcb` (subscription_item_data.csv, row 14)";
    assert!(items["notes"][0].as_str().unwrap().replace(&format!("{folder}/"), "").starts_with(expected), "{}", items["notes"][0]);
    assert_eq!(items["lookups"][0]["rows_found"], 13);
    assert_eq!(rejections(&json).iter().map(|(_, rows)| rows).sum::<u64>(), 1);
    are(&by_group(&json, "loyalty.mrr"), &[("1", 8928.0, 10), ("3", 1760.2, 1), ("6", 1150.0, 2), ("all", 11_838.2, 13)]);
}

#[test]
#[cfg_attr(not(data = "shopify"), ignore = "there is no ../shared/data/shopify")]
fn lines_have_the_time_and_customer_of_their_order_and_the_kind_of_their_product() {
    let folder = shared("shopify").display().to_string();
    let config = format!(
        "[report]\nfrom = 2020-09-01\nuntil = 2020-10-01\nas_of = 2020-10-01\n\
         [tables.lines]\npath = \"{folder}/shopify_order_line_data.csv\"\n\
         lookup.orders = {{ on = {{ order_id = \"id\" }}, columns = {{ time = \"created_at\", customer_id = \"customer_id\" }} }}\n\
         lookup.products = {{ on = {{ product_id = \"id\" }}, columns = [\"product_type\"] }}\n\
         lookup.customers = {{ on = {{ customer_id = \"id\" }}, columns = [\"state\"] }}\n\
         derive = {{ amount = \"price * quantity\" }}\n\
         [tables.orders]\npath = \"{folder}/shopify_order_data.csv\"\n\
         [tables.products]\npath = \"{folder}/shopify_product_data.csv\"\n\
         [tables.customers]\npath = \"{folder}/shopify_customer_data.csv\"\n\
         [[metrics]]\nname = \"by_product\"\nmetric = \"loyalty.average_order_value\"\ntable = \"lines\"\nby = [[], [\"product_type\"]]\n\
         [[metrics]]\nname = \"by_customer\"\nmetric = \"loyalty.average_order_value\"\ntable = \"lines\"\nby = [[\"state\"]]\n"
    );
    let json = Case::new().json(&config).unwrap();
    assert!(rejections(&json).is_empty(), "{:?}", rejections(&json));
    let products = [("all", 12.8 / 3.0, 3), ("ec3bb3dd6e9d1f348a040ee7b45f1a72", 4.4, 1), ("fdb42fcb90ecd31c015932ffcd313014", 4.2, 2)];
    are(&by_group(&json, "by_product"), &products);
    are(&by_group(&json, "by_customer"), &[("disabled", 3.6, 2), ("invited", 5.6, 1)]);
}

#[test]
#[cfg_attr(not(data = "zendesk"), ignore = "there is no ../shared/data/zendesk")]
fn tickets_have_the_target_that_their_policy_had_then() {
    let folder = shared("zendesk").display().to_string();
    let config = format!(
        "[report]\nfrom = 2020-01-01\nuntil = 2021-01-01\nas_of = 2021-01-01\n\
         [tables.tickets]\npath = \"{folder}/ticket_data.csv\"\ncolumns = {{ ticket_id = \"id\" }}\n\
         lookup.policies = {{ on = {{ ticket_id = \"ticket_id\" }}, columns = [\"sla_policy_id\"] }}\n\
         lookup.users = {{ on = {{ requester_id = \"id\" }}, columns = [\"role\"] }}\n\
         derive = {{ metric = \"'first_reply_time'\", level = \"COALESCE(priority, 'normal')\" }}\n\
         [tables.tickets.lookup.targets]\non = {{ sla_policy_id = \"sla_policy_id\", metric = \"metric\", level = \"priority\" }}\n\
         columns = {{ target_minutes = \"target\" }}\nvalid_from = \"sla_policy_updated_at\"\nat = \"created_at\"\n\
         [tables.policies]\npath = \"{folder}/ticket_sla_policy_data.csv\"\n\
         [tables.targets]\npath = \"{folder}/sla_policy_metric_history_data.csv\"\n\
         [tables.users]\npath = \"{folder}/user_data.csv\"\n\
         [[metrics]]\nname = \"by_policy\"\nmetric = \"support.ticket_volume\"\ntable = \"tickets\"\nby = [[\"sla_policy_id\"]]\n\
         [[metrics]]\nname = \"by_target\"\nmetric = \"support.ticket_volume\"\ntable = \"tickets\"\nby = [[\"target_minutes\"]]\n\
         [[metrics]]\nname = \"by_role\"\nmetric = \"support.ticket_volume\"\ntable = \"tickets\"\nby = [[\"role\"]]\n"
    );
    let json = Case::new().json(&config).unwrap();
    assert!(rejections(&json).is_empty(), "{:?}", rejections(&json));
    are(&by_group(&json, "by_policy"), &[("1001", 7.0, 7), ("1002", 3.0, 3)]);
    // Policy 1001 answered within 480 minutes until June, and within 360 from then on; one of the others was urgent.
    are(&by_group(&json, "by_target"), &[("120", 1.0, 1), ("360", 3.0, 3), ("480", 4.0, 4), ("960", 2.0, 2)]);
    are(&by_group(&json, "by_role"), &[("end-user", 1.0, 1), ("null", 9.0, 9)]);
    // A ticket that changed its schedule has two rows there: which one is meant is not guessed.
    let schedules = config
        .replace("lookup.users", "lookup.schedules = { on = \"ticket_id\", columns = [\"schedule_id\"] }\nlookup.users")
        .replace("[tables.users]", &format!("[tables.schedules]\npath = \"{folder}/ticket_schedule_data.csv\"\n[tables.users]"))
        .replace("by = [[\"role\"]]", "by = [[\"schedule_id\"]]");
    let problem = Case::new().json(&schedules).unwrap_err();
    assert!(problem.contains("one key (`ticket_id`) of table `schedules` has several rows") && problem.contains("`94490`"), "{problem}");
    let then = schedules.replace("[\"schedule_id\"] }", "[\"schedule_id\"], valid_from = \"created_at\", at = \"created_at\" }");
    are(&by_group(&Case::new().json(&then).unwrap(), "by_role"), &[("null", 10.0, 10)]);
}
