//! Checks the rate limits of a handler: those by the client before its parameters are resolved, the others behind them.

use std::hash::Hash;

use crate::client::prefix;
use crate::error::Rejection;
use crate::exchange::Exchange;
use crate::rate_limit::RateLimiter;

/// A value by which uses of a handler can be counted.
#[diagnostic::on_unimplemented(
    message = "a rate limit cannot tell one `{Self}` from another",
    label = "the limit is by this parameter",
    note = "derive `Hash` for it: values that are equal share a limit"
)]
pub trait RateLimitKey: Hash {}

#[diagnostic::do_not_recommend]
impl<T: Hash> RateLimitKey for T {}

/// Counts a use of the handler by this client; `limit` is the position in the handler's attribute.
///
/// # Errors
///
/// 429 if there are too many.
pub fn limit_by_client(exchange: &Exchange, limit: usize) -> Result<(), Rejection> {
    limiter(exchange, limit).map_or(Ok(()), |limiter| admit_client(exchange, limiter))
}

/// Counts a use of the handler by this value of a parameter.
///
/// # Errors
///
/// 429 if there are too many.
pub fn limit_by_value<T: RateLimitKey>(
    exchange: &Exchange,
    limit: usize,
    value: &T,
) -> Result<(), Rejection> {
    limiter(exchange, limit).map_or(Ok(()), |limiter| limiter.admit(value))
}

fn limiter(exchange: &Exchange, limit: usize) -> Option<&RateLimiter> {
    exchange.route()?.target.rate_limiters.as_ref()?.get(limit)
}

/// Counts a use by this client. Clients without an address are not counted: behind a proxy that connects by a Unix socket they
/// would all be one.
pub(super) fn admit_client(exchange: &Exchange, limiter: &RateLimiter) -> Result<(), Rejection> {
    let Some(client) = exchange.client() else {
        limiter.warn_of_no_address();
        return Ok(());
    };
    limiter.admit(prefix(client))
}
