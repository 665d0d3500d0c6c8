//! What is measured.

pub mod inputs;
pub mod streams;
pub mod unread;
pub mod uploads;
