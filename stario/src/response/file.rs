//! `File`: a file as a response, or the part of it that was asked for.

mod beneath;
mod condition;
mod range;

use std::io;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IntoHeaderName, LAST_MODIFIED, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, StatusCode, request};

use self::condition::Validators;
use self::range::Selection;
use super::{BINARY, IntoResponse, Response};
use crate::body::{Body, FileBody};
use crate::compress::UnmodifiedFile;
use crate::error::{Error, Result};

/// A file as a response, read while it is sent.
///
/// The content type is guessed from the name's extension, with `charset=utf-8` for text;
/// `application/octet-stream` if it is unknown. Parts before it in a tuple set another, or other headers; see
/// [`ResponsePart`](crate::ResponsePart).
///
/// - A range and conditions are honoured (RFC 9110 sections 13 and 14): one range is sent as it is, subject to
///   `if-range`; `if-none-match` and `if-modified-since` lead to 304, `if-match` and `if-unmodified-since` to 412, a
///   range outside of the file to 416. A `range` that is malformed or lists several ranges gets the whole file. All
///   this applies to GET and HEAD with the status 200; with another status the whole file is sent.
/// - The `etag` is made from the time of the last change and the length. It is weak for two seconds after a
///   change, because another change in that time might not show.
/// - At most 64 KiB are in memory, however slowly the client reads. If the file becomes shorter while it is sent,
///   the connection is cut off, so that it does not look complete.
/// - Only regular files are opened: no directories, pipes or devices.
///
/// ```
/// use stario::prelude::*;
/// use stario::{Attachment, File};
///
/// # stario::app!();
/// #[app::query("/report")]
/// async fn report() -> Result<(Attachment, File)> {
///     Ok((Attachment::named("manifest.toml"), File::open("Cargo.toml").await?))
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let res = client.get("/report").header("range", "bytes=0-8").send();
/// assert_eq!(res.status(), 206);
/// assert_eq!(res.text(), "[package]");
/// assert_eq!(res.header("content-disposition"), "attachment; filename=\"manifest.toml\"");
/// # }
/// ```
#[derive(Debug)]
pub struct File {
    handle: std::fs::File,
    length: u64,
    headers: HeaderMap,
}

impl File {
    /// Opens the file at `path`, wherever that leads.
    ///
    /// Do not build the path from a name that a client sent: use [`open_in`](Self::open_in).
    ///
    /// # Errors
    ///
    /// When there is no regular file that can be read; with `?` a handler then answers 500, and the log has the
    /// path.
    pub async fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        blocking(move || Self::open_now(&path)).await
    }

    /// Opens the file called `name` in `folder`, where `name` may come from a client.
    ///
    /// The name is a path relative to that folder, with `/` between its parts. It is not found if it leads out of
    /// the folder, by `..` or by symbolic links, or if a part of it is hidden, with a leading dot. Symbolic links
    /// within the folder are followed; on Unix, none that is created during the call.
    ///
    /// ```
    /// use stario::File;
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/sources/{name}")]
    /// async fn source(name: PathParam<String>) -> Result<File> {
    ///     File::open_in("src", &*name).await
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new());
    /// assert_eq!(client.get("/sources/response%2Ffile.rs").send().status(), 200);
    /// assert_eq!(client.get("/sources/..%2FCargo.toml").send().status(), 404);
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// 404 when there is no such file; 500 when it cannot be read, and the log has the path.
    pub async fn open_in(folder: impl Into<PathBuf>, name: impl AsRef<str>) -> Result<Self> {
        let not_found = || Error::new(StatusCode::NOT_FOUND, "Not Found");
        let Some(name) = inner_path(name.as_ref()) else {
            return Err(not_found());
        };
        let folder = folder.into();
        let opened = blocking(move || {
            let folder = folder.canonicalize().map_err(|error| about(&folder, &error))?;
            let Ok(path) = folder.join(name).canonicalize() else { return Ok(None) };
            let Ok(inner) = path.strip_prefix(&folder) else { return Ok(None) };
            // All links are followed by now: one that is found on the way has been put there since.
            match beneath::open(&folder, inner).map_err(|error| about(&path, &error))? {
                Some(handle) if handle.metadata()?.is_file() => Self::of(handle, &path).map(Some),
                _ => Ok(None),
            }
        });
        opened.await?.ok_or_else(not_found)
    }

    fn open_now(path: &Path) -> io::Result<Self> {
        let open = || {
            // Asked first: to open a pipe would wait for its other end.
            ensure_regular(&std::fs::metadata(path)?)?;
            Self::of(std::fs::File::open(path)?, path)
        };
        open().map_err(|error| about(path, &error))
    }

    fn of(handle: std::fs::File, path: &Path) -> io::Result<Self> {
        let metadata = handle.metadata()?;
        ensure_regular(&metadata)?;
        let mut headers = HeaderMap::with_capacity(5);
        headers.insert(CONTENT_TYPE, media_type(path));
        // The type is that of the name, and not to be guessed from content that others may have made.
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Ok(modified) = metadata.modified() {
            insert_validators(&mut headers, modified, metadata.len(), SystemTime::now());
        }
        Ok(Self { handle, length: metadata.len(), headers })
    }

    /// The length in bytes.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> u64 {
        self.length
    }
}

