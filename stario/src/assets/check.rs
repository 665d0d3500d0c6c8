//! Compares the folder on disk with the files that the program knows.

use std::collections::BTreeSet;
use std::path::Path;

use stario_html::names::most_similar;

use super::{AssetFile, AssetFolder};

/// The differences between the folder in the program and on disk.
#[derive(Debug, Default)]
pub(crate) struct AssetFindings {
    /// Files of the program that are not on disk.
    pub(crate) gone: Vec<&'static str>,
    pub(crate) warnings: Vec<String>,
}

impl AssetFolder {
    /// Compares, if the files are read from disk.
    ///
    /// # Errors
    ///
    /// Why the folder cannot be read.
    pub(crate) fn compare_with_disk(&self) -> Result<AssetFindings, String> {
        let mut findings = AssetFindings::default();
        if self.files.iter().all(|file| file.content.is_some()) {
            return Ok(findings);
        }
        let mut on_disk = BTreeSet::new();
        list(Path::new(self.root), "", &mut on_disk).map_err(|error| {
            format!(
                "the folder `{}` cannot be read, where a build with debug assertions reads its files: {error}",
                self.root
            )
        })?;
        findings.gone = self.names().filter(|name| !on_disk.contains(*name)).collect();
        for name in on_disk.iter().filter(|name| self.find(name).is_none()) {
            findings.warnings.push(format!(
                "`{}/{name}` is new, and is not served until the program is built again: cargo sees it if a `build.rs` prints \
                 \"cargo:rerun-if-changed={}\"",
                self.name, self.name
            ));
        }
        for file in self.files.iter().filter(|file| file.is_style_sheet()) {
            self.compare_urls(file, &mut findings.warnings);
        }
        Ok(findings)
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.files.iter().map(|file| file.name)
    }

    fn compare_urls(&self, file: &AssetFile, warnings: &mut Vec<String>) {
        for (line, name) in self.dangling(file) {
            let meant = most_similar(&name, self.names());
            let meant = meant.map(|known| format!("; did you mean `{known}`?")).unwrap_or_default();
            warnings.push(format!(
                "`{}/{}:{line}` names `{name}`, which is not in the folder{meant}",
                self.name, file.name
            ));
        }
    }
}

/// Adds the files that `assets!` would find now. It lists them in `stario-macros/src/assets/folder.rs` when the program is
/// compiled; `ui-tests/tests/asset_folder.rs` compares the two.
fn list(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let kind = entry.file_type()?;
        let name = format!("{prefix}{name}");
        if kind.is_dir() {
            list(&entry.path(), &format!("{name}/"), found)?;
        } else if kind.is_file() {
            found.insert(name);
        }
    }
    Ok(())
}
