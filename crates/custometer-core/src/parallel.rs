//! Work on all cores, where no plan of the engine does it.

use std::sync::{Mutex, PoisonError};

/// How many cores there are.
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Goes through items on all cores, each of which keeps something of its own. What they kept.
pub fn fold<T: Send, A: Send>(items: Vec<T>, start: impl Fn() -> A + Sync, step: impl Fn(&mut A, T) + Sync) -> Vec<A> {
    let threads = threads().min(items.len());
    let items = Mutex::new(items.into_iter());
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut kept = start();
        while let Some(item) = next() {
            step(&mut kept, item);
        }
        kept
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut kept = vec![work()];
        kept.extend(others.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))));
        kept
    })
}
