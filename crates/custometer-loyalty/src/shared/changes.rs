//! Changes: what a bucket changes for a customer, of whom spans say when they were one and what they paid.
//!
//! By rates that change, what a customer pays in another currency is worth another amount as a bucket closes than as it opened, without their
//! doing anything. That is exchange, and stands apart: what was paid as the bucket opened is taken at the rates of its end first, and what the
//! customer does is the difference from there. So all that customers do in a bucket is at the same rates, and a bucket's exchange and movements
//! lead from what its opening was worth to what its closing is.

use custometer_core::Exchange;

/// The end of a span that goes on.
pub(crate) const OPEN: i64 = i64::MAX;

/// What a bucket changes for a customer.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of the derived rows")]
pub(crate) struct Change {
    pub(crate) bucket: i64,
    pub(crate) was_active: bool,
    pub(crate) is_active: bool,
    pub(crate) was_before: bool,
    pub(crate) is_exchange: bool,
    pub(crate) opening: f64,
    pub(crate) closing: f64,
}

/// What the buckets between these edges, and the time before them, change for a customer: the spans are from, until, amount.
pub(crate) fn changes(spans: impl Iterator<Item = (i64, i64, f64)>, edges: &[i64]) -> Vec<Change> {
    let after = |instant: i64| edges.partition_point(|edge| *edge <= instant);
    // Each with its bucket; where one span ends and another begins, the end comes first.
    let mut moves: Vec<(usize, i64, bool, f64)> = Vec::new();
    for (from, until, amount) in spans.filter(|(from, until, _)| from < until) {
        moves.push((after(from), from, true, amount));
        moves.extend((until != OPEN).then(|| (after(until), until, false, amount)));
    }
    moves.sort_unstable_by(|a, b| (a.1, a.2).cmp(&(b.1, b.2)).then(a.3.total_cmp(&b.3)));
    let mut changes = Vec::new();
    let mut level = Level::default();
    let (mut was_active, mut was_before, mut opening) = (false, false, 0.0);
    for moves in moves.chunk_by(|a, b| a.0 == b.0).take_while(|moves| moves[0].0 < edges.len()) {
        for (_, _, begins, amount) in moves {
            level.change(*begins, *amount);
        }
        let is_active = level.is_active();
        let closing = if was_active && is_active && !differs(opening, level.amount()) { opening } else { level.amount() };
        #[expect(clippy::float_cmp, reason = "no change leaves the very same number")]
        if was_active != is_active || opening != closing {
            let bucket = i64::try_from(moves[0].0).unwrap_or(i64::MAX) - 1;
            changes.push(Change { bucket, was_active, is_active, was_before, is_exchange: false, opening, closing });
        }
        was_before |= moves.iter().any(|(_, _, begins, _)| *begins);
        (was_active, opening) = (is_active, closing);
    }
    changes
}

/// The same of spans with the numbers of their currencies, by the rates at the edges.
pub(crate) fn by_changing_rates(spans: impl Iterator<Item = ((i64, i64, f64), i64)>, edges: &[i64], exchange: &Exchange) -> Vec<Change> {
    let after = |instant: i64| edges.partition_point(|edge| *edge <= instant);
    let mut moves: Vec<(usize, i64, bool, i64, f64)> = Vec::new();
    for ((from, until, amount), currency) in spans.filter(|((from, until, _), _)| from < until) {
        moves.push((after(from), from, true, currency, amount));
        moves.extend((until != OPEN).then(|| (after(until), until, false, currency, amount)));
    }
    moves.sort_unstable_by(|a, b| (a.1, a.2, a.3).cmp(&(b.1, b.2, b.3)).then(a.4.total_cmp(&b.4)));
    let mut moves = moves.as_slice();
    let mut changes = Vec::new();
    let mut levels: Vec<(i64, Level)> = Vec::new();
    let (mut was_active, mut was_before, mut opening) = (false, false, 0.0);
    let Some((first, ..)) = moves.first() else { return changes };
    for edge in *first..edges.len() {
        let bucket = i64::try_from(edge).unwrap_or(i64::MAX) - 1;
        let revalued = worth(&levels, edge, exchange);
        let revalued = if differs(opening, revalued) { revalued } else { opening };
        #[expect(clippy::float_cmp, reason = "no change leaves the very same number")]
        if was_active && revalued != opening {
            changes.push(Change { bucket, was_active, is_active: true, was_before, is_exchange: true, opening, closing: revalued });
        }
        let (here, later) = moves.split_at(moves.partition_point(|(after, ..)| *after <= edge));
        moves = later;
        for (_, _, begins, currency, amount) in here {
            let position = levels.iter().position(|(known, _)| known == currency).unwrap_or_else(|| {
                levels.push((*currency, Level::default()));
                levels.len() - 1
            });
            levels[position].1.change(*begins, *amount);
        }
        levels.retain(|(_, level)| level.is_active());
        let is_active = !levels.is_empty();
        let closing = if here.is_empty() { revalued } else { worth(&levels, edge, exchange) };
        let closing = if was_active && is_active && !differs(revalued, closing) { revalued } else { closing };
        #[expect(clippy::float_cmp, reason = "no change leaves the very same number")]
        if was_active != is_active || revalued != closing {
            changes.push(Change { bucket, was_active, is_active, was_before, is_exchange: false, opening: revalued, closing });
        }
        was_before |= here.iter().any(|(_, _, begins, ..)| *begins);
        (was_active, opening) = (is_active, closing);
        if levels.is_empty() && moves.is_empty() {
            break;
        }
    }
    changes
}

