//! Checks the folders of `assets!` in builds with debug assertions, which read their files from disk.

use crate::assets::FolderRegistration;

use super::literals::PROGRAM;
use super::page_check::Findings;
use super::parts::Part;

/// Compares the folders of the app's parts with the disk. A file that is gone is a problem where an `asset!` names it.
pub(super) fn check(parts: &[Part], mut findings: Findings) -> Findings {
    let is_part =
        |registration: &&FolderRegistration| parts.iter().any(|part| part.routes == (registration.0.app)());
    for FolderRegistration(folder) in inventory::iter::<FolderRegistration>.into_iter().filter(is_part) {
        let found = match folder.compare_with_disk() {
            Ok(found) => found,
            Err(problem) => {
                findings.problems.push(problem);
                continue;
            }
        };
        findings.warnings.extend(found.warnings);
        let home = |module: &'static str| module.split("::").next();
        for name in found.gone {
            let file = format!("`{}/{name}`", folder.name);
            let mut users = PROGRAM.iter().filter(|literal| {
                literal.kind == 'n' && literal.text == name && home(literal.module) == home(folder.module)
            });
            match users.next() {
                Some(user) => findings.problems.push(format!("{file} is gone; {} names it", user.place)),
                None => findings.warnings.push(format!("{file} is gone since the program was built")),
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;

    use crate::app::discover;
    use crate::assets::{AssetFile, AssetFolder, FolderRegistration};

    struct Routes;

    static FILES: [AssetFile; 3] =
        [AssetFile::on_disk("app.css"), AssetFile::on_disk("gone.css"), AssetFile::on_disk("old.css")];

    static FOLDER: AssetFolder = AssetFolder {
        app: TypeId::of::<Routes>,
        module: "stario::assets",
        name: "static",
        root: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/app/static"),
        at: "/assets",
        files: &FILES,
    };

    inventory::submit! { FolderRegistration(&FOLDER) }

    #[test]
    fn a_file_that_is_gone_is_a_problem_where_it_is_named() {
        stario_html::__literals! { "src/page.rs\nn7\tgone.css\t\n" }

        let app = || discover::<Routes>("stario::tests").mount("/", axum::Router::<()>::new());
        let problems = app().check().unwrap_err().to_string();
        assert_eq!(problems, "the app cannot start:\n  `static/gone.css` is gone; src/page.rs:7 names it");
        let warnings = super::check(&app().parts, super::Findings::default()).warnings;
        assert!(
            warnings.contains(&"`static/old.css` is gone since the program was built".to_owned()),
            "{warnings:?}"
        );
        assert!(
            warnings.iter().any(|warning| warning.starts_with("`static/base.css` is new, ")),
            "{warnings:?}"
        );
    }
}
