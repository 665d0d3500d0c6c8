//! The files of `assets!`: which there are, where they are served, and what stands in them.
//!
//! The macro makes a static table of a folder. In a release build the table holds the contents; with debug assertions it
//! holds the names, and each use looks at the file on disk, so that a file that was edited is served anew.

mod check;
mod css;
mod import_map;
mod links;
mod serve;
#[cfg(test)]
mod tests;

use std::any::TypeId;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use percent_encoding::utf8_percent_encode;
use stario_html::{AttrWriter, Buf, Render, UrlAttr};

use crate::datastar::{Url, encoded_prefix_of};
use crate::path_segment;
use crate::response::{HashedContent, Location};

pub use import_map::ImportMap;
pub(crate) use serve::compress_in_background;
pub use serve::{FolderRegistration, assets_endpoint, serve_asset};

/// Makes the files of a folder part of the program, and serves them. Write it once, in the crate's root, beside
/// [`app!`](crate::app).
///
/// ```
/// use stario::prelude::*;
///
/// stario::app!();
/// stario::assets!("tests/app/static");         // a folder beside Cargo.toml, usually "static"
///
/// #[app::query("/")]
/// async fn home() -> Html {
///     html! { <link rel="stylesheet" href={asset!("app.css")}> }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let style = client.get(asset!("app.css").url()).send();
/// assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
/// assert_eq!(style.header("cache-control"), "public, max-age=31536000, immutable");
/// assert_eq!(client.get("/assets/app.css").send().status(), 307);
/// # }
/// ```
///
/// # URLs
///
/// [`asset!`](crate::asset) makes the URL of one file, checked when it is compiled. A file is answered at
/// `/assets/name-hash.css`, below the prefix of the app. The hash is that of the content, so the answer says `immutable` for
/// a year. It has an `etag`, and ranges are served. The name without the hash is redirected (307) to the one with it; another
/// hash is answered 404, because the file has changed since.
///
/// | in `assets!` | |
/// |---|---|
/// | `at = "/files"` | the path before the names, `/assets` unless set |
/// | `app = admin` | the app that serves them, [`app!`](crate::app) without a name unless set |
///
/// Apps that are merged need a different `at` each. Guards do not hold for these files: they are no secrets, and a page for the
/// login needs its style.
///
/// Style sheets are changed on the way: `url(..)` and `@import` that lead to a file of the folder get its hash. Modules of
/// JavaScript find each other by `assets::import_map()`, see [`ImportMap`](crate::ImportMap).
///
/// # Which files
///
/// All regular files of the folder and the folders in it. Names that begin with a dot are left out, and symbolic links
/// are not followed. What is not in this list is never served, whatever a request asks for.
///
/// # Builds
///
/// With debug assertions the files are read from disk when they are used, at the folder's place when the program was built: a
/// style sheet that was edited is served anew without another build. A release build holds the contents, so it can be moved
/// anywhere; cargo builds it again when one of the files changes.
///
/// Cargo does not see that a file is new. An `asset!` that names it is a change of the program, and in a release build a style
/// sheet or module that names it is one, too. In all other cases, such as an image that a style sheet names in a debug build, the
/// program must be built again. A `build.rs` of one line has cargo do so:
///
/// ```text
/// fn main() { println!("cargo:rerun-if-changed=static"); }
/// ```
///
/// With debug assertions [`App::check`](crate::App::check) compares the disk with the program: a file that an `asset!` names
/// and that is gone is a problem; other files that are new or gone, and URLs in style sheets that lead to nothing, are warnings.
///
/// # Compression
///
/// With the feature `compression` files are compressed at the best levels of zstd, brotli and gzip, each once. A thread of its
/// own does so after the start; until it has, files are sent as they are. With debug assertions it begins when a client first
/// asks for the file, at the usual levels.
#[macro_export]
macro_rules! assets {
    ($($arguments:tt)*) => {
        $crate::__private::assets_macro! { ($crate::__private) $($arguments)* }
    };
}

/// A file of the folder that [`assets!`](crate::assets) names, as an [`Asset`]: its URL, checked when it is compiled.
///
/// The name is relative to the folder, with `/` between its parts.
///
/// ```
/// use stario::prelude::*;
///
/// stario::app!();
/// stario::assets!("tests/app/static");
///
/// # fn main() {
/// let logo = html! { <img src={asset!("img/dot.svg")} alt="A dot"> };
/// assert!(logo.as_str().starts_with(r#"<img src="/assets/img/dot-"#));
/// # }
/// ```
///
/// A name that the folder does not have is an error of the compiler, at the name.
///
/// ```compile_fail
/// use stario::prelude::*;
///
/// stario::app!();
/// stario::assets!("tests/app/static");
///
/// # fn main() {
/// let url = asset!("ap.css");          // did you mean `app.css`?
/// # }
/// ```
#[macro_export]
// The folder is that of the crate that writes the name.
#[allow(clippy::crate_in_macro_def)]
macro_rules! asset {
    ($($name:tt)*) => {
        crate::assets::__asset! { $($name)* }
    };
}