/// What all that is paid is worth at an edge. The order of currencies is that of their numbers, so that sums are the same whatever came first.
fn worth(levels: &[(i64, Level)], edge: usize, exchange: &Exchange) -> f64 {
    let of_level = |(currency, level): &(i64, Level)| (*currency, level.amount() * exchange.worth(*currency, edge).expect(RATED));
    let mut amounts: Vec<(i64, f64)> = levels.iter().map(of_level).collect();
    amounts.sort_unstable_by_key(|(currency, _)| *currency);
    amounts.into_iter().map(|(_, amount)| amount).sum()
}

const RATED: &str = "rows that reach into a bucket without a rate are rejected";

/// Whether two amounts differ by more than rounding.
fn differs(one: f64, another: f64) -> bool {
    (one - another).abs() > 1e-9 * one.max(another)
}

/// The spans of a customer that are active, and what is paid for them together.
///
/// What rounding loses is kept: the sum of what is left after others have ended is that of these alone.
///
/// Source: A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54 (1974), 39–51.
#[derive(Debug, Default)]
struct Level {
    active: u32,
    sum: f64,
    lost: f64,
}

impl Level {
    fn change(&mut self, begins: bool, amount: f64) {
        self.active = if begins { self.active + 1 } else { self.active.saturating_sub(1) };
        if self.active == 0 {
            (self.sum, self.lost) = (0.0, 0.0);
            return;
        }
        let added = if begins { amount } else { -amount };
        let sum = self.sum + added;
        self.lost += if self.sum.abs() >= amount { (self.sum - sum) + added } else { (added - sum) + self.sum };
        self.sum = sum;
    }

    fn amount(&self) -> f64 {
        self.sum + self.lost
    }

