//! Security headers: the rules by which a browser protects an app's pages.

use http::StatusCode;
use http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use crate::nonce::Nonce;
use crate::response::Response;

/// The content security policy of an app's pages, unless it sets another. Styles may be inline, because attributes
/// are, and cannot have a nonce.
const POLICY: &str = "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; \
                      frame-ancestors 'none'";

/// Stands in a policy for the nonce of the response.
const NONCE: &str = "{nonce}";

/// Headers that tell browsers what to refuse; see [`App::security_headers`](crate::App::security_headers).
///
/// | header | value, unless set otherwise |
/// |---|---|
/// | `x-content-type-options` | `nosniff` |
/// | `x-frame-options` | `DENY` |
/// | `referrer-policy` | `strict-origin-when-cross-origin` |
/// | `content-security-policy` | only the app's own resources; scripts also with the response's [`Nonce`] |
/// | `strict-transport-security` | none |
#[derive(Debug, Clone)]
pub struct SecurityHeaders {
    fixed: Vec<(HeaderName, String)>,
    /// With `{nonce}` in it.
    policy: Option<String>,
}

impl Default for SecurityHeaders {
    fn default() -> Self {
        Self::new()
    }
}

impl SecurityHeaders {
    /// The values above.
    pub fn new() -> Self {
        let fixed = [
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
            (REFERRER_POLICY, "strict-origin-when-cross-origin"),
        ];
        Self {
            fixed: fixed.map(|(name, value)| (name, value.to_owned())).into(),
            policy: Some(POLICY.to_owned()),
        }
    }

    /// Lets the app's own pages show its pages in a frame: `SAMEORIGIN`, and `frame-ancestors 'self'`.
    #[must_use]
    pub fn frames_of_same_origin(mut self) -> Self {
        if let Some(policy) = &mut self.policy {
            *policy = policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'");
        }
        self.header(X_FRAME_OPTIONS, "SAMEORIGIN")
    }

    /// Sets `referrer-policy`.
    #[must_use]
    pub fn referrer_policy(self, value: impl Into<String>) -> Self {
        self.header(REFERRER_POLICY, value)
    }

    /// Tells browsers to use HTTPS alone for so many seconds: `max-age=..; includeSubDomains`. They keep to it
    /// even if the site stops offering HTTPS. It is sent whether or not the app itself speaks TLS, because a
    /// proxy may do that; browsers ignore it over plain HTTP.
    #[must_use]
    pub fn https_only(self, seconds: u64) -> Self {
        self.header(STRICT_TRANSPORT_SECURITY, format!("max-age={seconds}; includeSubDomains"))
    }

    /// Sets the policy; `{nonce}` in it stands for the response's [`Nonce`].
    ///
    /// Datastar's client compiles the expressions of a page, for which it needs either `'unsafe-eval'` or the
    /// nonce; a [`DatastarScript`](crate::DatastarScript) parameter hands it over.
    #[must_use]
    pub fn content_security_policy(mut self, policy: impl Into<String>) -> Self {
        self.policy = Some(policy.into());
        self
    }

    /// Sends no policy.
    #[must_use]
    pub fn without_content_security_policy(mut self) -> Self {
        self.policy = None;
        self
    }

    fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.fixed.retain(|(present, _)| *present != name);
        self.fixed.push((name, value.into()));
        self
    }
}

/// The same, ready to be sent.
pub(crate) struct ReadyHeaders {
    fixed: Vec<(HeaderName, HeaderValue)>,
    policy: Option<String>,
    has_nonces: bool,
}

impl ReadyHeaders {
    pub(crate) fn new(headers: SecurityHeaders) -> Result<Self, String> {
        let value = |name: &HeaderName, value: &str| {
            HeaderValue::from_str(value).map_err(|_| format!("`{value}` cannot be sent as `{name}`"))
        };
        let SecurityHeaders { fixed, policy } = headers;
        if let Some(policy) = &policy {
            value(&CONTENT_SECURITY_POLICY, policy)?;
        }
        let fixed = fixed.into_iter().map(|(name, text)| value(&name, &text).map(|value| (name, value)));
        let has_nonces = policy.as_ref().is_some_and(|policy| policy.contains(NONCE));
        Ok(Self { fixed: fixed.collect::<Result<_, _>>()?, policy, has_nonces })
    }

    /// A nonce for one response, if the policy has one.
    pub(crate) fn nonce(&self) -> Option<Nonce> {
        if self.has_nonces { Nonce::random() } else { None }
    }

    /// Whether responses have nonces.
    pub(crate) fn has_nonces(&self) -> bool {
        self.has_nonces
    }

    /// Adds what the response does not say itself.
    pub(crate) fn add_to(&self, response: &mut Response, nonce: Option<Nonce>) {
        let status = response.status();
        let headers = response.headers_mut();
        for (name, value) in &self.fixed {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        let Some(policy) = &self.policy else { return };
        // The page that a cache has was sent with another nonce, which this would take the place of (RFC 9111,
        // section 3.2).
        if self.has_nonces && status == StatusCode::NOT_MODIFIED {
            return;
        }
        let policy = match nonce {
            Some(nonce) => policy.replace(NONCE, nonce.text()),
            // No script has this one: none runs.
            None => policy.replace(&format!("'nonce-{NONCE}'"), ""),
        };
        if let Ok(policy) = HeaderValue::try_from(policy) {
            headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
        }
    }
}