/// A file of the folder that [`assets!`](crate::assets) names, made by [`asset!`](crate::asset).
///
/// In `html!` it stands where a URL stands. The URL holds a hash of the content, so browsers keep the file for a year and
/// still see each change. It has the prefix of the app, as links to handlers have.
///
/// ```
/// use stario::prelude::*;
///
/// stario::app!();
/// stario::assets!("tests/app/static");
///
/// # fn main() {
/// let head = html! { <link rel="stylesheet" href={asset!("app.css")}> };
/// assert!(head.as_str().starts_with(r#"<link rel="stylesheet" href="/assets/app-"#));
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Asset {
    folder: &'static AssetFolder,
    name: &'static str,
}

impl Asset {
    #[doc(hidden)]
    pub const fn of(folder: &'static AssetFolder, name: &'static str) -> Self {
        Self { folder, name }
    }

    /// The URL as text, percent-encoded, with the prefix of the app and the hash of the content.
    pub fn url(self) -> Url {
        Url::of_asset(self.to_string())
    }

    /// The SHA-384 of the content for the attribute `integrity`: a browser refuses the file if another content arrives.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// stario::app!();
    /// stario::assets!("tests/app/static");
    ///
    /// # fn main() {
    /// let script = asset!("app.js");
    /// let head = html! { <script type="module" src={script} integrity={script.integrity()}></script> };
    /// assert!(head.as_str().contains(r#" integrity="sha384-"#));
    /// # }
    /// ```
    pub fn integrity(self) -> String {
        self.version().map(|version| version.fixed.integrity()).unwrap_or_default()
    }

    /// The name in the folder, such as `img/logo.svg`.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The content as it is now; `None` where it cannot be read.
    fn version(self) -> Option<Arc<Version>> {
        self.folder.find(self.name).and_then(|file| self.folder.version(file))
    }

    /// The path without a hash, which is redirected to the one with it.
    fn plain_path(self) -> String {
        let mut path = String::new();
        self.folder.write_path(&escaped(self.name), &mut |part| path.push_str(part));
        path
    }

    /// Passes the parts of the URL on.
    fn write(self, out: &mut dyn FnMut(&str)) {
        match self.version() {
            Some(version) => self.folder.write_path(&version.path, out),
            None => out(&self.plain_path()),
        }
    }
}

/// The URL, as [`Asset::url`] has it.
impl fmt::Display for Asset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = Ok(());
        self.write(&mut |part| written = written.and_then(|()| formatter.write_str(part)));
        written
    }
}

impl fmt::Debug for Asset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Asset").field(&self.name).finish()
    }
}

impl Render for Asset {
    fn render(&self, buf: &mut Buf) {
        self.write(&mut |part| buf.push_escaped(part));
    }
}

impl UrlAttr for Asset {
    fn write_url(&self, out: &mut AttrWriter<'_>) {
        self.write(&mut |part| out.write_str(part));
    }
}

impl From<Asset> for Url {
    fn from(asset: Asset) -> Self {
        asset.url()
    }
}

/// A place of this site.
impl From<Asset> for Location {
    fn from(asset: Asset) -> Self {
        asset.url().into()
    }
}

/// The folder of a crate. `assets!` makes one.
#[doc(hidden)]
pub struct AssetFolder {
    /// The type of the `Routes` of the app that serves it. A function, because a `TypeId` in a constant needs a newer Rust.
    pub app: fn() -> TypeId,
    /// The module in which `assets!` stands.
    pub module: &'static str,
    /// The folder as `assets!` names it.
    pub name: &'static str,
    /// The whole path of the folder; empty in a program that holds the contents.
    pub root: &'static str,
    /// The path before the names, such as `/assets`.
    pub at: &'static str,
    /// In the order of their names.
    pub files: &'static [AssetFile],
}

/// A file of a folder.
#[doc(hidden)]
pub struct AssetFile {
    /// The path in the folder, with `/` between its parts.
    name: &'static str,
    /// `None` where it is read from disk.
    content: Option<&'static [u8]>,
    /// The content in the program, once it was used.
    embedded: OnceLock<Arc<Version>>,
    /// The content that was last read from disk.
    latest: Mutex<Option<Arc<Version>>>,
}

impl AssetFile {
    /// A file whose content is in the program.
    pub const fn embedded(name: &'static str, content: &'static [u8]) -> Self {
        Self { name, content: Some(content), embedded: OnceLock::new(), latest: Mutex::new(None) }
    }

    /// A file that is read when it is used.
    pub const fn on_disk(name: &'static str) -> Self {
        Self { name, content: None, embedded: OnceLock::new(), latest: Mutex::new(None) }
    }

    fn is_style_sheet(&self) -> bool {
        self.name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("css"))
    }
}

