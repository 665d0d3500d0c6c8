//! Opens a file below a folder in which others may put links while it is opened.

use std::fs::File;
use std::io;
use std::path::Path;

/// Opens `inner`, a path of names alone, below `folder`. `None` where it leads through a symbolic link, or to
/// nothing.
#[cfg(unix)]
pub(super) fn open(folder: &Path, inner: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    use rustix::io::Errno;

    // What is passed through need not be readable, where the system has a way to say so.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const THROUGH: OFlags = OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const THROUGH: OFlags = OFlags::RDONLY;

    let open = || {
        let mut at = openat(CWD, folder, THROUGH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let mut names = inner.iter().peekable();
        while let Some(name) = names.next() {
            let kind = match names.peek() {
                Some(_) => THROUGH | OFlags::DIRECTORY,
                // To open a pipe would wait for its other end.
                None => OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY,
            };
            at = openat(&at, name, kind | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
        }
        Ok(File::from(at))
    };
    match open() {
        Ok(file) => Ok(Some(file)),
        // A link is `MLINK` to some systems, and a socket cannot be opened at all.
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::MLINK | Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
pub(super) fn open(folder: &Path, inner: &Path) -> io::Result<Option<File>> {
    let path = folder.join(inner);
    if !path.is_file() {
        return Ok(None);
    }
    File::open(path).map(Some)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::open;

    #[test]
    fn no_link_is_followed_below_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("inner/page.txt"), "inner").unwrap();
        symlink("inner", folder.path().join("folder-link")).unwrap();
        symlink("inner/page.txt", folder.path().join("file-link")).unwrap();
        let mut text = String::new();
        let file = open(folder.path(), Path::new("inner/page.txt")).unwrap();
        file.unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "inner");
        for link in ["folder-link/page.txt", "file-link", "absent", "inner/page.txt/x"] {
            assert!(open(folder.path(), Path::new(link)).unwrap().is_none(), "{link}");
        }
    }
}
