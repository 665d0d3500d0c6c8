//! The rows of the table: each measures one kind of client.

pub mod inputs;
pub mod streams;
pub mod unread;
pub mod uploads;
