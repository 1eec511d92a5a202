//! A run's result, rendered: as a terminal table, Markdown, JSON, CSV, Parquet, HTML or a workbook.
//!
//! [`render()`] makes the bytes of one format, and [`stored()`] reads the JSON back; [`write_all`] puts files into a folder, all of them or none. Nothing here prints, and
//! the same result always comes to the same bytes.

mod chat;
mod csv;
mod error;
mod facts;
mod format;
pub mod history;
mod html;
mod human;
mod json;
mod locale;
mod mail;
mod markdown;
mod parquet;
mod period;
mod quantity;
mod render;
mod sections;
mod set;
mod sparkline;
mod stored;
mod table;
mod tidy;
mod view;
mod write;
mod xlsx;

#[cfg(test)]
mod fixture;

pub use chat::Message;
pub use error::OutputError;
pub use format::{Format, UnknownFormat};
pub use mail::Letter;
pub use render::{alerts, alerts_json, figures, frame, letter, messages, rejected, render};
pub use sections::line;
pub use stored::{StoredError, stored};
pub use table::Terminal;
pub use write::{write_all, write_dated};
