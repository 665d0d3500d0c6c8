//! In the place of the hand-over, on systems without Unix sockets.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::listener::Listener;
use super::places::Role;
use crate::error::Result;
use crate::settings::Address;

pub(super) enum Claim {}

impl Claim {
    #[allow(clippy::unused_async)] // The signature of the other platforms.
    pub(super) async fn at(path: &Path) -> Result<Self> {
        let message = format!("cannot take over at {}: this system has no Unix sockets", path.display());
        Err(io::Error::new(io::ErrorKind::Unsupported, message).into())
    }

    pub(super) fn listeners(&mut self, _: &[Address], _: u32) -> Result<Vec<Listener>> {
        match *self {}
    }

    pub(super) async fn finish(self, _: &[(Arc<Listener>, Role)]) -> Result<Offer> {
        match self {}
    }
}

pub(super) enum Offer {}

impl Offer {
    pub(super) async fn taken(&mut self, _: &[(Arc<Listener>, Role)]) {
        match *self {}
    }

    pub(super) async fn finish(self, _: &[(Arc<Listener>, Role)]) {
        match self {}
    }
}
