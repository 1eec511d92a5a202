//! The allocator, and what is said when there is no more memory.
//!
//! Polars allocates and frees much and on many threads, which mimalloc is good at. Without huge pages: what is freed in between would be
//! cleared again, 2 MiB at a time.
//!
//! A limit that makes an allocation fail (`ulimit -v`, a job's limit on Windows) ends the run with a message and exit code 1. Where the
//! kernel ends programs instead, as a container's limit does, nothing here is asked, and the shell sees 137.

use std::alloc::{GlobalAlloc, Layout};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator(MiMalloc);

struct Allocator(MiMalloc);

#[expect(unsafe_code, reason = "an allocator has no safe interface; all calls go to mimalloc as they come")]
// SAFETY: every call is handed to mimalloc with what it was called with, and what mimalloc returns is returned as it is.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is mimalloc's.
        told(unsafe { self.0.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        told(unsafe { self.0.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        told(unsafe { self.0.realloc(block, layout, size) }, size)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { self.0.dealloc(block, layout) };
    }
}

/// More than any machine has: a damaged file says it, and who reads it can tell that from a null.
const ABSURD: usize = 1 << 42;

/// The block; where there is none, the run ends here: what comes after would be an abort without a word for its user.
fn told(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() && size < ABSURD {
        out_of_memory(size);
    }
    block
}

#[cold]
fn out_of_memory(size: usize) -> ! {
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    if IS_TOLD.swap(true, Ordering::Relaxed) {
        // Another thread says it, or saying it takes memory.
        std::process::abort();
    }
    // stderr has no buffer, and numbers are formatted without one.
    let _ = writeln!(
        std::io::stderr(),
        "error: out of memory while asking for {} MiB more; a report that was there before is as it was\n  give it more memory, or \
         ask for less at a time: a shorter period, fewer breakdowns, fewer threads (`POLARS_MAX_THREADS`)",
        size.div_ceil(1 << 20)
    );
    std::process::exit(1);
}
