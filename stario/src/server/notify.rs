//! Tells systemd, or another program with its protocol, that the server accepts connections (`Type=notify`).

#[cfg(unix)]
use std::{ffi::OsStr, io, os::unix::net::UnixDatagram};

/// The variable with the path of the socket that takes the message; `@` stands for the first byte of an abstract name.
#[cfg(unix)]
const VARIABLE: &str = "NOTIFY_SOCKET";

/// Says that the server is ready, if anybody wants to know. A failure is logged: the server serves nevertheless.
#[cfg(unix)]
pub(super) fn ready() {
    let Some(name) = std::env::var_os(VARIABLE).filter(|name| !name.is_empty()) else { return };
    if let Err(error) = send(&name, b"READY=1\n") {
        tracing::warn!(%error, path = %name.display(), "cannot say that the server is ready");
    }
}

#[cfg(not(unix))]
pub(super) fn ready() {}

#[cfg(unix)]
fn send(name: &OsStr, message: &[u8]) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    // Nobody waits for a reader that takes nothing.
    socket.set_nonblocking(true)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = std::os::unix::ffi::OsStrExt::as_bytes(name).strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        return socket.send_to_addr(message, &address).map(drop);
    }
    socket.send_to(message, name).map(drop)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    use super::*;

    #[test]
    fn a_name_is_a_path_or_abstract() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify.sock");
        let abstract_name = format!("stario-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let readers = [UnixDatagram::bind(&path).unwrap(), UnixDatagram::bind_addr(&address).unwrap()];
        for (reader, name) in readers.iter().zip([path.as_os_str(), OsStr::new(&format!("@{abstract_name}"))])
        {
            send(name, b"READY=1\n").unwrap();
            let mut message = [0; 16];
            let length = reader.recv(&mut message).unwrap();
            assert_eq!(&message[..length], b"READY=1\n");
        }
        assert!(send(folder.path().join("none").as_os_str(), b"READY=1\n").is_err());
    }
}
