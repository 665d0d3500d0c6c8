//! `ImportMap`: where the modules of the folder are, for the modules that import them.

use std::collections::BTreeMap;

use stario_html::{Buf, Render};

use super::{Asset, AssetFolder};
use crate::nonce::Nonce;

/// The `<script type="importmap">` element for the folder of [`assets!`](crate::assets), made by `assets::import_map()`.
///
/// With it, `import "./list.js"` in a module of the folder leads to the URL of `list.js` that has a hash, and so does the
/// same in `import(..)`. It lists all files that a module can import: `.js`, `.mjs`, `.json`, `.css` and `.wasm`. It stands
/// in the page's `<head>` before the first module, which includes the [`DatastarScript`](crate::DatastarScript).
///
/// Modules work without it, too: a plain name is redirected, which costs a request each time. Do not mix both for one
/// module: the browser would run it twice.
///
/// ```
/// use stario::prelude::*;
///
/// stario::app!();
/// stario::assets!("tests/app/static");
///
/// #[app::query("/")]
/// async fn page() -> Html {
///     html! {
///         {assets::import_map().module("counter", asset!("js/counter.js"))}
///         <script type="module" src={asset!("app.js")}></script>
///     }
/// }
///
/// # fn main() {
/// let page = TestClient::new(app::new()).get("/").send();
/// assert!(page.text().starts_with(r#"<script type="importmap">{"imports":{"/assets/app.css":"/assets/app-"#));
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "put it into a page"]
pub struct ImportMap {
    folder: &'static AssetFolder,
    named: Vec<(String, Asset)>,
    nonce: Option<Nonce>,
}

impl ImportMap {
    #[doc(hidden)]
    pub fn of(folder: &'static AssetFolder) -> Self {
        Self { folder, named: Vec::new(), nonce: None }
    }

    /// Gives a module a name of its own: after `.module("chart", asset!("vendor/chart.js"))`, `import "chart"` leads to it.
    pub fn module(mut self, name: impl Into<String>, asset: Asset) -> Self {
        self.named.push((name.into(), asset));
        self
    }

    /// Sets the [`Nonce`] without which a content security policy refuses the element.
    pub fn nonce(mut self, nonce: Nonce) -> Self {
        self.nonce = Some(nonce);
        self
    }
}

impl Render for ImportMap {
    fn render(&self, buf: &mut Buf) {
        buf.push_trusted_markup("<script type=\"importmap\"");
        if let Some(nonce) = self.nonce {
            buf.push_trusted_markup(" nonce=\"");
            buf.push_escaped(nonce.text());
            buf.push_trusted_markup("\"");
        }
        let is_module = |name: &str| {
            let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
            ["js", "mjs", "json", "css", "wasm"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        };
        let files = self.folder.files.iter().filter(|file| is_module(file.name));
        let plain =
            files.map(|file| Asset::of(self.folder, file.name)).map(|asset| (asset.plain_path(), asset));
        let named = self.named.iter().cloned();
        let imports: BTreeMap<String, String> =
            plain.chain(named).map(|(name, asset)| (name, asset.to_string())).collect();
        // A text in JSON that cannot end the element.
        let json = serde_json::json!({ "imports": imports }).to_string().replace('<', "\\u003c");
        buf.push_trusted_markup(">");
        buf.push_trusted_markup(&json);
        buf.push_trusted_markup("</script>");
    }
}
