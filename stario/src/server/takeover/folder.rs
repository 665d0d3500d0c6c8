//! Whether the path of a hand-over is safe: nobody else can put a socket of their own there.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// Checks the folder of `path`, and the file if there is one. Returns whether there is.
///
/// # Errors
///
/// A folder that is missing or in which others may write, a file that is no socket, and one that belongs to another user.
pub(super) fn check(path: &Path, user: u32) -> io::Result<bool> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = fs::metadata(folder).map_err(|error| {
        io::Error::new(error.kind(), format!("its folder {} cannot be read: {error}", folder.display()))
    })?;
    if let Some(problem) = problem_of_folder(found.uid(), found.mode(), user) {
        let folder = folder.display();
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("its folder {folder} {problem}"),
        ));
    }
    match fs::symlink_metadata(path) {
        Ok(file) => check_file(&file, user).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn problem_of_folder(owner: u32, mode: u32, user: u32) -> Option<String> {
    const STICKY: u32 = 0o1000;
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    if owner != user && owner != 0 {
        return Some(format!("belongs to user {owner}, and this process runs as user {user}"));
    }
    // In a sticky folder, such as /tmp, others cannot replace a file.
    let is_open = mode & WRITABLE_BY_OTHERS != 0 && mode & STICKY == 0;
    is_open.then(|| format!("can be written by others: its mode is {:o}", mode & 0o7777))
}

fn check_file(file: &Metadata, user: u32) -> io::Result<()> {
    if !file.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket"));
    }
    check_user(file.uid(), user, "the file belongs to")
}

/// Checks that what belongs to `found` belongs to `user`.
pub(super) fn check_user(found: u32, user: u32, belongs: &str) -> io::Result<()> {
    if found == user {
        return Ok(());
    }
    let message = format!("{belongs} user {found}, and this process runs as user {user}");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

/// The error with the path and the step that failed.
pub(super) fn at(path: &Path, step: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{step} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn the_folder_belongs_to_the_user_or_to_root_and_others_cannot_replace_files_in_it() {
        let check = |owner, mode, expected: Option<&str>| {
            assert_eq!(problem_of_folder(owner, mode, 7).as_deref(), expected);
        };
        check(7, 0o40755, None);
        check(0, 0o41777, None);
        check(7, 0o40775, Some("can be written by others: its mode is 775"));
        check(0, 0o40757, Some("can be written by others: its mode is 757"));
        check(8, 0o40755, Some("belongs to user 8, and this process runs as user 7"));
    }

    #[test]
    fn the_file_is_a_socket_of_the_user() {
        let folder = tempfile::tempdir().unwrap();
        let user = folder.path().metadata().unwrap().uid();
        let path = folder.path().join("hand-over.sock");
        assert!(!check(&path, user).unwrap());
        let _listener = UnixListener::bind(&path).unwrap();
        assert!(check(&path, user).unwrap());
        let file = fs::symlink_metadata(&path).unwrap();
        let error = check_file(&file, user + 1).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("the file belongs to user {user}, and this process runs as user {}", user + 1)
        );
        fs::write(folder.path().join("text"), "precious").unwrap();
        let error = check(&folder.path().join("text"), user).unwrap_err();
        assert_eq!(error.to_string(), "there is a file that is no socket");
        let error = check(&folder.path().join("none/hand-over.sock"), user).unwrap_err().to_string();
        assert!(error.contains("its folder") && error.contains("none cannot be read"), "{error}");
    }
}
