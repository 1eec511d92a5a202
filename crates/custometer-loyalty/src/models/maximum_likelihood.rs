//! The search for the greatest likelihood, and the proof that it was found.

use std::array;
use std::cell::RefCell;
use std::num::NonZero;
use std::thread;

use argmin::core::{ArgminError, CostFunction, Error, Executor, Gradient, IterState};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;

/// Where the likelihood is greatest.
#[derive(Debug)]
pub(super) struct Maximum<const N: usize> {
    pub(super) parameters: [f64; N],
    pub(super) standard_errors: [f64; N],
    /// How many points the search went to.
    pub(super) iterations: usize,
}

/// The positive parameters of the greatest likelihood, or else those where the search ended.
///
/// `slope` tells the mean log-likelihood per customer and its derivatives by the parameters. L-BFGS over their logarithms comes near the maximum,
/// and Newton's method ends there and proves it: the observed information is positive definite, and the way to the top of the parabola through
/// the point is none. Where a likelihood only grows towards parameters of zero or infinity, its gradient vanishes too, but that way stays long.
///
/// Sources: D. C. Liu & J. Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical Programming 45 (1989),
/// 503–528; J. J. Moré & D. J. Thuente, "Line search algorithms with guaranteed sufficient decrease", ACM TOMS 20 (1994), 286–307.
pub(super) fn maximise<const N: usize>(
    start: [f64; N],
    customers: f64,
    slope: impl Fn(&[f64; N]) -> (f64, [f64; N]),
) -> Result<Maximum<N>, [f64; N]> {
    const MOST_STEPS: usize = 50;
    /// Of logarithms, so a share of each parameter.
    const NO_WAY: f64 = 1e-8;
    /// In units in which the data are near 1, a parameter further from 1 than this has run off.
    const FARTHEST: f64 = 1e5;

    let survey = |logarithms: [f64; N]| {
        let parameters = logarithms.map(f64::exp);
        let (height, by_parameter) = slope(&parameters);
        Point { logarithms, height, gradient: array::from_fn(|i| by_parameter[i] * parameters[i]) }
    };
    let (mut point, climbed) = climb(survey(start.map(f64::ln)), &survey);
    for steps in 0..MOST_STEPS {
        let parameters = point.logarithms.map(f64::exp);
        if parameters.iter().any(|parameter| !(1.0 / FARTHEST..FARTHEST).contains(parameter)) {
            return Err(parameters);
        }
        let Some(information) = Cholesky::of(&point.information(&survey)) else { return Err(parameters) };
        let way = information.solve(point.gradient);
        let length = way.iter().fold(0.0_f64, |length, part| length.max(part.abs()));
        if length < NO_WAY {
            let standard_errors = array::from_fn(|i| parameters[i] * (information.inverse_diagonal(i) / customers).sqrt());
            return Ok(Maximum { parameters, standard_errors, iterations: climbed + steps });
        }
        let Some(higher) = point.ahead(way, length, &survey) else { return Err(parameters) };
        point = higher;
    }
    Err(point.logarithms.map(f64::exp))
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
        let rounding = 1e-13 * self.height.abs();
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

/// The highest point that L-BFGS comes to, and how many it went to. How its search ends is no matter: the point is judged elsewhere.
fn climb<const N: usize>(start: Point<N>, survey: &impl Fn([f64; N]) -> Point<N>) -> (Point<N>, usize) {
    const MEMORY: usize = 10;
    const MOST_STEPS: u64 = 200;
    const FLAT: f64 = 1e-6;

    let path = RefCell::new(Path { highest: start, latest: start, points: 1 });
    let solver =
        LBFGS::new(MoreThuenteLineSearch::new(), MEMORY).with_tolerance_grad(FLAT).and_then(|solver| solver.with_tolerance_cost(0.0));
    if let Ok(solver) = solver {
        let begin = |state: IterState<_, _, (), (), (), f64>| state.param(start.logarithms.to_vec()).max_iters(MOST_STEPS);
        let _ = Executor::new(Descent { survey, path: &path }, solver).configure(begin).run();
    }
    let path = path.into_inner();
    (path.highest, path.points)
}

/// Where a search has been.
struct Path<const N: usize> {
    highest: Point<N>,
    latest: Point<N>,
    points: usize,
}

/// Minus the likelihood, for a search that goes down.
struct Descent<'a, const N: usize, F> {
    survey: &'a F,
    path: &'a RefCell<Path<N>>,
}

impl<const N: usize, F: Fn([f64; N]) -> Point<N>> Descent<'_, N, F> {
    /// Value and gradient are asked for one after the other, and cost no more than either.
    fn at(&self, logarithms: &[f64]) -> Result<Point<N>, Error> {
        const MOST_POINTS: usize = 1000;
        let logarithms = <[f64; N]>::try_from(logarithms)?;
        let mut path = self.path.borrow_mut();
        if path.latest.logarithms.map(f64::to_bits) != logarithms.map(f64::to_bits) {
            path.latest = (self.survey)(logarithms);
            path.points += 1;
            let Point { height, gradient, .. } = path.latest;
            let finite = height.is_finite() && gradient.iter().all(|slope| slope.is_finite());
            if !finite || path.points > MOST_POINTS {
                return Err(ArgminError::ConditionViolated { text: "the search ran off".to_owned() }.into());
            }
            if height > path.highest.height {
                path.highest = path.latest;
            }
        }
        Ok(path.latest)
    }
}

impl<const N: usize, F: Fn([f64; N]) -> Point<N>> CostFunction for Descent<'_, N, F> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, logarithms: &Vec<f64>) -> Result<f64, Error> {
        Ok(-self.at(logarithms)?.height)
    }
}

impl<const N: usize, F: Fn([f64; N]) -> Point<N>> Gradient for Descent<'_, N, F> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, logarithms: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.at(logarithms)?.gradient.map(|slope| -slope).to_vec())
    }
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
        let maximum = maximise([1.0, 1.0], 100.0, slope).unwrap();
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
        assert!(maximise([1.0], 100.0, rising).is_err_and(|[x]| x > 1e3));
        let falling = |[x]: &[f64; 1]| (-x, [-1.0]);
        assert!(maximise([1.0], 100.0, falling).is_err_and(|[x]| x < 1e-3));
        let flat = |_: &[f64; 1]| (-1.0, [0.0]);
        assert!(maximise([1.0], 100.0, flat).is_err());
        let saddle = |[x, y]: &[f64; 2]| (x.ln().powi(2) - y.ln().powi(2), [2.0 * x.ln() / x, -2.0 * y.ln() / y]);
        assert!(maximise([1.0, 1.0], 100.0, saddle).is_err());
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
