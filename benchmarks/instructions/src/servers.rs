//! The servers that are compared. Each is the same site, in a process of its own, on one thread.

#[cfg(feature = "axum")]
mod axum;
mod content;
mod hyper;
mod stario;

use std::net::SocketAddr;

use tokio::net::UdpSocket;

/// A server and how it is set up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Raw hyper, as a careful user writes it by hand, with hyper's own timeout for request heads.
    Hyper,
    /// Raw hyper without any timeout.
    HyperWithoutTimer,
    #[cfg(feature = "axum")]
    AxumWithCompression,
    #[cfg(feature = "axum")]
    Axum,
    /// Stario with its defaults. Its log goes to a file.
    Stario,
    /// Stario with `RUST_LOG=off`.
    StarioWithoutLog,
}

pub const ALL: &[Server] = &[
    Server::Hyper,
    Server::HyperWithoutTimer,
    #[cfg(feature = "axum")]
    Server::AxumWithCompression,
    #[cfg(feature = "axum")]
    Server::Axum,
    Server::Stario,
    Server::StarioWithoutLog,
];

impl Server {
    /// Its name in tables, and as an argument of this program.
    pub fn name(self) -> &'static str {
        match self {
            Server::Hyper => "hyper",
            Server::HyperWithoutTimer => "hyper, no timer",
            #[cfg(feature = "axum")]
            Server::AxumWithCompression => "axum + CompressionLayer",
            #[cfg(feature = "axum")]
            Server::Axum => "axum",
            Server::Stario => "stario",
            Server::StarioWithoutLog => "stario, RUST_LOG=off",
        }
    }

    pub fn named(name: &str) -> Self {
        *ALL.iter().find(|server| server.name() == name).expect("the name of a server")
    }

    /// Serves until the process is killed.
    pub fn serve(self, address: SocketAddr) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            match self {
                Server::Hyper => hyper::serve(address, true).await,
                Server::HyperWithoutTimer => hyper::serve(address, false).await,
                #[cfg(feature = "axum")]
                Server::AxumWithCompression => axum::serve(address, true).await,
                #[cfg(feature = "axum")]
                Server::Axum => axum::serve(address, false).await,
                Server::Stario | Server::StarioWithoutLog => stario::serve(address).await,
            }
        });
    }
}

/// Calls `publish` for each datagram that arrives at `address`.
///
/// A request would be simpler, but its own cost differs from server to server.
async fn publish_on_datagrams(address: SocketAddr, publish: impl Fn()) {
    let socket = UdpSocket::bind(address).await.unwrap();
    loop {
        socket.recv(&mut [0; 1]).await.unwrap();
        publish();
    }
}
