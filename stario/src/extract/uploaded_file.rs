//! `UploadedFile`: a file of a form, read before the handler runs.

mod from_request;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::Mutex;

use super::file_name::sanitized;
use super::multipart::MultipartPart;
use crate::error::Rejection;

/// The most bytes of a file that stay in memory: 256 KiB.
const MEMORY_LIMIT: usize = 256 * 1024;

/// Reads a file of a form, the one in the field that is named like the parameter.
///
/// The form is `multipart/form-data`. It is read once, whole, before the handler runs, for all such parameters
/// and all [`FormField`](crate::FormField)s together. `Vec<UploadedFile>` takes all files of its field,
/// `Option<UploadedFile>` may be missing. Of several files a single one is the last. A file of more than 256 KiB is kept
/// in an unnamed temporary file, which is removed with the last clone of the value, even if the process is killed. It lies in
/// the folder that `TMPDIR` names, else in `/tmp`; [`App::serve`](crate::App::serve) warns at the start if that cannot be written.
///
/// A body of another type is refused with 422. So are a field that is not a file, a malformed body, one of more than 1000
/// parts, and a part with more than 8 KiB of headers. A missing file, or an input in which none was chosen, is refused
/// with 400; a `Vec` is then empty. The whole form is limited by [`App::body_limit`](crate::App::body_limit), 413 beyond.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::command("/import")]
/// async fn import(rows: UploadedFile) -> stario::Result<String> {
///     let content = rows.bytes().await?;
///     Ok(format!("{}: {} bytes, {:?}", rows.file_name(), rows.len(), content.first()))
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let body = "--x\r\ncontent-disposition: form-data; name=\"rows\"; filename=\"/tmp/a.csv\"\r\n\r\n1,2\r\n--x--\r\n";
/// let form = client.post("/import").header("content-type", "multipart/form-data; boundary=x").body(body);
/// assert_eq!(form.send().text(), "a.csv: 3 bytes, Some(49)");
/// assert_eq!(client.post("/import").body("1,2").send().status(), 422);
/// # }
/// ```
#[derive(Clone)]
pub struct UploadedFile {
    file_name: String,
    content_type: Option<String>,
    length: u64,
    content: FileContent,
}

/// The files are cloned with the values, so they are shared.
#[derive(Clone)]
enum FileContent {
    Memory(Bytes),
    /// Its cursor is shared, so each reader goes to the beginning first.
    Disk(Arc<Mutex<File>>),
}

/// The result of reading one file input.
pub(super) enum Upload {
    File(UploadedFile),
    /// No file was chosen.
    Nothing,
    /// The file is larger than its limit, and was not kept.
    TooLarge,
}

impl UploadedFile {
    /// A file of your own, for a [`DurableCommand`](crate::durable::DurableCommand). Its name is made safe, as a client's is.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// let file = UploadedFile::new("reports/2026.csv", Some("text/csv"), "item,count\ntea,2\n");
    /// assert_eq!((file.file_name(), file.content_type(), file.len()), ("2026.csv", Some("text/csv"), 17));
    /// ```
    pub fn new(file_name: &str, content_type: Option<&str>, content: impl Into<Bytes>) -> Self {
        Self::from_memory(sanitized(file_name), content_type.map(str::to_owned), content.into())
    }

    /// The file's name: without a path, and safe to use in one. `file` if nothing is left of the client's.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The file's type, as the client says.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The file's length in bytes.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether the file has no bytes.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Reads the whole file.
    ///
    /// # Errors
    ///
    /// When the temporary file cannot be read.
    pub async fn bytes(&self) -> io::Result<Bytes> {
        match &self.content {
            FileContent::Memory(bytes) => Ok(bytes.clone()),
            FileContent::Disk(file) => {
                let mut file = file.lock().await;
                file.rewind().await?;
                let mut bytes = Vec::with_capacity(usize::try_from(self.length).unwrap_or_default());
                file.read_to_end(&mut bytes).await?;
                Ok(bytes.into())
            }
        }
    }