impl IntoResponse for File {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::frames(FileBody::new(self.handle, self.length)));
        *response.headers_mut() = self.headers;
        response
    }
}

/// Marks a response whose body is a whole file that is in memory.
#[derive(Clone, Copy)]
pub(super) struct FileInMemory;

/// The length of the file that the response has, whatever is sent of it.
fn file_length(response: &mut Response) -> Option<u64> {
    if let Some(file) = response.body_mut().as_file() {
        return Some(file.file_length());
    }
    response.extensions().get::<FileInMemory>()?;
    response.body().whole().map(|content| content.len() as u64)
}

/// Sends what `request` asked for, if the response is a file.
pub(crate) fn finish(response: &mut Response, request: &request::Parts) {
    let Some(length) = file_length(response) else { return };
    if response.status() != StatusCode::OK {
        return;
    }
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return;
    }
    let validators = Validators::of(response.headers());
    if let Some(status) = validators.answer_instead(&request.headers) {
        let content_type = response.headers().get(CONTENT_TYPE).cloned();
        if let (StatusCode::NOT_MODIFIED, Some(content_type)) = (status, content_type) {
            UnmodifiedFile::note(response, content_type, length);
        }
        return without_file(response, status);
    }
    let mut lines = request.headers.get_all(RANGE).iter();
    // A range of HEAD means nothing (RFC 9110 section 14.2).
    if let (Some(line), None, &Method::GET) = (lines.next(), lines.next(), &request.method)
        && validators.allow_range(&request.headers)
    {
        send_range(response, line, length);
    }
}

fn send_range(response: &mut Response, line: &HeaderValue, length: u64) {
    // Of an empty file there is no part: any range is answered with the whole of it.
    if length == 0 {
        return;
    }
    match range::select(line.as_bytes(), length) {
        Selection::Whole => {}
        Selection::Nothing => {
            without_file(response, StatusCode::RANGE_NOT_SATISFIABLE);
            insert(response.headers_mut(), CONTENT_RANGE, format!("bytes */{length}"));
        }
        Selection::Range(range) => {
            cut(response.body_mut(), &range);
            let content_range = format!("bytes {}-{}/{length}", range.start(), range.end());
            insert(response.headers_mut(), CONTENT_RANGE, content_range);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
    }
}

/// Makes the body of a whole file that of a range.
fn cut(body: &mut Body, range: &RangeInclusive<u64>) {
    if let Some(file) = body.as_file() {
        return file.send(range);
    }
    let [start, end] = [*range.start(), *range.end()].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
    if let Some(part) = body.whole().map(|content| content.slice(start..=end)) {
        *body = part.into();
    }
}

/// Answers `status` with what is known of the file, but not the file.
fn without_file(response: &mut Response, status: StatusCode) {
    *response.status_mut() = status;
    *response.body_mut() = Body::empty();
    for name in [CONTENT_TYPE, CONTENT_DISPOSITION] {
        response.headers_mut().remove(name);
    }
}

fn insert(headers: &mut HeaderMap, name: impl IntoHeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// For how long after a change a second change may leave the same time and length.
const UNSETTLED: Duration = Duration::from_secs(2);

fn insert_validators(headers: &mut HeaderMap, modified: SystemTime, length: u64, now: SystemTime) {
    let nanoseconds = match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => format!("{:x}", after.as_nanos()),
        Err(before) => format!("-{:x}", before.duration().as_nanos()),
    };
    let is_settled = now.duration_since(modified).is_ok_and(|age| age >= UNSETTLED);
    let weak = if is_settled { "" } else { "W/" };
    insert(headers, ETAG, format!("{weak}\"{nanoseconds}-{length:x}\""));
    // The dates that HTTP can write; one of the future would be taken for one of a clock that is wrong.
    let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    if (UNIX_EPOCH..=last).contains(&modified) {
        insert(headers, LAST_MODIFIED, httpdate::fmt_http_date(modified.min(now)));
    }
}

/// The content type of a file of this name.
pub(super) fn media_type(path: &Path) -> HeaderValue {
    let Some(media_type) = mime_guess::from_path(path).first_raw() else {
        return BINARY.clone();
    };
    if media_type.starts_with("text/")
        && let Ok(text) = HeaderValue::try_from(format!("{media_type}; charset=utf-8"))
    {
        return text;
    }
    HeaderValue::from_static(media_type)
}

/// The path that `name` is within a folder, if it is one and nothing in it is hidden.
fn inner_path(name: &str) -> Option<PathBuf> {
    if name.contains(['\0', '\\', ':']) {
        return None;
    }
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) if !part.as_encoded_bytes().starts_with(b".") => path.push(part),
            _ => return None,
        }
    }
    Some(path)
}

fn ensure_regular(metadata: &std::fs::Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
}

/// The error with the path it is about.
fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot open {}: {error}", path.display()))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(io::Error::other(error)),
    }
}
