//! What a shop's connector writes: orders in two currencies, and what was returned. The values are those of joins written by hand in DuckDB.

use custometer_testkit::{Case, assert_close, rejections, results};
use serde_json::Value as Json;

use super::shared;

/// The values of a request with their observations, by the groups of its dimensions in their order.
pub(super) fn values(json: &Json, request: &str) -> Vec<(String, f64, u64)> {
    let rows = results(json).iter().filter(|row| row["request"] == request && !row["value"].is_null());
    let of_row = |row: &Json| {
        let groups: Vec<String> =
            row["dimensions"].as_object().unwrap().values().map(|group| group.to_string().trim_matches('"').to_owned()).collect();
        (groups.join(" "), row["value"].as_f64().unwrap(), row["n"].as_u64().unwrap())
    };
    rows.map(of_row).collect()
}

pub(super) fn are(found: &[(String, f64, u64)], expected: &[(&str, f64, u64)]) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((group, value, n), (of, is, rows)) in found.iter().zip(expected) {
        assert_eq!((group.as_str(), n), (*of, rows));
        assert_close(*value, *is);
    }
}

/// ```sql
/// SELECT currency, avg(total_price), count(*) FROM orders GROUP BY 1;
/// SELECT currency, 100.0 * count(*) FILTER (n >= 2) / count(*), count(*)
/// FROM (SELECT currency, customer_id, count(*) n FROM orders GROUP BY ALL) GROUP BY ROLLUP (1);
/// WITH cohort AS (SELECT customer_id, date_trunc('year', min(created_at)) first FROM orders GROUP BY 1)
/// SELECT first, year(created_at) - year(first) age, sum(total_price) / count(DISTINCT customer_id) FROM orders JOIN cohort USING (customer_id) GROUP BY 1, 2
/// ```
#[test]
#[cfg_attr(not(data = "shopify"), ignore = "there is no ../shared/data/shopify")]
fn orders_have_an_average_value_and_customers_who_come_back_by_currency() {
    let folder = shared("shopify").display().to_string();
    let requests = [
        "metric = \"loyalty.average_order_value\"\nby = [[\"currency\"]]\ngrain = \"total\"",
        "metric = \"loyalty.repeat_purchase_rate\"\nby = [[], [\"currency\"]]\ngrain = \"total\"",
        "name = \"pounds\"\nmetric = \"loyalty.cohort_revenue\"\nwhere = \"currency = 'GBP'\"",
        "name = \"dollars\"\nmetric = \"loyalty.cohort_revenue\"\nwhere = \"currency = 'USD'\"",
    ];
    let requests = requests.map(|request| format!("[[metrics]]\ntable = \"orders\"\n{request}\n")).concat();
    let config = |of_report: &str| {
        format!(
            "[report]\nfrom = 2020-01-01\nuntil = 2026-01-01\nas_of = 2026-01-01\ngrain = \"year\"\n{of_report}\n[tables.orders]\npath = \"{folder}/shopify_order_data.csv\"\n\
             columns = {{ time = \"created_at\", amount = \"total_price\", order_id = \"id\" }}\n{requests}"
        )
    };
    let json = Case::new().json(&config("")).unwrap();
    assert!(rejections(&json).is_empty(), "{:?}", rejections(&json));
    are(&values(&json, "loyalty.average_order_value"), &[("GBP", 11.98 / 3.0, 3), ("USD", 123.006, 5)]);
    are(&values(&json, "loyalty.repeat_purchase_rate"), &[("", 100.0 / 7.0, 7), ("GBP", 50.0, 2), ("USD", 0.0, 5)]);
    let pounds: Vec<_> = values(&json, "pounds").into_iter().filter(|(.., n)| *n > 0).collect();
    are(&pounds, &[("0", 5.99, 2), ("1", 0.0, 2), ("2", 0.0, 2), ("3", 0.0, 2), ("4", 0.0, 2), ("5", 0.0, 2)]);
    are(&values(&json, "dollars"), &[("0", 123.006, 5)]);
    // All together are no sum, and one in pounds by the European Central Bank's rates of 2 May 2025.
    let all = config("").replace("by = [[\"currency\"]]", "by = [[]]");
    assert!(Case::new().json(&all).unwrap_err().contains("in several currencies, `GBP` and `USD`"));
    let rates = "currency = \"GBP\"\nrates = { quoted = \"units_per_base\", base = \"EUR\", fixed = { USD = 1.1343, GBP = 0.8533 } }";
    let json = Case::new().json(&config(rates).replace("by = [[\"currency\"]]", "by = [[]]")).unwrap();
    are(&values(&json, "loyalty.average_order_value"), &[("", (11.98 + 615.03 / 1.1343 * 0.8533) / 8.0, 8)]);
}

/// `SELECT restock_type, sum(subtotal), count(*), count(refunds.id) FROM lines LEFT JOIN refunds ON refunds.id = refund_id GROUP BY ROLLUP (1)`
#[test]
#[cfg_attr(not(data = "shopify"), ignore = "there is no ../shared/data/shopify")]
fn what_was_refunded_is_summed_by_what_became_of_it() {
    let folder = shared("shopify").display().to_string();
    let config = format!(
        "[tables.lines]\npath = \"{folder}/shopify_order_line_refund_data.csv\"\ncurrency = \"USD\"\n\
         lookup.refunds = {{ on = {{ refund_id = \"id\" }}, columns = [\"order_id\"] }}\n[tables.refunds]\npath = \"{folder}/shopify_refund_data.csv\"\n\
         [define.\"shop.refunds\"]\ntable = \"lines\"\namounts = [\"subtotal\"]\nunit = \"currency\"\nvalue = \"refunded\"\n\
         measures = {{ refunded = \"sum(subtotal)\", lines = \"count(*)\", of_known_orders = \"count(order_id)\" }}\n\
         [[metrics]]\nmetric = \"shop.refunds\"\ntable = \"lines\"\nby = [[], [\"restock_type\"]]\n"
    );
    let json = Case::new().json(&config).unwrap();
    are(&values(&json, "shop.refunds"), &[("", 2075.0, 5), ("no_restock", 830.0, 2), ("return", 1245.0, 3)]);
    assert_eq!(results(&json)[0]["currency"], "USD");
    // The refunds of the sample are others than those of its lines.
    assert_eq!(results(&json)[0]["measures"]["of_known_orders"], 0);
    assert_eq!(json["manifest"]["tables"][0]["lookups"][0]["rows_found"], 0);
}
