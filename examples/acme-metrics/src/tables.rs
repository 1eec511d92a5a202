//! The tables that Acme's metrics read, and their columns.

use custometer_core::{Column, NullRule};

/// One parcel.
pub const PARCELS: &str = "parcels";
/// One attempt to deliver a parcel.
pub const ATTEMPTS: &str = "attempts";

/// When a parcel left the warehouse.
pub const SHIPPED_AT: &str = "shipped_at";
/// When a parcel was to arrive.
pub const PROMISED_AT: &str = "promised_at";
/// When a parcel arrived.
pub const DELIVERED_AT: &str = "delivered_at";
/// Which parcel it was.
pub const PARCEL_ID: &str = "parcel_id";
/// When a courier was at the door.
pub const TIME: &str = "time";
/// What came of it.
pub const OUTCOME: &str = "outcome";

/// When a parcel left the warehouse.
pub const SHIPPED: Column = Column::time(SHIPPED_AT).describe("when it left the warehouse");
/// When a parcel was to arrive.
pub const PROMISED: Column = Column::time(PROMISED_AT).describe("when it was to arrive at the latest");
/// When a parcel arrived, which not all have yet.
pub const DELIVERED: Column = Column::time(DELIVERED_AT).nulls(NullRule::Keep).describe("when it arrived; missing while it has not");
/// Which parcel it was.
pub const PARCEL: Column = Column::identifier(PARCEL_ID).describe("which parcel it was");
/// When a courier was at the door.
pub const ATTEMPTED: Column = Column::time(TIME).describe("when the courier was at the door");
/// What came of it.
pub const RESULT: Column = Column::text(OUTCOME).one_of(&["delivered", "nobody_home", "wrong_address"]).describe("what came of it");
