//! `UploadProgress`: how much of the request's body has come.

use std::fmt;
use std::sync::Arc;

use super::FromRequest;
use crate::body::Progress;
use crate::error::Rejection;
use crate::parameter::Parameter;
use crate::scope::Scope;

/// Knows how many bytes of the request's body have come, while they are received.
///
/// What reads the body ([`UploadedFile`](crate::UploadedFile), [`FormField`](crate::FormField), `Form`) is resolved after all other parameters and before the
/// handler runs. So a [`dependency`](crate::dependency) takes the progress, says by [`on_progress`](Self::on_progress) what is to be done with it,
/// and a handler takes the dependency. A handler that reads the body itself, such as one with a [`Multipart`](crate::Multipart), takes
/// the progress directly.
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use stario::UploadProgress;
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[derive(Clone)]
/// struct Watched;
///
/// #[dependency]
/// fn watched(progress: UploadProgress, seen: State<Arc<Mutex<Vec<u64>>>>) -> Watched {
///     let seen = Arc::clone(&seen);
///     progress.on_progress(move |received| seen.lock().unwrap().push(received));
///     Watched
/// }
///
/// #[app::command("/upload", body_limit = 50 * 1024 * 1024)]
/// async fn upload(_watched: Watched, file: UploadedFile, progress: UploadProgress) -> String {
///     format!("{} of {} bytes", file.len(), progress.received())
/// }
///
/// # fn main() {
/// let seen: Arc<Mutex<Vec<u64>>> = Arc::default();
/// let client = TestClient::new(app::new().state(Arc::clone(&seen)));
/// let res = client.post("/upload").file("file", "a.txt", "abc").send();
/// assert!(res.text().starts_with("3 of "));
/// assert!(seen.lock().unwrap().iter().all(|received| *received > 3));     // the other parts of the form count, too
/// # }
/// ```
#[derive(Clone)]
pub struct UploadProgress(Arc<Progress>);

impl UploadProgress {
    /// How many bytes have come until now. A compressed body is counted as it is sent.
    pub fn received(&self) -> u64 {
        self.0.received()
    }

    /// How many bytes will come; `None` if the client does not say.
    pub fn total(&self) -> Option<u64> {
        self.0.total()
    }

    /// Calls `report` with the bytes that have come: with the first ones, then every 100 ms at most, and at the end. It must not
    /// block.
    pub fn on_progress(&self, report: impl Fn(u64) + Send + 'static) {
        self.0.add_report(Box::new(report));
    }
}

impl FromRequest for UploadProgress {
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(Self(scope.body_progress()))
    }
}

impl fmt::Debug for UploadProgress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("UploadProgress");
        debug.field("received", &self.received()).field("total", &self.total()).finish_non_exhaustive()
    }
}
