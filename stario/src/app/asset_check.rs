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
        let found = folder.compare_with_disk();
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
