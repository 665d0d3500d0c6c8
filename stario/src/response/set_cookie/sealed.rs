//! Cookies that can be made, or read, only with the key.

use cookie::{Cookie, CookieJar, Key};

use super::SetCookie;

impl SetCookie {
    /// Signs the value, so that [`SignedCookie`](crate::SignedCookie) finds out when a client made it up or
    /// changed it, or took it from a cookie of another name. The client can read it.
    #[must_use]
    pub fn signed(mut self, key: &Key) -> Self {
        let name = self.cookie.name().to_owned();
        let mut jar = CookieJar::new();
        // What the crate signs is the value alone: with the name in it, it is of use under no other.
        jar.signed_mut(key).add(Cookie::new(name.clone(), format!("{name}={}", self.cookie.value())));
        self.take_value(&jar);
        self
    }

    /// Encrypts the value, which may be any text, so that none but [`EncryptedCookie`](crate::EncryptedCookie)
    /// can read it, and nobody can change it or use it under another name.
    #[must_use]
    pub fn encrypted(mut self, key: &Key) -> Self {
        let mut jar = CookieJar::new();
        jar.private_mut(key).add(Cookie::new(self.cookie.name().to_owned(), self.cookie.value().to_owned()));
        self.take_value(&jar);
        self
    }

    fn take_value(&mut self, jar: &CookieJar) {
        if let Some(sealed) = jar.get(self.cookie.name()) {
            self.cookie.set_value(sealed.value().to_owned());
        }
    }
}
