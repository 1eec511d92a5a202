//! The search for the greatest likelihood, and the proof that it was found.

use std::array;
use std::cell::RefCell;
use std::num::NonZero;
use std::thread;

use slsqp::{Func, StopTols};

/// Where the likelihood is greatest.
#[derive(Debug)]
pub(super) struct Maximum<const N: usize> {
    pub(super) parameters: [f64; N],
    pub(super) standard_errors: [f64; N],
    /// How many points the search went to.
    pub(super) iterations: usize,
}

/// The positive parameters of the greatest likelihood, or else those where the search came highest.
///
/// `slope` tells the mean log-likelihood per customer and its derivatives by the parameters. Where the search does not end at a maximum, the next
/// of the `starts` is tried; the maximum that it leads to must be higher than where the others ended.
pub(super) fn maximise<const N: usize, const STARTS: usize>(
    starts: [[f64; N]; STARTS],
    customers: f64,
    slope: impl Fn(&[f64; N]) -> (f64, [f64; N]),
) -> Result<Maximum<N>, [f64; N]> {
    let survey = |logarithms: [f64; N]| {
        let parameters = logarithms.map(f64::exp);
        let (height, by_parameter) = slope(&parameters);
        Point { logarithms, height, gradient: array::from_fn(|i| by_parameter[i] * parameters[i]) }
    };
    let mut ended: Option<Point<N>> = None;
    let mut iterations = 0;
    for start in starts {
        let (end, proof) = search(survey(start.map(f64::ln)), &survey, &mut iterations);
        let is_higher = ended.is_none_or(|other| end.height > other.height);
        if let (true, Some(information)) = (is_higher, proof) {
            let parameters = end.logarithms.map(f64::exp);
            let standard_errors = array::from_fn(|i| parameters[i] * (information.inverse_diagonal(i) / customers).sqrt());
            return Ok(Maximum { parameters, standard_errors, iterations });
        }
        if is_higher {
            ended = Some(end);
        }
    }
    Err(ended.map_or([f64::NAN; N], |end| end.logarithms.map(f64::exp)))
}

/// In units in which the data are near 1, a parameter further from 1 than this has run off.
const FARTHEST: f64 = 1e5;

/// Where a search ends, and the observed information if that is a maximum.
///
/// Sequential least-squares programming over the logarithms of the parameters comes near it, and Newton's method ends there and proves it: the
/// information is positive definite, and the top of the parabola through the point is the point itself. Where a likelihood only grows
/// towards
/// parameters of zero or infinity, its gradient vanishes too, but that way stays long.
///
/// Source: D. Kraft, "A software package for sequential quadratic programming", DFVLR-FB 88-28 (1988).
fn search<const N: usize>(
    start: Point<N>,
    survey: &impl Fn([f64; N]) -> Point<N>,
    iterations: &mut usize,
) -> (Point<N>, Option<Cholesky<N>>) {
    const MOST_STEPS: usize = 50;
    /// Of logarithms, so a share of each parameter. Newton's method squares such a distance with its next step.
    const NEAR: f64 = 1e-5;

    let mut point = climb(start, survey, iterations);
    for _ in 0..MOST_STEPS {
        if point.logarithms.iter().any(|logarithm| logarithm.abs() > FARTHEST.ln()) {
            break;
        }
        let Some(information) = Cholesky::of(&point.information(survey)) else { break };
        let way = information.solve(point.gradient);
        let length = way.iter().fold(0.0_f64, |length, part| length.max(part.abs()));
        *iterations += 1;
        if length < NEAR {
            return (survey(array::from_fn(|i| point.logarithms[i] + way[i])), Some(information));
        }
        match point.ahead(way, length, survey) {
            Some(higher) => point = higher,
            None => break,
        }
    }
    (point, None)
}

/// The mean log-likelihood at the logarithms of parameters, and its derivatives by these.
#[derive(Clone, Copy)]
struct Point<const N: usize> {
    logarithms: [f64; N],
    height: f64,
    gradient: [f64; N],
}

