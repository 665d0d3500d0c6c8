//! The Datastar client that a page loads.

use std::sync::Arc;

use stario_html::{Buf, Render};

use crate::nonce::Nonce;
use crate::response::HashedContent;

/// The release of the client, on the CDN that its project names. The hash is of that file, so a browser refuses
/// any other.
const CDN: &str = "https://cdn.jsdelivr.net/gh/starfederation/datastar@v1.0.4/bundles/datastar.js";
const INTEGRITY: &str = "sha384-twbOvafhSBQ0rJDNPzJdUw6DRvthVgAVfSIG1BQVmCiNO7Qh2zeVn7T5qstgjJ9q";

/// Writes the nonce where the client looks for it when it is loaded, so that no page must do so itself: without
/// it, the policy would keep the client from compiling any expression.
const PASS_NONCE_ON: &str = "\">document.documentElement.dataset.nonce=document.currentScript.nonce</script>";

/// The `<script>` element that loads the Datastar client; put it into the page's `<head>`.
///
/// Take it as a parameter. It loads release 1.0.4 from the CDN, checked by an integrity hash, or the file given
/// to [`App::datastar_file`](crate::App::datastar_file) or `App::datastar_asset`. If the app's content security policy has a nonce
/// ([`App::security_headers`](crate::App::security_headers)), the element carries it, and hands it to the client.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn page(datastar: DatastarScript) -> Html {
///     html! {
///         <!DOCTYPE html>
///         <html lang="en">
///             <head><title>"Live"</title>{datastar}</head>
///             <body data-init="console.log('ready')"></body>
///         </html>
///     }
/// }
///
/// # fn main() {
/// let res = TestClient::new(app::new()).get("/").send();
/// assert!(res.text().contains(r#"<script type="module" crossorigin="anonymous" integrity="sha384-"#));
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DatastarScript {
    /// Where the app serves the client; `None` is the CDN.
    path: Option<Arc<str>>,
    /// The nonce that the content security policy of the app asks for.
    nonce: Option<Nonce>,
}

impl DatastarScript {
    pub(crate) fn new(file: Option<&ClientFile>, nonce: Option<Nonce>) -> Self {
        Self { path: file.map(ClientFile::url), nonce }
    }
}

impl Render for DatastarScript {
    fn render(&self, buf: &mut Buf) {
        if let Some(nonce) = self.nonce {
            buf.push_trusted_markup("<script nonce=\"");
            buf.push_escaped(nonce.text());
            buf.push_trusted_markup(PASS_NONCE_ON);
            buf.push_trusted_markup("<script nonce=\"");
            buf.push_escaped(nonce.text());
            buf.push_trusted_markup("\"");
        } else {
            buf.push_trusted_markup("<script");
        }
        match &self.path {
            Some(path) => {
                buf.push_trusted_markup(" type=\"module\" src=\"");
                buf.push_escaped(path);
            }
            None => {
                buf.push_trusted_markup(" type=\"module\" crossorigin=\"anonymous\" integrity=\"");
                buf.push_trusted_markup(INTEGRITY);
                buf.push_trusted_markup("\" src=\"");
                buf.push_trusted_markup(CDN);
            }
        }
        buf.push_trusted_markup("\"></script>");
    }
}

/// A client that the app serves itself.
#[derive(Clone)]
pub(crate) enum ClientFile {
    /// A file that was read when the app was made.
    Read {
        /// Holds a hash of the content, so that browsers may keep the file for good.
        path: Arc<str>,
        content: Arc<HashedContent>,
    },
    /// A file of `assets!`, by the function that makes its URL, which has the prefix of the app.
    #[cfg(feature = "files")]
    Asset(Arc<dyn Fn() -> String + Send + Sync>),
}

impl ClientFile {
    pub(crate) fn new(content: Vec<u8>) -> Self {
        let content = HashedContent::new("datastar.js", content.into());
        let path = format!("/datastar-{}.js", content.hash());
        Self::Read { path: path.into(), content: Arc::new(content) }
    }

    /// The path of a file that needs a route.
    pub(crate) fn path(&self) -> Option<&str> {
        match self {
            Self::Read { path, .. } => Some(path),
            #[cfg(feature = "files")]
            Self::Asset(_) => None,
        }
    }

    fn url(&self) -> Arc<str> {
        match self {
            Self::Read { path, .. } => Arc::clone(path),
            #[cfg(feature = "files")]
            Self::Asset(url) => url().into(),
        }
    }
}