    /// Copies the file to `path`. A file that exists there is overwritten.
    ///
    /// # Errors
    ///
    /// When the temporary file cannot be read, or `path` not be written.
    pub async fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        match &self.content {
            FileContent::Memory(bytes) => tokio::fs::write(path, bytes).await,
            FileContent::Disk(file) => {
                let mut file = file.lock().await;
                file.rewind().await?;
                let mut copy = File::create(path).await?;
                tokio::io::copy(&mut *file, &mut copy).await?;
                copy.flush().await
            }
        }
    }

    /// A file that was stored.
    pub(crate) fn from_memory(file_name: String, content_type: Option<String>, content: Bytes) -> Self {
        Self { file_name, content_type, length: content.len() as u64, content: FileContent::Memory(content) }
    }

    pub(super) fn length(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    pub(super) fn bytes_in_memory(&self) -> usize {
        match &self.content {
            FileContent::Memory(bytes) => bytes.len(),
            FileContent::Disk(_) => 0,
        }
    }

    /// A file without a name and without content.
    #[cfg(feature = "forms")]
    pub(super) fn empty() -> Self {
        let content = FileContent::Memory(Bytes::new());
        Self { file_name: String::new(), content_type: None, length: 0, content }
    }

    /// Reads one part into memory and, beyond [`MEMORY_LIMIT`], onto the disk; `None` if no file was chosen.
    pub(super) async fn read(part: MultipartPart<'_>) -> Result<Option<Self>, Rejection> {
        Ok(match Self::read_within(part, u64::MAX).await? {
            Upload::File(file) => Some(file),
            Upload::Nothing | Upload::TooLarge => None,
        })
    }

    /// The same with a limit in bytes. The rest of a file that is larger is not read.
    pub(super) async fn read_within(mut part: MultipartPart<'_>, limit: u64) -> Result<Upload, Rejection> {
        let file_name = part.file_name().unwrap_or_default().to_owned();
        let content_type = part.content_type().map(str::to_owned);
        let is_unnamed = part.is_unnamed_file();
        let (mut memory, mut disk, mut length) = (Vec::new(), None, 0);
        while let Some(chunk) = part.next_chunk().await? {
            length += chunk.len() as u64;
            if length > limit {
                part.hold(0, 0)?;
                return Ok(Upload::TooLarge);
            }
            memory.extend_from_slice(&chunk);
            part.hold(memory.capacity(), usize::try_from(length).unwrap_or(usize::MAX))?;
            if memory.len() > MEMORY_LIMIT {
                let file = match &mut disk {
                    Some(file) => file,
                    None => disk.insert(temporary_file().await.map_err(not_spooled)?),
                };
                file.write_all(&memory).await.map_err(not_spooled)?;
                memory.clear();
            }
        }
        if is_unnamed && length == 0 {
            return Ok(Upload::Nothing);
        }
        let content = match disk {
            Some(mut file) => {
                file.write_all(&memory).await.map_err(not_spooled)?;
                file.flush().await.map_err(not_spooled)?;
                FileContent::Disk(Arc::new(Mutex::new(file)))
            }
            None => {
                memory.shrink_to_fit();
                FileContent::Memory(memory.into())
            }
        };
        Ok(Upload::File(Self { file_name, content_type, length, content }))
    }
}

impl fmt::Debug for UploadedFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UploadedFile")
            .field("file_name", &self.file_name)
            .field("content_type", &self.content_type)
            .field("len", &self.length)
            .finish_non_exhaustive()
    }
}

/// Creates a file without a name, which the system removes when it is closed, even by the end of the process.
async fn temporary_file() -> io::Result<File> {
    let file = tokio::task::spawn_blocking(tempfile::tempfile).await.map_err(io::Error::other)??;
    Ok(File::from_std(file))
}

/// Warns at the start of a server if no temporary file can be created: small uploads would work, and large ones fail.
pub(crate) fn warn_without_temporary_folder() {
    if let Err(error) = tempfile::tempfile() {
        tracing::warn!(
            folder = %std::env::temp_dir().display(),
            %error,
            "uploaded files of more than 256 KiB cannot be kept and are answered 500: set TMPDIR to a folder that can be written"
        );
    }
}

/// Answers 500, because the client did nothing wrong: the disk may be full.
#[allow(clippy::needless_pass_by_value)] // As `map_err` passes it.
fn not_spooled(error: io::Error) -> Rejection {
    Rejection::internal(format_args!("an uploaded file cannot be written: {error}"))
}
