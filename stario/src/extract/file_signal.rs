//! `FileSignal`: a file that the page's client sent inside a signal.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize};
use stario_html::__private::signals::ListItem;

use super::file_name::sanitized;

/// A file in a signal, as Datastar's `data-bind` puts it there for `<input type="file">`: an object of
/// `name`, `contents` (base64) and, if the browser knows it, `mime`.
///
/// Take it as `Signal<Vec<FileSignal>>`, or as a `Vec<FileSignal>` in a struct with
/// [`derive(Signals)`](macro@crate::Signals), since the input's signal is a list, or as `Signal<FileSignal>` if the
/// page sends just one. The contents stay encoded until [`decode`](Self::decode); they are a third longer than
/// the file and count towards [`App::signals_limit`](crate::App::signals_limit), 1 MiB unless set; a handler that takes
/// larger ones says so, `#[app::command("/avatar", body_limit = 8 * 1024 * 1024)]`. For large files, use
/// [`UploadedFile`](crate::UploadedFile).
///
/// ```
/// use stario::prelude::*;
/// use stario::FileSignal;
///
/// # stario::app!();
/// #[app::command("/avatar")]
/// async fn avatar(file: Signal<FileSignal>) -> stario::Result<String> {
///     let bytes = file.decode()?;
///     Ok(format!("{} {:?}: {} bytes", file.name(), file.mime(), bytes.len()))
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let file = json!({ "name": "../me.png", "contents": "iVBORw==", "mime": "image/png" });
/// let res = client.post("/avatar").signals(&json!({ "file": file })).send();
/// assert_eq!(res.text(), "me.png Some(&quot;image/png&quot;): 4 bytes");
/// let broken = json!({ "name": "a", "contents": "&" });
/// assert_eq!(client.post("/avatar").signals(&json!({ "file": broken })).send().status(), 422);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSignal {
    #[serde(deserialize_with = "name")]
    name: String,
    contents: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mime: Option<String>,
}

/// A file input holds a list of them.
impl ListItem for FileSignal {}

impl FileSignal {
    /// The file's name, without a path and safe to use in one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's type as the browser guessed it.
    pub fn mime(&self) -> Option<&str> {
        self.mime.as_deref()
    }

    /// The length of the file in bytes, computed without decoding it.
    pub fn len(&self) -> usize {
        let padding = self.contents.bytes().rev().take_while(|byte| *byte == b'=').count();
        (self.contents.len() / 4 * 3).saturating_sub(padding)
    }

    /// Whether the file has no bytes.
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// Decodes the file's bytes.
    ///
    /// # Errors
    ///
    /// When the contents are not base64 (RFC 4648 section 4); the error answers 422.
    pub fn decode(&self) -> crate::Result<Vec<u8>> {
        STANDARD.decode(&self.contents).map_err(|_| {
            let status = http::StatusCode::UNPROCESSABLE_ENTITY;
            crate::Error::new(status, "invalid file in a signal: expected contents in base64")
        })
    }
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).map(|name| sanitized(&name))
}
