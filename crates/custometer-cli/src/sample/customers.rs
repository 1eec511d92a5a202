//! Customers in the order in which they joined: regulars are active and loyal, most others came once and faded away.

use polars::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::world::{Chunk, DAY, Population, Profile, REFERRAL, Time, YEAR, hundredths, spread, whole};

struct Customer {
    id: i64,
    created: Time,
    profile: Profile,
    /// Missing where they never were.
    last_active: Option<i64>,
    logins_per_month: f64,
    orders_per_year: f64,
    features_used: i64,
}

pub(super) fn frame(chunk: &Chunk, rng: &mut ChaCha8Rng) -> PolarsResult<DataFrame> {
    let people = chunk.rows.clone().zip(chunk.joined());
    let rows: Vec<Customer> = people.map(|(row, joined)| customer(chunk.seed, rng, row.cast_signed() + 1, joined)).collect();
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("customer_id".into(), rows.iter().map(|row| format!("C{:07}", row.id)).collect::<Vec<_>>()),
            chunk.time_column("created_at", rows.iter().map(|row| row.created))?,
            Column::new("source".into(), rows.iter().map(|row| row.profile.source).collect::<Vec<_>>()),
            Column::new("country".into(), rows.iter().map(|row| row.profile.country).collect::<Vec<_>>()),
            Column::new("is_member".into(), rows.iter().map(|row| row.profile.is_member).collect::<Vec<_>>()),
            Column::new("is_trained".into(), rows.iter().map(|row| row.profile.is_trained).collect::<Vec<_>>()),
            Column::new(
                "is_referred".into(),
                rows.iter().map(|row| row.profile.source.map(|source| source == REFERRAL)).collect::<Vec<_>>(),
            ),
            Column::new("is_referrer".into(), rows.iter().map(|row| row.profile.is_referrer).collect::<Vec<_>>()),
            chunk.time_column("last_active_at", rows.iter().map(|row| row.last_active.into()))?,
            Column::new("logins_per_month".into(), rows.iter().map(|row| row.logins_per_month).collect::<Vec<_>>()),
            Column::new("orders_per_year".into(), rows.iter().map(|row| row.orders_per_year).collect::<Vec<_>>()),
            Column::new("features_used".into(), rows.iter().map(|row| row.features_used).collect::<Vec<_>>()),
        ],
    )
}

fn customer(seed: u64, rng: &mut ChaCha8Rng, id: i64, joined: i64) -> Customer {
    let profile = Profile::new(seed, id);
    let visits = Population::visits_per_year(id);
    // The last of several visits: who comes often, came lately.
    let latest = (0..=whole(visits)).map(|_| rng.random::<f64>() * rng.random::<f64>()).fold(0.0, f64::max);
    let last_active = joined + whole(latest * (YEAR.end - joined) as f64);
    // Who stayed away for long hardly uses anything.
    let vigour = match (YEAR.end - last_active) as f64 / DAY {
        ..90.0 => 1.0,
        ..365.0 => 0.4,
        _ => 0.1,
    };
    let trained = if profile.is_trained { 1.6 } else { 1.0 };
    let logins_per_month = hundredths(spread(rng, (2.0 + 0.8 * visits) * vigour * trained, 1.5));
    // An import that subtracted where it should not.
    let logins_per_month = if rng.random_bool(0.002) { -1.0 - logins_per_month } else { logins_per_month };
    // Two systems whose clocks disagree: active before being there.
    let last_active = if rng.random_bool(0.003) { joined - rng.random_range(60..86_400) } else { last_active };
    Customer {
        id,
        created: Time::recorded(rng, joined),
        last_active: rng.random_bool(0.96).then_some(last_active),
        logins_per_month,
        orders_per_year: hundredths(spread(rng, visits * vigour, 0.6)),
        features_used: whole(spread(rng, (3.0 + 0.25 * visits) * vigour * trained, 1.0)).min(12),
        profile,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use polars::prelude::*;

    use super::super::{Table, tests};

    #[test]
    fn few_are_active_before_they_are_there_or_log_in_less_than_never() {
        let frame = tests::sample(Table::Customers);
        let (created, active) = (tests::seconds(&frame, "created_at"), tests::seconds(&frame, "last_active_at"));
        tests::assert_few(&frame, |row| created.get(row).zip(active.get(row)).is_some_and(|(created, active)| active < created));
        let logins = frame.column("logins_per_month").unwrap().f64().unwrap();
        tests::assert_few(&frame, |row| logins.get(row) < Some(0.0));
    }

    #[test]
    fn nobody_buys_before_joining() {
        let (customers, orders) = (tests::sample(Table::Customers), tests::sample(Table::Orders));
        let (ids, created) = (customers.column("customer_id").unwrap().str().unwrap(), tests::seconds(&customers, "created_at"));
        let joined: BTreeMap<_, _> = ids.iter().zip(created.iter()).collect();
        let buyers = orders.column("customer_id").unwrap().str().unwrap().iter();
        for (buyer, time) in buyers.zip(tests::seconds(&orders, "time").iter()) {
            // Some orders have no customer, and some times are unreadable: they say nothing here.
            let (Some(_), Some(time)) = (buyer, time) else { continue };
            assert!(joined[&buyer].is_none_or(|joined| joined <= time), "{buyer:?}");
        }
    }

    #[test]
    fn the_trained_use_more_and_members_and_referrers_buy_more() {
        let frame = tests::sample(Table::Customers);
        for (flag, signal) in [("is_trained", "features_used"), ("is_member", "orders_per_year"), ("is_referrer", "orders_per_year")] {
            let flags = frame.column(flag).unwrap().bool().unwrap();
            let signals = frame.column(signal).unwrap().cast(&DataType::Float64).unwrap();
            let mean = |flag: bool| {
                let rows = || (0..frame.height()).filter(|&row| flags.get(row) == Some(flag));
                rows().filter_map(|row| signals.f64().unwrap().get(row)).sum::<f64>() / rows().count() as f64
            };
            assert!(mean(true) > mean(false) * 1.5, "{flag}: {} and {}", mean(true), mean(false));
        }
    }
}
