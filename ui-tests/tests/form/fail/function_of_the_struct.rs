use garde::Validate;
use stario::prelude::*;

stario::app!();

#[derive(Form, Validate)]
#[garde(allow_unvalidated)]
struct SignUp {
    email: String,
}

impl SignUp {
    fn email() -> &'static str {
        "email"
    }
}

fn main() {}