impl<const N: usize> Point<N> {
    /// The observed information per customer: minus the second derivatives, by central differences of the first.
    fn information(&self, survey: &impl Fn([f64; N]) -> Self) -> [[f64; N]; N] {
        const DISTANCE: f64 = 1e-4;
        let beside = |i: usize, distance: f64| {
            let mut logarithms = self.logarithms;
            logarithms[i] += distance;
            survey(logarithms).gradient
        };
        let rows: [[f64; N]; N] = array::from_fn(|i| {
            let (below, above) = (beside(i, -DISTANCE), beside(i, DISTANCE));
            array::from_fn(|j| (below[j] - above[j]) / (2.0 * DISTANCE))
        });
        array::from_fn(|i| array::from_fn(|j| f64::midpoint(rows[i][j], rows[j][i])))
    }

    /// A point on the way that is not lower than this one, save for rounding; none when even the shortest step leads down.
    fn ahead(&self, way: [f64; N], length: f64, survey: &impl Fn([f64; N]) -> Self) -> Option<Self> {
        const LONGEST: f64 = 1.0;
        const SHORTEST: f64 = 1e-6;
        let rounding = 1e-12 * (1.0 + self.height.abs());
        let mut share = (LONGEST / length).min(1.0);
        while share > SHORTEST {
            let next = survey(array::from_fn(|i| self.logarithms[i] + share * way[i]));
            if next.height >= self.height - rounding {
                return Some(next);
            }
            share /= 2.0;
        }
        None
    }
}

/// The highest point that sequential least-squares programming comes to. How its search ends does not matter: the point is judged
/// elsewhere.
fn climb<const N: usize>(start: Point<N>, survey: &impl Fn([f64; N]) -> Point<N>, iterations: &mut usize) -> Point<N> {
    const MOST_POINTS: usize = 1000;

    let path = RefCell::new((start, 0));
    let descend = |logarithms: &[f64], gradient: Option<&mut [f64]>, (): &mut ()| {
        let point = survey(array::from_fn(|i| logarithms[i]));
        let (highest, points) = &mut *path.borrow_mut();
        *points += 1;
        if point.height > highest.height {
            *highest = point;
        }
        for (down, up) in gradient.into_iter().flatten().zip(point.gradient) {
            *down = -up;
        }
        if point.height.is_finite() { -point.height } else { f64::INFINITY }
    };
    let within = [(-FARTHEST.ln(), FARTHEST.ln()); N];
    let tolerance = StopTols { ftol_rel: 1e-12, ..StopTols::default() };
    let no_constraints: &[&dyn Func<()>] = &[];
    let _ = slsqp::minimize(descend, &start.logarithms, &within, no_constraints, (), MOST_POINTS, Some(tolerance));
    let (highest, points) = path.into_inner();
    *iterations += points;
    highest
}

/// The lower triangle L of a positive definite matrix L·Lᵀ.
struct Cholesky<const N: usize>([[f64; N]; N]);

impl<const N: usize> Cholesky<N> {
    /// None where the matrix is not positive definite, or rounding could hide that it is not.
    fn of(matrix: &[[f64; N]; N]) -> Option<Self> {
        const LEAST_PIVOT: f64 = 1e-10;
        let mut lower = [[0.0; N]; N];
        for i in 0..N {
            for j in 0..=i {
                let rest = matrix[i][j] - (0..j).map(|k| lower[i][k] * lower[j][k]).sum::<f64>();
                lower[i][j] = match i == j {
                    true if rest > LEAST_PIVOT => rest.sqrt(),
                    true => return None,
                    false => rest / lower[j][j],
                };
            }
        }
        Some(Self(lower))
    }

    /// The inverse matrix times a vector.
    fn solve(&self, mut vector: [f64; N]) -> [f64; N] {
        let Self(lower) = self;
        for i in 0..N {
            vector[i] = (vector[i] - (0..i).map(|k| lower[i][k] * vector[k]).sum::<f64>()) / lower[i][i];
        }
        for i in (0..N).rev() {
            vector[i] = (vector[i] - (i + 1..N).map(|k| lower[k][i] * vector[k]).sum::<f64>()) / lower[i][i];
        }
        vector
    }

