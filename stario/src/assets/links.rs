//! The URLs in style sheets: which files they lead to, and their hashes.
//!
//! A URL keeps its directories and gets the hashed name of the file, so it is right under any prefix. Where style sheets
//! import each other in a circle, none could have the hash of the next: their URLs stay as they are, and are redirected.

use std::ops::Range;

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::{AssetFile, AssetFolder, Linked, css, escaped, hashed_name};

/// A URL in a style sheet.
struct Reference<'c> {
    /// Where its path stands, without query and fragment.
    place: Range<usize>,
    path: &'c str,
    leads_to: ReferenceTarget,
}

/// The target of a URL.
enum ReferenceTarget {
    File(&'static AssetFile),
    /// A file of the folder that is not there, by its name.
    Nothing(String),
}

impl AssetFolder {
    /// The style sheet with the hashes of the files that it names, and these files.
    pub(super) fn with_hashes(
        &'static self,
        file: &'static AssetFile,
        content: Bytes,
    ) -> (Bytes, Vec<Linked>) {
        let Ok(css) = std::str::from_utf8(&content) else { return (content, Vec::new()) };
        let mut linked = Vec::new();
        let mut written = String::with_capacity(css.len());
        let mut copied = 0;
        for Reference { place, path, leads_to } in self.references(file, css) {
            let ReferenceTarget::File(target) = leads_to else { continue };
            if target.is_style_sheet() && self.leads_to(target, file, &mut Vec::new()) {
                continue;
            }
            let Some(version) = self.version(target) else { continue };
            written.push_str(&css[copied..place.start]);
            written.push_str(&directory(path, file.name, target.name));
            let hashed = hashed_name(target.name, version.fixed.hash());
            written.push_str(&escaped(hashed.rsplit('/').next().unwrap_or_default()));
            copied = place.end;
            linked.push(Linked { file: target, hash: version.fixed.hash().to_owned() });
        }
        if linked.is_empty() {
            return (content, linked);
        }
        written.push_str(&css[copied..]);
        (written.into(), linked)
    }

    /// The URLs of a style sheet that lead to nothing, with their lines.
    pub(super) fn dangling(&self, file: &AssetFile) -> Vec<(usize, String)> {
        let Some(content) = self.raw(file) else { return Vec::new() };
        let Ok(css) = std::str::from_utf8(&content) else { return Vec::new() };
        let nothing = |reference: Reference<'_>| match reference.leads_to {
            ReferenceTarget::File(_) => None,
            ReferenceTarget::Nothing(name) => {
                Some((css[..reference.place.start].lines().count().max(1), name))
            }
        };
        self.references(file, css).into_iter().filter_map(nothing).collect()
    }

    /// Whether `from`, or a style sheet that it names, names `to`, or is it.
    fn leads_to(&self, from: &'static AssetFile, to: &AssetFile, passed: &mut Vec<&'static str>) -> bool {
        if from.name == to.name {
            return true;
        }
        if !from.is_style_sheet() || passed.contains(&from.name) {
            return false;
        }
        passed.push(from.name);
        let Some(content) = self.raw(from) else { return false };
        let Ok(css) = std::str::from_utf8(&content) else { return false };
        self.references(from, css).into_iter().any(|reference| match reference.leads_to {
            ReferenceTarget::File(next) => self.leads_to(next, to, passed),
            ReferenceTarget::Nothing(_) => false,
        })
    }

    /// The URLs of a style sheet that lead into the folder.
    fn references<'c>(&self, file: &AssetFile, css: &'c str) -> Vec<Reference<'c>> {
        let reference = |place: Range<usize>| {
            let url = &css[place.clone()];
            let path = &url[..url.find(['?', '#']).unwrap_or(url.len())];
            let name = self.name_of(path, file.name)?;
            let leads_to = self.find(&name).map_or(ReferenceTarget::Nothing(name), ReferenceTarget::File);
            Some(Reference { place: place.start..place.start + path.len(), path, leads_to })
        };
        css::urls(css).into_iter().filter_map(reference).collect()
    }

    /// The name of the file to which a path leads from the style sheet `from`. `None` where it leads out of the folder.
    fn name_of(&self, path: &str, from: &str) -> Option<String> {
        let (mut segments, relative): (Vec<&str>, _) = if path.starts_with('/') {
            (Vec::new(), path.strip_prefix(self.at)?.strip_prefix('/')?)
        } else {
            let mut directories: Vec<&str> = from.split('/').collect();
            directories.pop();
            (directories, path)
        };
        // A colon in the first segment ends a scheme.
        let first = relative.split('/').next().unwrap_or_default();
        if first.contains(':') || path.is_empty() {
            return None;
        }
        for segment in relative.split('/') {
            match segment {
                "." => {}
                ".." => drop(segments.pop()?),
                segment => segments.push(segment),
            }
        }
        let name = segments.join("/");
        Some(percent_decode_str(&name).decode_utf8().ok()?.into_owned())
    }
}

