//! The files of a folder in the package that is being compiled.

use std::io;
use std::path::{Component, Path, PathBuf};

use stario_html::names::most_similar;
use syn::LitStr;

/// A folder, and the files in it and in the folders below it.
#[derive(Default)]
pub(super) struct Folder {
    /// The folder's path as `assets!` names it.
    name: String,
    /// The absolute path of the folder.
    pub(super) root: PathBuf,
    /// The paths of the files, with `/` between their parts, in order.
    pub(super) names: Vec<String>,
}

/// Finds the folder that `written` names, beside the manifest of the package.
pub(super) fn find(written: &LitStr) -> syn::Result<Folder> {
    let error = |message: String| syn::Error::new(written.span(), message);
    let name = written.value();
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    if name.is_empty() || Path::new(&name).is_absolute() {
        return Err(error("expected a folder beside Cargo.toml, such as \"static\"".to_owned()));
    }
    let root = package.join(&name);
    let mut names = Vec::new();
    match list(&root, "", &mut names) {
        Ok(()) => {
            names.sort_unstable();
            Ok(Folder { name, root, names })
        }
        Err(failure) if failure.kind() == io::ErrorKind::NotFound => {
            Err(error(format!("the package has no folder `{name}`{}", similar_folder(&package, &name))))
        }
        Err(failure) if failure.kind() == io::ErrorKind::NotADirectory => {
            Err(error(format!("`{name}` is not a folder")))
        }
        Err(failure) => Err(error(format!("the folder `{name}` cannot be read: {failure}"))),
    }
}

/// Adds the regular files of a folder and of the folders in it. Hidden files and symbolic links are left out.
///
/// `stario/src/assets/check.rs` lists the same files when the program starts; `ui-tests/tests/asset_folder.rs` compares the two.
fn list(folder: &Path, prefix: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| {
            io::Error::new(io::ErrorKind::InvalidData, format!("the name {} is not UTF-8", name.display()))
        })?;
        if name.starts_with('.') {
            continue;
        }
        let kind = entry.file_type()?;
        let name = format!("{prefix}{name}");
        if kind.is_dir() {
            list(&entry.path(), &format!("{name}/"), names)?;
        } else if kind.is_file() {
            names.push(name);
        }
    }
    Ok(())
}

fn similar_folder(package: &Path, name: &str) -> String {
    let (parent, _) = name.rsplit_once('/').unwrap_or_default();
    let entries = std::fs::read_dir(package.join(parent)).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
    let paths: Vec<String> =
        names.map(|name| if parent.is_empty() { name } else { format!("{parent}/{name}") }).collect();
    did_you_mean(name, paths.iter().map(String::as_str))
}

fn did_you_mean<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    most_similar(name, known).map(|known| format!("; did you mean `{known}`?")).unwrap_or_default()
}

impl Folder {
    /// Checks that the folder has a file of this name.
    pub(super) fn check(&self, written: &LitStr) -> syn::Result<()> {
        let name = written.value();
        if self.names.contains(&name) {
            return Ok(());
        }
        let folder = &self.name;
        let known = || self.names.iter().map(String::as_str);
        let path = Path::new(&name);
        let message = if path.components().any(|part| !matches!(part, Component::Normal(_))) {
            format!(
                "expected a file in `{folder}`, by its name there, such as \"img/logo.svg\": without `.`, `..` and a slash in front"
            )
        } else if name.split('/').any(|part| part.starts_with('.')) {
            format!("`{name}` is hidden: `assets!` leaves out names that begin with a dot")
        } else if self.root.join(path).is_symlink() {
            format!("`{name}` is a symbolic link, which `assets!` does not follow")
        } else if !name.is_empty() && self.root.join(path).is_dir() {
            format!("`{name}` is a folder; name a file in it")
        } else {
            // A name without folders most likely means the file with that last part.
            let last = |known: &&str| known.rsplit('/').next() == Some(&*name);
            let meant = match known().find(last) {
                Some(known) => format!("; did you mean `{known}`?"),
                None => did_you_mean(&name, known()),
            };
            format!("`{folder}` has no file `{name}`{meant}")
        };
        Err(syn::Error::new(written.span(), message))
    }
}