    fn inverse_diagonal(&self, i: usize) -> f64 {
        self.solve(array::from_fn(|j| if i == j { 1.0 } else { 0.0 }))[i]
    }
}

/// Sums over rows, by several threads where there are many. The rows are cut at the same places for any number of threads, since floats added in
/// another order give other last digits.
pub(super) fn sums<const M: usize, R: Sync>(rows: &[R], of_chunk: impl Fn(&[R]) -> [f64; M] + Sync) -> [f64; M] {
    const CHUNK: usize = 4096;
    const FEW: usize = 8;
    let chunks: Vec<&[R]> = rows.chunks(CHUNK).collect();
    let threads = if chunks.len() < FEW { 1 } else { thread::available_parallelism().map_or(1, NonZero::get) };
    let mut parts = vec![[0.0; M]; chunks.len()];
    let share = chunks.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        for (chunks, parts) in chunks.chunks(share).zip(parts.chunks_mut(share)) {
            let of_chunk = &of_chunk;
            let work = move || chunks.iter().zip(parts).for_each(|(chunk, part)| *part = of_chunk(chunk));
            if threads == 1 { work() } else { drop(scope.spawn(work)) }
        }
    });
    parts.iter().fold([0.0; M], |sums, part| array::from_fn(|i| sums[i] + part[i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maximum_of_a_parabola_over_logarithms_is_found_with_its_errors() {
        // −½(u − 1)² − ½·4(v + 2)² + ½(u − 1)(v + 2) for u, v = ln x, ln y: the inverse of [[1, −½], [−½, 4]] has 4/3.75 and 1/3.75 on its diagonal.
        let slope = |[x, y]: &[f64; 2]| {
            let (u, v) = (x.ln() - 1.0, y.ln() + 2.0);
            (-0.5 * u * u - 2.0 * v * v + 0.5 * u * v, [(0.5 * v - u) / x, (0.5 * u - 4.0 * v) / y])
        };
        let maximum = maximise([[1.0, 1.0]], 100.0, slope).unwrap();
        let expected = [1.0_f64.exp(), (-2.0_f64).exp()];
        for (i, variance) in [4.0 / 3.75, 1.0 / 3.75].into_iter().enumerate() {
            assert!((maximum.parameters[i] / expected[i] - 1.0).abs() < 1e-9);
            assert!((maximum.standard_errors[i] / (expected[i] * (variance / 100.0_f64).sqrt()) - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_likelihood_that_grows_for_ever_has_no_maximum() {
        // Towards an infinite x its gradient vanishes.
        let rising = |[x]: &[f64; 1]| (-1.0 / x, [1.0 / (x * x)]);
        assert!(maximise([[1.0]], 100.0, rising).is_err_and(|[x]| x > 1e3));
        let falling = |[x]: &[f64; 1]| (-x, [-1.0]);
        assert!(maximise([[1.0]], 100.0, falling).is_err_and(|[x]| x < 1e-3));
        let flat = |_: &[f64; 1]| (-1.0, [0.0]);
        assert!(maximise([[1.0]], 100.0, flat).is_err());
        let saddle = |[x, y]: &[f64; 2]| (x.ln().powi(2) - y.ln().powi(2), [2.0 * x.ln() / x, -2.0 * y.ln() / y]);
        assert!(maximise([[1.0, 1.0]], 100.0, saddle).is_err());
    }

    #[test]
    fn sums_do_not_depend_on_threads() {
        let rows: Vec<f64> = (1..100_000).map(|i| 1.0 / f64::from(i)).collect();
        let by_chunk = |rows: &[f64]| [rows.iter().sum::<f64>(), rows.len() as f64];
        let [sum, count] = sums(&rows, by_chunk);
        let expected: f64 = rows.chunks(4096).map(|chunk| chunk.iter().sum::<f64>()).sum();
        assert_eq!((sum.to_bits(), count.to_bits()), (expected.to_bits(), 99_999.0_f64.to_bits()));
        assert_eq!(sums(&[] as &[f64], by_chunk).map(f64::to_bits), [0, 0]);
    }
}
