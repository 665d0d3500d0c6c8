//! Reads the values of a stored command as its handler knows them now.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::info::DurableInfo;
use super::values::StoredValues;
use crate::panic::panic_message;

/// Reads values of a version, and lifts older ones.
///
/// # Errors
///
/// Why they cannot be read.
pub(super) fn read(info: &DurableInfo, version: u32, payload: Vec<u8>) -> Result<StoredValues, String> {
    let lifted = StoredValues::read(payload).and_then(|mut values| {
        match info.lift {
            // A panic of the app's function must not end the run without a settlement.
            Some(lift) if version < info.version => values.lift(|values| {
                catch_unwind(AssertUnwindSafe(|| lift(version, values))).unwrap_or_else(|panic| {
                    Err(format!("the function panicked: {}", panic_message(&*panic)).into())
                })
            })?,
            _ => {}
        }
        Ok(values)
    });
    lifted.map_err(|error| format!("the values of version {version} cannot be read: {error}"))
}
