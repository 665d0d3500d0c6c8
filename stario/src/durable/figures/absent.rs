//! No figures of durable commands: the feature `metrics` is off.

pub(super) fn know(_: &str) {}

pub(super) fn count_run(_: &'static str, _: &'static str) {}
