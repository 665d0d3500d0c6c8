use std::fs;
use std::path::Path;

use super::*;

/// A folder that is read from disk, with these files known.
fn on_disk(root: &Path, names: &[&'static str]) -> &'static AssetFolder {
    let files: Vec<AssetFile> = names.iter().map(|name| AssetFile::on_disk(name)).collect();
    Box::leak(Box::new(AssetFolder {
        app: TypeId::of::<()>,
        module: "tests",
        name: "static",
        root: root.display().to_string().leak(),
        at: "/assets",
        files: files.leak(),
    }))
}

fn content(folder: &'static AssetFolder, name: &str) -> Option<String> {
    let version = folder.version(folder.find(name)?)?;
    let response = version.fixed.respond();
    Some(std::str::from_utf8(response.body().whole()?).unwrap().to_owned())
}

#[test]
fn an_edited_file_is_another_one_at_once() {
    let root = tempfile::tempdir().unwrap();
    let folder = on_disk(root.path(), &["a.png", "app.css", "base.css"]);
    fs::write(root.path().join("a.png"), "1").unwrap();
    fs::write(root.path().join("app.css"), "@import 'base.css';").unwrap();
    fs::write(root.path().join("base.css"), "a{b:url(a.png)}").unwrap();
    let [app, base] = ["app.css", "base.css"].map(|name| Asset::of(folder, name));
    let before = [app, base].map(|asset| asset.to_string());
    assert_eq!([app, base].map(|asset| asset.to_string()), before);

    // What an image is decides what the style sheets are that name it.
    fs::write(root.path().join("a.png"), "22").unwrap();
    let after = [app, base].map(|asset| asset.to_string());
    assert!(before[0] != after[0] && before[1] != after[1], "{before:?} {after:?}");
    let base_name = &after[1]["/assets/".len()..];
    assert_eq!(content(folder, "app.css").unwrap(), format!("@import '{base_name}';"));

    fs::write(root.path().join("base.css"), "a{c:d}").unwrap();
    assert_eq!(content(folder, "base.css").unwrap(), "a{c:d}");
    assert_ne!(app.to_string(), after[0]);
}

#[test]
fn a_file_that_is_gone_has_a_url_without_a_hash() {
    let root = tempfile::tempdir().unwrap();
    let folder = on_disk(root.path(), &["a b.txt"]);
    let asset = Asset::of(folder, "a b.txt");
    assert_eq!((asset.to_string(), asset.integrity()), ("/assets/a%20b.txt".to_owned(), String::new()));
    fs::write(root.path().join("a b.txt"), "").unwrap();
    assert!(asset.to_string().starts_with("/assets/a%20b-"));
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed() {
    let root = tempfile::tempdir().unwrap();
    let folder = on_disk(root.path(), &["a.txt"]);
    std::os::unix::fs::symlink("/etc/hostname", root.path().join("a.txt")).unwrap();
    assert_eq!(content(folder, "a.txt"), None);
    assert_eq!(folder.compare_with_disk().unwrap().gone, ["a.txt"]);
}

#[test]
fn the_check_finds_what_is_new_gone_and_misspelt() {
    let root = tempfile::tempdir().unwrap();
    let folder = on_disk(root.path(), &["app.css", "gone.png", "img/logo.svg"]);
    fs::create_dir_all(root.path().join("img")).unwrap();
    fs::write(root.path().join("img/logo.svg"), "").unwrap();
    fs::write(root.path().join("img/new.svg"), "").unwrap();
    fs::write(root.path().join(".hidden"), "").unwrap();
    fs::write(root.path().join("app.css"), "a{}\n\nb{c:url(img/lgoo.svg)}").unwrap();
    let check::AssetFindings { gone, warnings } = folder.compare_with_disk().unwrap();
    assert_eq!(gone, ["gone.png"]);
    assert_eq!(
        warnings,
        [
            "`static/img/new.svg` is new, and is not served until the program is built again: cargo sees it if a \
             `build.rs` prints \"cargo:rerun-if-changed=static\"",
            "`static/app.css:3` names `img/lgoo.svg`, which is not in the folder; did you mean `img/logo.svg`?",
        ]
    );
    fs::remove_dir_all(root.path()).unwrap();
    let problem = folder.compare_with_disk().unwrap_err();
    assert!(
        problem.starts_with(&format!("the folder `{}` cannot be read", root.path().display())),
        "{problem}"
    );
}

const HASH: &str = "0123456789abcdef";

#[test]
fn a_hash_stands_before_the_extension() {
    for (name, hashed) in [
        ("app.css", "app-0123456789abcdef.css"),
        ("js.d/app.min.js", "js.d/app.min-0123456789abcdef.js"),
        ("js.d/LICENSE", "js.d/LICENSE-0123456789abcdef"),
        ("é.png", "é-0123456789abcdef.png"),
    ] {
        assert_eq!(hashed_name(name, HASH), hashed);
        assert_eq!(without_hash(hashed), Some((name.to_owned(), HASH)));
    }
    for plain in ["", "a", "app.css", "0123456789abcdef.css", "a/-0123456789abcde.css", "ééééééééééé.css"]
    {
        assert_eq!(without_hash(plain), None, "{plain}");
    }
}

#[test]
fn a_name_is_escaped_for_urls_and_style_sheets() {
    assert_eq!(escaped("a b/c'(d)%é.css"), "a%20b/c%27%28d%29%25%C3%A9.css");
}

#[cfg(feature = "compression")]
mod compressed {
    use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};

    use super::*;
    use crate::compress::{self, Accepted, Compression, in_background};

    static FILES: [AssetFile; 1] =
        [AssetFile::embedded("base.css", include_bytes!("../../tests/app/static/base.css"))];

    static FOLDER: AssetFolder = AssetFolder {
        app: TypeId::of::<()>,
        module: "tests",
        name: "static",
        root: "",
        at: "/assets",
        files: &FILES,
    };

    inventory::submit! { FolderRegistration(&FOLDER) }

    #[tokio::test]
    async fn files_of_the_program_are_compressed_before_anybody_asks() {
        let settings = Compression::new();
        compress_in_background(&settings);
        // The jobs run one after the other.
        let (sender, done) = tokio::sync::oneshot::channel();
        in_background(move || {
            let _ = sender.send(());
        });
        done.await.unwrap();

        let request = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("br"))]);
        let mut response = FOLDER.version(&FILES[0]).unwrap().fixed.respond();
        compress::respond(Accepted::of(&request).unwrap(), &settings, &mut response).await;
        assert_eq!(response.headers()[CONTENT_ENCODING], "br");
    }
}
