use stario::prelude::*;
use stario::{ErrorResponse, error_response};

stario::app!();

#[derive(Debug)]
struct Forgotten;

impl std::fmt::Display for Forgotten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("forgotten")
    }
}

impl std::error::Error for Forgotten {}

impl ErrorResponse for Forgotten {
    fn status(&self) -> StatusCode {
        StatusCode::GONE
    }
}

#[derive(Debug)]
struct Generic<T>(T);

impl<T> std::fmt::Display for Generic<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("generic")
    }
}

impl<T: std::fmt::Debug> std::error::Error for Generic<T> {}

#[error_response]
impl<T: std::fmt::Debug + Send + Sync + 'static> ErrorResponse for Generic<T> {
    fn status(&self) -> StatusCode {
        StatusCode::GONE
    }
}

#[error_response(404)]
impl Forgotten {}

#[error_response]
fn function() {}

fn main() {}