    /// Whether any span is active.
    fn is_active(&self) -> bool {
        self.active > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each change as its bucket, whether the customer was active, is, and was before, and what they paid and pay.
    fn of(spans: &[(i64, i64, f64)]) -> Vec<(i64, [bool; 3], f64, f64)> {
        let found = changes(spans.iter().copied(), &[0, 10, 20, 30]);
        found.into_iter().map(|of| (of.bucket, [of.was_active, of.is_active, of.was_before], of.opening, of.closing)).collect()
    }

    const NEW: [bool; 3] = [false, true, false];
    const BACK: [bool; 3] = [false, true, true];
    const STAYED: [bool; 3] = [true, true, true];
    const LEFT: [bool; 3] = [true, false, true];

    #[test]
    fn a_change_is_of_the_whole_bucket() {
        assert_eq!(of(&[(3, 13, 5.0)]), [(0, NEW, 0.0, 5.0), (1, LEFT, 5.0, 0.0)]);
        // At the edges: the stock as the bucket opens has those who leave then, and not those who come.
        assert_eq!(of(&[(10, 20, 5.0)]), [(1, NEW, 0.0, 5.0), (2, LEFT, 5.0, 0.0)]);
        // In and out within a bucket, and back in a later one.
        assert_eq!(of(&[(1, 2, 5.0), (13, OPEN, 5.0)]), [(1, BACK, 0.0, 5.0)]);
        // Out and in within a bucket.
        assert_eq!(of(&[(-5, 12, 5.0), (14, OPEN, 7.0)]), [(-1, NEW, 0.0, 5.0), (1, STAYED, 5.0, 7.0)]);
        // In, out and in again within the first bucket is new.
        assert_eq!(of(&[(1, 2, 5.0), (4, OPEN, 6.0)]), [(0, NEW, 0.0, 6.0)]);
        // Before the period, after it, and never.
        assert_eq!(of(&[(-5, -2, 5.0), (25, 30, 5.0)]), [(2, BACK, 0.0, 5.0)]);
        assert_eq!(of(&[(30, OPEN, 5.0)]), []);
        assert_eq!(of(&[(5, 5, 5.0)]), []);
        assert_eq!(of(&[(5, 5, 5.0), (15, OPEN, 5.0)]), [(1, NEW, 0.0, 5.0)]);
    }

    #[test]
    fn spans_that_adjoin_or_overlap_are_one() {
        assert_eq!(of(&[(3, 10, 5.0), (10, 20, 5.0), (20, OPEN, 5.0)]), [(0, NEW, 0.0, 5.0)]);
        assert_eq!(of(&[(3, 15, 5.0), (5, 25, 2.0)]), [(0, NEW, 0.0, 7.0), (1, STAYED, 7.0, 2.0), (2, LEFT, 2.0, 0.0)]);
        assert_eq!(of(&[(3, OPEN, 5.0), (12, 14, 9.0)]), [(0, NEW, 0.0, 5.0)]);
    }

    #[test]
    fn what_rounding_leaves_is_no_change() {
        // 0.1 + 0.2 − 0.1 is not 0.2, and 1e9 + 0.1 − 1e9 is not 0.1.
        assert_eq!(of(&[(3, 13, 0.1), (4, 14, 0.2), (15, OPEN, 0.3)]), [(0, NEW, 0.0, 0.1 + 0.2)]);
        assert_eq!(of(&[(3, OPEN, 0.1), (4, 14, 1e9)]), [(0, NEW, 0.0, 1_000_000_000.1), (1, STAYED, 1_000_000_000.1, 0.1)]);
        assert_eq!(of(&[(3, 13, 10.0), (13, OPEN, 10.000_000_000_001)]), [(0, NEW, 0.0, 10.0)]);
        assert_eq!(of(&[(3, 13, 10.0), (13, OPEN, 10.000_001)]), [(0, NEW, 0.0, 10.0), (1, STAYED, 10.0, 10.000_001)]);
    }

    const KRONE: i64 = 0;
    const EURO: i64 = 1;
    const DOLLAR: i64 = 2;

    /// Each change as its bucket, whether it is exchange, whether the customer was active, is, and was before, and what they paid and pay. A dollar
    /// is worth 1, 2, 4 and 4 euros at the four edges, and a krone 0.5 throughout.
    fn exchanged(spans: &[(i64, i64, f64, i64)]) -> Vec<(i64, bool, [bool; 3], f64, f64)> {
        let worth = [vec![Some(0.5); 4], vec![Some(1.0); 4], [1.0, 2.0, 4.0, 4.0].map(Some).to_vec()];
        let spans = spans.iter().map(|(from, until, amount, currency)| ((*from, *until, *amount), *currency));
        let found = by_changing_rates(spans, &[0, 10, 20, 30], &Exchange::new(EURO, worth.to_vec()));
        found
            .into_iter()
            .map(|of| (of.bucket, of.is_exchange, [of.was_active, of.is_active, of.was_before], of.opening, of.closing))
            .collect()
    }

    #[test]
    fn exchange_is_of_what_was_paid_as_the_bucket_opened() {
        // Since before the period, until the last bucket, in which the rate stays.
        assert_eq!(
            exchanged(&[(-5, 25, 3.0, DOLLAR)]),
            [(-1, false, NEW, 0.0, 3.0), (0, true, STAYED, 3.0, 6.0), (1, true, STAYED, 6.0, 12.0), (2, false, LEFT, 12.0, 0.0)]
        );
        // What comes is at the rates of the end; what goes, too.
        assert_eq!(
            exchanged(&[(3, 13, 3.0, DOLLAR)]),
            [(0, false, NEW, 0.0, 6.0), (1, true, STAYED, 6.0, 12.0), (1, false, LEFT, 12.0, 0.0)]
        );
        // Where nothing is worth another amount, nothing is exchanged.
        assert_eq!(exchanged(&[(-5, OPEN, 3.0, KRONE)]), [(-1, false, NEW, 0.0, 1.5)]);
        assert_eq!(exchanged(&[(1, 2, 5.0, DOLLAR), (22, OPEN, 5.0, DOLLAR)]), [(2, false, BACK, 0.0, 20.0)]);
        assert_eq!(exchanged(&[(5, 5, 5.0, DOLLAR), (30, OPEN, 5.0, DOLLAR)]), []);
    }

    #[test]
    fn a_customer_moves_by_all_currencies_together() {
        // More dollars and fewer kroner are as much, or more, by the rates of the end.
        let moved = [(-5, 5, 4.0, KRONE), (-5, 5, 3.0, DOLLAR), (5, OPEN, 2.0, KRONE), (5, OPEN, 3.5, DOLLAR)];
        assert_eq!(exchanged(&moved)[..3], [(-1, false, NEW, 0.0, 5.0), (0, true, STAYED, 5.0, 8.0), (1, true, STAYED, 8.0, 15.0)]);
        let other = [(-5, 12, 12.0, EURO), (12, OPEN, 4.0, DOLLAR)];
        assert_eq!(exchanged(&other), [(-1, false, NEW, 0.0, 12.0), (1, false, STAYED, 12.0, 16.0)]);
    }

    #[test]
    fn what_one_bucket_closes_with_the_next_one_opens_with() {
        let spans = [(-9, 11, 0.1, DOLLAR), (-3, 4, 0.7, KRONE), (2, 23, 1.0 / 3.0, DOLLAR), (12, 13, 9.0, EURO), (14, OPEN, 0.3, KRONE)];
        let mut paid = 0.0_f64;
        for (_, _, _, opening, closing) in exchanged(&spans) {
            assert_eq!(opening.to_bits(), paid.to_bits());
            paid = closing;
        }
        assert_eq!(paid.to_bits(), 0.15_f64.to_bits());
    }
}
