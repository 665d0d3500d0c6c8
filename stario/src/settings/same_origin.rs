//! Commands that pages of other sites send in the user's name, and their refusal.

use http::header::{HOST, HeaderName, ORIGIN};
use http::{Method, Uri, request};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Which pages may send commands to an app; see [`App::same_origin`](crate::App::same_origin).
///
/// Those of the app itself, unless more is allowed here.
#[derive(Debug, Clone, Default)]
pub struct SameOrigin {
    is_off: bool,
    allows_same_site: bool,
    /// In lower case.
    allowed: Vec<String>,
}

impl SameOrigin {
    /// Pages of the app itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// All pages of all sites: nothing is checked.
    pub fn off() -> Self {
        Self { is_off: true, ..Self::default() }
    }

    /// Pages of the same site as well: other subdomains and ports of the registered domain.
    #[must_use]
    pub fn allow_same_site(mut self) -> Self {
        self.allows_same_site = true;
        self
    }

    /// Pages of this origin as well, `https://admin.example.com`.
    ///
    /// Behind a proxy that changes `host`, allow the origin that browsers see: older browsers, and all of them over
    /// plain HTTP, do not send `sec-fetch-site`.
    #[must_use]
    pub fn allow(mut self, origin: impl AsRef<str>) -> Self {
        self.allowed.push(origin.as_ref().to_ascii_lowercase());
        self
    }

    /// The problems of the allowed origins: a text that is not an origin.
    pub(crate) fn problems(&self) -> impl Iterator<Item = String> + '_ {
        let is_wrong = |origin: &&String| {
            let Ok(uri) = origin.parse::<Uri>() else { return true };
            !matches!(uri.scheme_str(), Some("http" | "https"))
                || format!("{}://{}", uri.scheme_str().unwrap_or_default(), host_of(&uri)) != **origin
        };
        self.allowed.iter().filter(is_wrong).map(|origin| {
            format!(
                "`{origin}` is not an origin: write `https://admin.example.com`, with its port if it has one"
            )
        })
    }

    /// Whether the request is a command that a page of another site sends.
    ///
    /// What a browser says itself counts first, because no proxy changes it. Browsers that are too old to, and
    /// all where the app is served without TLS, still send `origin`. What sends neither is no browser with a
    /// page in it, so it has no user whose name could be abused.
    pub(crate) fn refuses(&self, head: &request::Parts) -> bool {
        if is_safe(&head.method) || self.is_off {
            return false;
        }
        let (origins, sites) = (head.headers.get_all(ORIGIN), head.headers.get_all(SEC_FETCH_SITE));
        let (origin, site) = (origins.iter().next(), sites.iter().next());
        if origins.iter().nth(1).is_some() || sites.iter().nth(1).is_some() {
            tracing::debug!("a command is refused: it has two `origin` or `sec-fetch-site` headers");
            return true;
        }
        let is_allowed = || {
            let origin = origin.and_then(|origin| origin.to_str().ok());
            origin.is_some_and(|origin| self.allowed.iter().any(|it| it.eq_ignore_ascii_case(origin)))
        };
        let is_own = match (site, origin) {
            (Some(site), _) => match site.as_bytes() {
                b"same-origin" | b"none" => true,
                b"same-site" => self.allows_same_site,
                _ => false,
            },
            (None, Some(origin)) => is_own(origin.as_bytes(), head),
            (None, None) => true,
        };
        let is_refused = !is_own && !is_allowed();
        if is_refused {
            let shown = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let site = site.map(shown);
            tracing::debug!(
                sec_fetch_site = site,
                origin = origin.map(shown),
                "a command of a page of another origin is refused"
            );
        }
        is_refused
    }
}

/// RFC 9110 section 9.2.1, and QUERY, which is safe by definition.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
        || method.as_str() == "QUERY"
}

/// Whether the origin is of the host that the request is for, and of a page. Which of the two schemes of pages it
/// has does not count: behind a proxy, the app does not know its own. The default port of the scheme may be named.
fn is_own(origin: &[u8], head: &request::Parts) -> bool {
    let origin = std::str::from_utf8(origin).ok().and_then(|origin| origin.split_once("://"));
    let Some((scheme, origin)) = origin else { return false };
    let host = match head.uri.authority() {
        Some(authority) => authority.as_str().as_bytes(),
        None => head.headers.get(HOST).map_or(&b""[..], |host| host.as_bytes()),
    };
    let port = match scheme {
        _ if scheme.eq_ignore_ascii_case("https") => ":443",
        _ if scheme.eq_ignore_ascii_case("http") => ":80",
        _ => return false,
    };
    let origin = origin.strip_suffix(port).unwrap_or(origin).as_bytes();
    !origin.is_empty() && host.strip_suffix(port.as_bytes()).unwrap_or(host).eq_ignore_ascii_case(origin)
}

fn host_of(uri: &Uri) -> &str {
    uri.authority().map_or("", http::uri::Authority::as_str)
}

/// The answer to a page of another site.
pub(crate) const CROSS_ORIGIN: &str = "Cross-origin request blocked: a page of another origin sent this. \
                                  If that is meant to be, allow it with `App::same_origin`; \
                                  behind a proxy, have it pass `host` on with its port";
