//! The tables that Acme's metrics read, and their columns, with the words that `inspect` recognises them by in an export.

use custometer_core::{Column, NullRule, Table};

/// One parcel.
pub const PARCELS: Table = Table::named("parcels").row("one parcel").words("parcel, shipment, delivery, carrier, tracking, weight");
/// One attempt to deliver a parcel.
pub const ATTEMPTS: Table =
    Table::named("attempts").row("one attempt to deliver a parcel").words("attempt, courier, door, stop, route").many_rows_per(PARCEL_ID);

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
pub const SHIPPED: Column =
    Column::time(SHIPPED_AT).describe("when it left the warehouse").also_called("shipped, dispatched, dispatched at, sent, left warehouse");
/// When a parcel was to arrive.
pub const PROMISED: Column =
    Column::time(PROMISED_AT).describe("when it was to arrive at the latest").also_called("promised, promise, due, due at, deliver by");
/// When a parcel arrived, which not all have yet.
pub const DELIVERED: Column = Column::time(DELIVERED_AT)
    .nulls(NullRule::Keep)
    .describe("when it arrived; missing while it has not")
    .also_called("delivered, arrived, arrived at, handed over");
/// Which parcel it was.
pub const PARCEL: Column = Column::identifier(PARCEL_ID)
    .describe("which parcel it was")
    .also_called("parcel, parcel number, tracking number, shipment id, consignment");
/// When a courier was at the door.
pub const ATTEMPTED: Column =
    Column::time(TIME).describe("when the courier was at the door").also_called("attempted at, attempted, scanned at");
/// What came of it.
pub const RESULT: Column = Column::text(OUTCOME)
    .one_of(&["delivered", "nobody_home", "wrong_address"])
    .describe("what came of it")
    .also_called("result, attempt result, delivery status");
