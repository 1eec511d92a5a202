//! A run in stages, between which an engine for clusters moves parcels.
//!
//! ```text
//! driver  Spec::of        goes through the files once and cuts them into tasks
//! SCAN    Job::scan       reads the rows of a task: ledger, states, and rows for derivations, by the hash of their entity
//! DERIVE  Job::step       derives from the rows of some entities, all of each
//! UNITE   Job::step       unites the states of some groups
//! driver  Job::finish     checks the accounts of all parcels, and concludes as every run does
//! ```
//!
//! A host never sees a metric. It calls [`Job::scan`] once for each task, brings together the parcels of each address ([`Parcel::to`]), calls [`Job::step`] for each
//! [`Stage`] in turn, and hands what is left to [`Job::finish`]. Steps pass on the parcels of later stages.
//!
//! Every function is pure, so a host may call it again when a machine is lost. A parcel that is lost, comes twice, is damaged or of another job is an error: each task
//! sends an account of what it got and sent, and all accounts must agree.

mod account;
mod address;
mod coding;
mod cut;
mod fingerprint;
mod item;
mod job;
mod keeping;
mod layout;
mod outbox;
mod parcel;
mod spec;
mod states;

pub use self::address::Stage;
pub use self::job::Job;
pub use self::keeping::{Reuse, run_keeping};
pub use self::parcel::Parcel;
pub use self::spec::{Sizes, Spec};
pub use self::states::{StateFile, States};
