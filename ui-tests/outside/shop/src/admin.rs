//! Who may change what is sold.

use stario::prelude::*;

use admins::Admin;

/// Holds the type.
pub mod admins {
    /// Somebody who may.
    #[derive(Debug, Clone)]
    pub struct Admin {
        /// The name.
        pub name: String,
    }
}

#[dependency]
fn admin(user: Header<Option<String>>) -> Result<Admin> {
    match user.0 {
        Some(name) => Ok(Admin { name }),
        None => Err(stario::Error::new(StatusCode::UNAUTHORIZED, "sign in first")),
    }
}
