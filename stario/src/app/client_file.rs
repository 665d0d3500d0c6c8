//! The Datastar client, if the app serves it itself.

use std::path::Path;
#[cfg(feature = "files")]
use std::sync::Arc;

use http::StatusCode;

use super::App;
use crate::datastar::ClientFile;
use crate::error::Result;
use crate::handler::Endpoint;
use crate::response::{IntoResponse, Response};
use crate::route::HandlerKind;

/// Answers the client file that the app serves itself.
pub(super) static DATASTAR_FILE: Endpoint = Endpoint::of_framework(
    HandlerKind::Query,
    "/datastar-{hash}.js",
    "stario::datastar_file",
    (file!(), line!()),
    |_, scope| Box::pin(async move { Ok(respond(scope.app().datastar_file.as_ref()).into()) }),
);

fn respond(file: Option<&ClientFile>) -> Response {
    match file {
        Some(ClientFile::Read { content, .. }) => content.respond(),
        // The route is there only for a file that was read.
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

impl App {
    /// Serves the Datastar client from this file rather than from its CDN. The file is read now; its URL
    /// contains a hash of the content, so browsers can cache it forever.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn datastar_file(mut self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let content = std::fs::read(path).map_err(|error| {
            std::io::Error::new(error.kind(), format!("the Datastar client {}: {error}", path.display()))
        })?;
        self.datastar_file = Some(ClientFile::new(content));
        Ok(self)
    }

    /// Serves the Datastar client from a file of [`assets!`](crate::assets), which is part of the program.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// stario::app!();
    /// stario::assets!("tests/app/static");
    ///
    /// #[app::query("/")]
    /// async fn page(datastar: DatastarScript) -> Html {
    ///     html! { <head>{datastar}</head> }
    /// }
    ///
    /// # fn main() {
    /// // A file of this name, with the client in it, would be in the folder.
    /// let client = TestClient::new(app::new().datastar_asset(asset!("app.js")));
    /// let page = client.get("/").send();
    /// assert!(page.text().starts_with(r#"<head><script type="module" src="/assets/app-"#));
    /// # }
    /// ```
    #[cfg(feature = "files")]
    pub fn datastar_asset(mut self, asset: crate::Asset) -> Self {
        self.datastar_file = Some(ClientFile::Asset(Arc::new(move || asset.to_string())));
        self
    }
}