/// The directories before the name of `target`, as they are written in the style sheet `from`. A path from the root of the
/// site becomes a relative one, because the prefix of the app is not known here.
fn directory(path: &str, from: &str, target: &str) -> String {
    if path.starts_with('/') {
        let up = "../".repeat(from.matches('/').count());
        let directories = target.rfind('/').map_or("", |slash| &target[..=slash]);
        return up + &escaped(directories);
    }
    path.rfind('/').map_or("", |slash| &path[..=slash]).to_owned()
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;

    use super::*;

    fn folder(files: &[(&'static str, &'static str)]) -> &'static AssetFolder {
        let embedded =
            |(name, content): &(&'static str, &'static str)| AssetFile::embedded(name, content.as_bytes());
        let files: Vec<AssetFile> = files.iter().map(embedded).collect();
        Box::leak(Box::new(AssetFolder {
            app: TypeId::of::<()>,
            module: "tests",
            name: "static",
            root: "",
            at: "/assets",
            files: files.leak(),
        }))
    }

    fn content(folder: &'static AssetFolder, name: &str) -> String {
        let file = folder.find(name).unwrap();
        let (content, _) = folder.with_hashes(file, folder.raw(file).unwrap());
        std::str::from_utf8(&content).unwrap().to_owned()
    }

    fn hash(folder: &'static AssetFolder, name: &str) -> String {
        folder.version(folder.find(name).unwrap()).unwrap().fixed.hash().to_owned()
    }

    #[test]
    fn each_url_into_the_folder_gets_a_hash() {
        let css = "@import 'more.css'; a{b:url(../a%20b.png?x#y) url(\"/assets/img/c.png\") url(./d.png)}";
        let folder = folder(&[
            ("a b.png", "1"),
            ("css/app.css", css),
            ("css/d.png", "3"),
            ("css/more.css", ""),
            ("img/c.png", "2"),
        ]);
        let [a, c, d, more] =
            ["a b.png", "img/c.png", "css/d.png", "css/more.css"].map(|name| hash(folder, name));
        assert_eq!(
            content(folder, "css/app.css"),
            format!(
                "@import 'more-{more}.css'; a{{b:url(../a%20b-{a}.png?x#y) \
                 url(\"../img/c-{c}.png\") url(./d-{d}.png)}}"
            )
        );
    }

    #[test]
    fn other_urls_stay_as_they_are() {
        let css = "a{b:url(#x) url(?x) url(data:x,a.png) url(https://a.example/a.png) url(//a.png) \
                   url(/a.png) url(../a.png) url(b.png) url(%ff)}";
        let folder = folder(&[("a.png", ""), ("app.css", css)]);
        assert_eq!(content(folder, "app.css"), css);
        let file = folder.find("app.css").unwrap();
        assert_eq!(folder.dangling(file), [(1, "b.png".to_owned())]);
    }

    #[test]
    fn style_sheets_that_import_each_other_keep_their_names() {
        let folder = folder(&[
            ("a.css", "@import 'b.css'; @import 'a.css'; @import 'd.css';"),
            ("b.css", "@import 'c.css';"),
            ("c.css", "@import 'a.css';"),
            ("d.css", "@import 'd.css'; x{}"),
        ]);
        let d = hash(folder, "d.css");
        assert_eq!(
            content(folder, "a.css"),
            format!("@import 'b.css'; @import 'a.css'; @import 'd-{d}.css';")
        );
        assert_eq!(content(folder, "b.css"), "@import 'c.css';");
        assert_eq!(content(folder, "d.css"), "@import 'd.css'; x{}");
    }

    #[test]
    fn a_change_of_an_image_changes_the_style_sheet() {
        let one = folder(&[("a.png", "1"), ("app.css", "a{b:url(a.png)}")]);
        let two = folder(&[("a.png", "2"), ("app.css", "a{b:url(a.png)}")]);
        assert_ne!(hash(one, "app.css"), hash(two, "app.css"));
    }
}
