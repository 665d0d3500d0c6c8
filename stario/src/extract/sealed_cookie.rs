//! `SignedCookie<T>` and `EncryptedCookie<T>`: cookies that only the app can have made.

use std::any::TypeId;
use std::{fmt, iter};

use cookie::{Cookie, CookieJar, Key};
use serde::de::DeserializeOwned;

use super::cookie::named;
use super::value;
use super::{Defaulted, FromRequest, value_newtype};
use crate::error::Rejection;
use crate::parameter::{Parameter, Requirement};
use crate::scope::Scope;

macro_rules! sealed_cookie {
    ($name:ident, $source:literal, $open:ident, $(#[$attribute:meta])*) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name<T>(pub T);

        value_newtype!($name);

        impl<T: DeserializeOwned + Send> FromRequest for $name<T> {
            const BY_NAME: bool = true;

            async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
                let Some(key) = scope.app().states.get::<Key>() else {
                    return Err(Rejection::internal("the app was assembled without a key for cookies"));
                };
                let retired = scope.app().states.get::<RetiredKeys>();
                let keys = || iter::once(&*key).chain(retired.iter().flat_map(|retired| &retired.0));
                // Another site of the same domain can set a false cookie, which may come before the genuine one.
                let text = named(scope, parameter.name())
                    .find_map(|cookie| keys().find_map(|key| $open(&cookie, key)));
                text.map_or_else(value::from_nothing, |text| value::from_text(&text))
                    .map(Self)
                    .map_err(|problem| problem.into_rejection($source, parameter.name()))
            }

            fn requirement(_: &Parameter) -> Option<Requirement> {
                Some(Requirement::State { id: TypeId::of::<Key>(), type_name: std::any::type_name::<Key>() })
            }
        }

        impl<T: DeserializeOwned + Send> Defaulted for $name<T> {
            type Value = T;

            fn from_default(value: T) -> Self {
                Self(value)
            }
        }
    };
}

sealed_cookie! {
    SignedCookie, "signed cookie", verify,
    /// Reads the value of the request's cookie that is named like the parameter, if this app has
    /// [signed](crate::SetCookie::signed) it.
    ///
    /// The app must have a [`cookie::Key`](crate::cookie::Key) as its state, and does not start without one. A
    /// cookie that was changed, made up, signed with another key or under another name counts as missing: 400,
    /// unless the parameter has a `#[default(..)]` or is a `SignedCookie<Option<T>>`.
    ///
    /// A signature does not expire: if a value must, put a date into it. To change the key, move the old one to
    /// the [`RetiredKeys`].
    ///
    /// ```
    /// use stario::cookie::Key;
    /// use stario::prelude::*;
    /// use stario::{SetCookie, SignedCookie};
    ///
    /// # stario::app!();
    /// #[app::query("/")]
    /// async fn home(user: SignedCookie<Option<u32>>) -> String {
    ///     user.map_or("who are you?".to_owned(), |user| format!("user {user}"))
    /// }
    ///
    /// #[app::command("/login")]
    /// async fn login(key: State<Key>) -> (SetCookie, ()) {
    ///     (SetCookie::new("user", "7").signed(&key), ())
    /// }
    ///
    /// # fn main() {
    /// // In production: at least 32 random bytes, kept with the other secrets.
    /// let key = Key::derive_from(&[7; 32]);
    /// let client = TestClient::new(app::new().state(key));
    /// let login = client.post("/login").send();
    /// let (cookie, _) = login.header("set-cookie").split_once(';').unwrap();
    /// assert_eq!(client.get("/").header("cookie", cookie).send().text(), "user 7");
    /// assert_eq!(client.get("/").header("cookie", "user=7").send().text(), "who are you?");
    /// # }
    /// ```
}

sealed_cookie! {
    EncryptedCookie, "encrypted cookie", decrypt,
    /// Reads the value of the request's cookie that is named like the parameter, if this app has
    /// [encrypted](crate::SetCookie::encrypted) it.
    ///
    /// Like a [`SignedCookie`], but the client cannot read it either.
    ///
    /// ```
    /// use stario::cookie::Key;
    /// use stario::prelude::*;
    /// use stario::{EncryptedCookie, SetCookie};
    ///
    /// # stario::app!();
    /// #[app::query("/")]
    /// async fn home(#[default("nothing")] note: EncryptedCookie<String>) -> String {
    ///     note.0
    /// }
    ///
    /// #[app::command("/note")]
    /// async fn keep(note: RawBody<String>, key: State<Key>) -> (SetCookie, ()) {
    ///     (SetCookie::new("note", note.0).encrypted(&key), ())
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().state(Key::generate()));
    /// let kept = client.post("/note").body("tea; no sugar").send();
    /// let (cookie, _) = kept.header("set-cookie").split_once(';').unwrap();
    /// assert!(!cookie.contains("tea"));
    /// assert_eq!(client.get("/").header("cookie", cookie).send().text(), "tea; no sugar");
    /// assert_eq!(client.get("/").send().text(), "nothing");
    /// # }
    /// ```
}

/// Holds former keys: an app with these as its state still reads cookies that were signed or encrypted with them. New
/// cookies are made with its `Key` only.
///
/// Remove a key once all cookies that it was used for have expired, and at once if it may have leaked.
///
/// ```
/// use stario::cookie::Key;
/// use stario::prelude::*;
/// use stario::{RetiredKeys, SetCookie, SignedCookie};
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home(user: SignedCookie<u32>) -> String {
///     format!("user {user}")
/// }
///
/// #[app::command("/login")]
/// async fn login(key: State<Key>) -> (SetCookie, ()) {
///     (SetCookie::new("user", "7").signed(&key), ())
/// }
///
/// # fn main() {
/// let (old, new) = (Key::derive_from(&[1; 32]), Key::derive_from(&[2; 32]));
/// let login = TestClient::new(app::new().state(old.clone())).post("/login").send();
/// let cookie = login.cookie("user").unwrap();
///
/// let client = TestClient::new(app::new().state(new).state(RetiredKeys::new([old])));
/// assert_eq!(client.get("/").cookie("user", cookie.value()).send().text(), "user 7");
/// # }
/// ```
#[derive(Clone)]
pub struct RetiredKeys(Vec<Key>);

impl RetiredKeys {
    /// Makes the list. The keys are tried in this order, after the app's present key.
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Self {
        Self(keys.into_iter().collect())
    }

    #[cfg(feature = "sessions")]
    pub(crate) fn keys(&self) -> &[Key] {
        &self.0
    }
}

// The keys are secret and must not appear in a log.
impl fmt::Debug for RetiredKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RetiredKeys").field("len", &self.0.len()).finish_non_exhaustive()
    }
}

/// The value of a cookie that this key has signed.
pub(crate) fn verify(cookie: &Cookie<'_>, key: &Key) -> Option<String> {
    let verified = CookieJar::new().signed(key).verify(cookie.clone().into_owned())?;
    // The name is signed too; see `SetCookie::signed`.
    let value = verified.value().strip_prefix(verified.name())?.strip_prefix('=')?;
    Some(value.to_owned())
}

/// The value of a cookie that was encrypted with this key.
pub(crate) fn decrypt(cookie: &Cookie<'_>, key: &Key) -> Option<String> {
    let decrypted = CookieJar::new().private(key).decrypt(cookie.clone().into_owned())?;
    Some(decrypted.value().to_owned())
}
