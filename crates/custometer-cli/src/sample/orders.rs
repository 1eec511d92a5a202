//! Purchases: more of them before Christmas, fewer in July; most customers buy once, regulars keep coming back.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{Chunk, Customer, Population, Time, choose, hundredths, spread};

struct Order {
    time: Time,
    /// Missing for the few orders that nobody can be found for.
    customer: Option<i64>,
    region: &'static str,
    channel: &'static str,
    amount: f64,
    margin_rate: f64,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let customers = chunk.population(chunk.total, 1.2);
    let seconds = chunk.seconds(rng, chunk.rows.end - chunk.rows.start);
    let rows: Vec<Order> = seconds.into_iter().map(|second| order(chunk.seed, rng, &customers, second)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("order_id".into(), chunk.rows.clone().map(|row| format!("O{:07}", row + 1)).collect::<Vec<_>>()),
            chunk.time_column("time", rows.iter().map(|row| row.time))?,
            Column::new("customer_id".into(), rows.iter().map(|row| row.customer.map(|id| format!("C{id:07}"))).collect::<Vec<_>>()),
            Column::new("region".into(), rows.iter().map(|row| row.region).collect::<Vec<_>>()),
            Column::new("channel".into(), rows.iter().map(|row| row.channel).collect::<Vec<_>>()),
            Column::new("amount".into(), rows.iter().map(|row| row.amount).collect::<Vec<_>>()),
            Column::new("margin_rate".into(), rows.iter().map(|row| row.margin_rate).collect::<Vec<_>>()),
        ],
    )
}

fn order(seed: u64, rng: &mut ChaCha8Rng, customers: &Population, second: i64) -> Order {
    let id = customers.pick(rng, second);
    let Customer { region, spending, .. } = Customer::new(seed, id);
    let (channel, median) = choose(rng, &[(("web", 46.0), 55), (("store", 34.0), 25), (("app", 40.0), 20)]);
    Order {
        time: Time::recorded(rng, second),
        customer: rng.random_bool(0.997).then_some(id),
        region,
        channel,
        amount: hundredths(spread(rng, median * spending, 1.0)),
        margin_rate: hundredths(0.1 + 0.25 * (rng.random::<f64>() + rng.random::<f64>())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Table, tests};

    #[test]
    fn few_orders_lack_a_customer_and_nearly_half_of_the_customers_return() {
        let frame = tests::sample(Table::Orders);
        let customers = frame.column("customer_id").unwrap().str().unwrap();
        tests::assert_few(&frame, |row| customers.get(row).is_none());
        let mut orders = BTreeMap::new();
        for customer in customers.iter().flatten() {
            *orders.entry(customer).or_insert(0) += 1;
        }
        let returning = orders.values().filter(|&&count| count >= 2).count() as f64 / orders.len() as f64;
        assert!((0.4..0.5).contains(&returning), "{returning}");
    }

    #[test]
    fn amounts_and_margins_are_in_range() {
        let frame = tests::sample(Table::Orders);
        assert!(frame.column("amount").unwrap().f64().unwrap().iter().flatten().all(|amount| amount > 0.0));
        assert!(frame.column("margin_rate").unwrap().f64().unwrap().iter().flatten().all(|rate| (0.1..=0.6).contains(&rate)));
    }
}