/// A file with one content.
struct Version {
    /// Differs from that of a later content; `None` for content in the program.
    stamp: Option<FileStamp>,
    /// The other files whose hashes stand in the content.
    linked: Vec<Linked>,
    /// The name with the hash, as it stands in URLs.
    path: String,
    fixed: HashedContent,
}

/// A file whose hash stands in a style sheet.
struct Linked {
    file: &'static AssetFile,
    hash: String,
}

impl Linked {
    /// Whether the file has the same content still.
    fn is_current(&self, folder: &'static AssetFolder) -> bool {
        folder.version(self.file).is_some_and(|version| version.fixed.hash() == self.hash)
    }
}

/// The time of a file's last change, and its length.
type FileStamp = (Option<SystemTime>, u64);

impl AssetFolder {
    fn find(&self, name: &str) -> Option<&'static AssetFile> {
        let at = self.files.binary_search_by_key(&name, |file| file.name).ok()?;
        self.files.get(at)
    }

    /// Passes on the parts of the URL of the file that is called so, with the prefix of the app.
    fn write_path(&self, name: &str, out: &mut dyn FnMut(&str)) {
        [&*encoded_prefix_of((self.app)()), self.at, "/", name].into_iter().for_each(out);
    }

    /// The file as it is now. `None` where it cannot be read; the log says why.
    fn version(&'static self, file: &'static AssetFile) -> Option<Arc<Version>> {
        if let Some(content) = file.content {
            let make = || Arc::new(self.make(file, Bytes::from_static(content), None));
            return Some(Arc::clone(file.embedded.get_or_init(make)));
        }
        let latest = || file.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let read = self.stamp(file).and_then(|stamp| {
            let known = latest().clone().filter(|known| known.stamp == Some(stamp));
            if let Some(known) =
                known.filter(|known| known.linked.iter().all(|linked| linked.is_current(self)))
            {
                return Ok(known);
            }
            let content = std::fs::read(self.disk_path(file))?;
            Ok(Arc::new(self.make(file, content.into(), Some(stamp))))
        });
        match read {
            Ok(version) => {
                *latest() = Some(Arc::clone(&version));
                Some(version)
            }
            Err(error) => {
                tracing::error!(file = %self.disk_path(file).display(), %error, "a file of `assets!` cannot be read");
                None
            }
        }
    }

    fn disk_path(&self, file: &AssetFile) -> PathBuf {
        [self.root, file.name].iter().collect()
    }

    fn stamp(&self, file: &AssetFile) -> std::io::Result<FileStamp> {
        // A link is not followed, as when the program was built.
        let metadata = std::fs::symlink_metadata(self.disk_path(file))?;
        if !metadata.is_file() {
            return Err(std::io::Error::other("it is not a regular file"));
        }
        Ok((metadata.modified().ok(), metadata.len()))
    }

    /// The file with this content, in which the URLs of other files get their hashes if it is a style sheet.
    fn make(&'static self, file: &'static AssetFile, content: Bytes, stamp: Option<FileStamp>) -> Version {
        let (content, linked) =
            if file.is_style_sheet() { self.with_hashes(file, content) } else { (content, Vec::new()) };
        let fixed = HashedContent::new(file.name, content);
        let path = escaped(&hashed_name(file.name, fixed.hash()));
        Version { stamp, linked, path, fixed }
    }

    /// The content on disk or in the program, as it was written.
    fn raw(&self, file: &AssetFile) -> Option<Bytes> {
        match file.content {
            Some(content) => Some(Bytes::from_static(content)),
            None => std::fs::read(self.disk_path(file)).ok().map(Bytes::from),
        }
    }
}

impl fmt::Debug for AssetFolder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("AssetFolder").field(&self.name).finish()
    }
}

/// `img/logo.svg` and a hash: `img/logo-0123456789abcdef.svg`.
fn hashed_name(name: &str, hash: &str) -> String {
    let file = name.rfind('/').map_or(0, |slash| slash + 1);
    let end = name[file..].rfind('.').map_or(name.len(), |dot| file + dot);
    [&name[..end], "-", hash, &name[end..]].concat()
}

/// The name and the hash of a name with a hash.
fn without_hash(hashed: &str) -> Option<(String, &str)> {
    let file = hashed.rfind('/').map_or(0, |slash| slash + 1);
    let end = hashed[file..].rfind('.').map_or(hashed.len(), |dot| file + dot);
    let start = end.checked_sub(HashedContent::HASH_LENGTH).filter(|start| *start > file)?;
    let name = hashed.get(..start)?.strip_suffix('-')?;
    Some(([name, &hashed[end..]].concat(), &hashed[start..end]))
}

/// The name as it stands in URLs and in style sheets, where quotes and parentheses have a meaning.
fn escaped(name: &str) -> String {
    const ESCAPED: &percent_encoding::AsciiSet =
        &path_segment::ESCAPED.remove(b'/').add(b'\'').add(b'(').add(b')');
    utf8_percent_encode(name, ESCAPED).to_string()
}
