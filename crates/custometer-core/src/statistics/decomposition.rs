//! Decomposition of a change: what each group contributes to that of all.
//!
//! A sum changes by what its parts change by. A rate changes because its parts' rates do and because their shares do; how much each comes to is by
//! Kitagawa's method, in which either is weighed by the mean of both times, so that nothing is left over: E. M. Kitagawa, *Components of a Difference Between
//! Two Rates*, JASA 50 (1955); P. Das Gupta, *Standardization and Decomposition of Rates: A User's Manual*, U.S. Bureau of the Census (1993), chapter 5.

/// The numerator and the denominator of a rate in a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// What is divided.
    pub numerator: f64,
    /// What it is divided by, which is the weight of the group.
    pub denominator: f64,
}

/// What a group contributes to the change of a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contribution {
    /// By the change of its share, as far as its rate is above or below that of all.
    pub mix: f64,
    /// By the change of its rate.
    pub rate: f64,
}

/// What each group contributes to the change of the rate of all, from before to now, in the order of the groups; none where one of both times has none.
///
/// All contributions add up to the change. A group without a weight at one time has the rate there that it has at the other, so all that it contributes is by its share.
pub fn kitagawa(groups: &[(Rate, Rate)]) -> Option<Vec<Contribution>> {
    let all = |of: fn(&(Rate, Rate)) -> Rate| -> (f64, f64) {
        groups
            .iter()
            .map(of)
            .fold((0.0, 0.0), |(numerator, denominator), rate| (numerator + rate.numerator, denominator + rate.denominator))
    };
    let ((numerator_before, before), (numerator_now, now)) = (all(|(before, _)| *before), all(|(_, now)| *now));
    if !(before > 0.0 && now > 0.0) || groups.iter().any(|(before, now)| before.denominator < 0.0 || now.denominator < 0.0) {
        return None;
    }
    // Shares add up to one at both times, so what all have in common contributes nothing.
    let common = f64::midpoint(numerator_before / before, numerator_now / now);
    let contribution = |(then, at): &(Rate, Rate)| {
        let (share_before, share_now) = (then.denominator / before, at.denominator / now);
        let own = |rate: &Rate| (rate.denominator > 0.0).then(|| rate.numerator / rate.denominator);
        let (rate_before, rate_now) = match (own(then), own(at)) {
            (Some(then), Some(at)) => (then, at),
            (Some(only), None) | (None, Some(only)) => (only, only),
            (None, None) => (common, common),
        };
        Contribution {
            mix: (share_now - share_before) * (f64::midpoint(rate_before, rate_now) - common),
            rate: (rate_now - rate_before) * f64::midpoint(share_before, share_now),
        }
    };
    Some(groups.iter().map(contribution).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(numerator: f64, denominator: f64) -> Rate {
        Rate { numerator, denominator }
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    /// Household headship in the United States in 1970 and 1985, by 13 age groups: the share of each in percent, and the heads of households per 100.
    /// The inputs of Das Gupta (1993), example 5.1. What they come to was calculated apart from this, and not compared with the printed table.
    const SHARES: [[f64; 13]; 2] = [
        [12.9, 10.9, 9.5, 8.0, 7.8, 8.4, 8.6, 7.8, 7.0, 5.9, 4.7, 3.6, 4.9],
        [10.1, 11.2, 11.6, 10.9, 9.4, 7.7, 6.3, 6.0, 6.3, 5.9, 5.1, 4.0, 5.5],
    ];
    const RATES: [[f64; 13]; 2] = [
        [1.9, 25.8, 45.7, 49.6, 51.2, 51.6, 51.8, 54.9, 58.7, 60.4, 62.8, 66.6, 66.8],
        [2.2, 24.3, 45.8, 52.5, 56.1, 55.6, 56.0, 57.4, 57.2, 61.2, 63.9, 68.6, 72.2],
    ];

    #[test]
    fn headship_rates_come_apart_as_in_another_calculation() {
        let group = |age: usize| [0, 1].map(|year| rate(RATES[year][age] * SHARES[year][age], SHARES[year][age]));
        let groups: Vec<(Rate, Rate)> = (0..13).map(group).map(|[before, now]| (before, now)).collect();
        let found = kitagawa(&groups).unwrap();
        // 44.727 and 47.694 heads per 100: 1.227 more by age, and 1.740 by headship.
        let (mix, rates): (f64, f64) = found.iter().fold((0.0, 0.0), |(mix, rates), group| (mix + group.mix, rates + group.rate));
        close(mix, 1.2269);
        close(rates, 1.7403);
        close(mix + rates, 47.694 - 44.7268);
        // Those of 25 to 29, whose rate is a tenth higher and who are 2.1 % more, at a rate half below that of all.
        close(found[2].rate, 0.1 * 0.1055);
        close(found[2].mix, 0.021 * (45.75 - f64::midpoint(44.7268, 47.694)));
    }

    #[test]
    fn simpsons_paradox_is_all_of_the_mix() {
        // Both rates fall, and the rate of all rises, since the group with the higher rate grows.
        let found = kitagawa(&[(rate(10.0, 100.0), rate(1.8, 20.0)), (rate(10.0, 20.0), rate(48.0, 100.0))]).unwrap();
        assert!(found.iter().all(|group| group.rate < 0.0 && group.mix > 0.0), "{found:?}");
        close(found.iter().map(|group| group.mix + group.rate).sum(), 49.8 / 120.0 - 20.0 / 120.0);
    }

    #[test]
    fn a_group_that_comes_or_goes_contributes_by_its_share() {
        let found =
            kitagawa(&[(rate(5.0, 10.0), rate(5.0, 10.0)), (rate(0.0, 0.0), rate(9.0, 10.0)), (rate(0.0, 0.0), rate(0.0, 0.0))]).unwrap();
        assert_eq!((found[1].rate, found[2]), (0.0, Contribution { mix: 0.0, rate: 0.0 }));
        close(found.iter().map(|group| group.mix + group.rate).sum(), 0.7 - 0.5);
    }

    #[test]
    fn where_there_is_no_rate_there_is_no_change_of_one() {
        assert_eq!(kitagawa(&[(rate(0.0, 0.0), rate(1.0, 2.0))]), None);
        assert_eq!(kitagawa(&[]), None);
    }
}
