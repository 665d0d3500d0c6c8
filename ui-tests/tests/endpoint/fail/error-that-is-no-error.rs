use stario::prelude::*;

stario::app!();

struct NotAnError;

#[app::query("/user")]
async fn user() -> Result<Html, NotAnError> {
    Err(NotAnError)
}

fn main() {}
