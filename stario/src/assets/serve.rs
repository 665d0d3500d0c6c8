//! The route of a folder: which of its files a path names.

use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use percent_encoding::percent_decode_str;

use super::{Asset, AssetFolder, without_hash};
use crate::compress::{Compression, in_background};
use crate::error::Error;
use crate::handler::{Endpoint, EndpointCall, EndpointFuture};
use crate::response::{IntoResponse, Redirect, Response};
use crate::route::HandlerKind;
use crate::routing::Capture;
use crate::scope::Scope;

/// The folder of a crate, which the app finds at its start.
#[derive(Debug)]
pub struct FolderRegistration(pub &'static AssetFolder);

inventory::collect!(FolderRegistration);

/// The endpoint of a folder, whose path ends with `{path...}`. `module`, file and line are those of `assets!`.
pub const fn assets_endpoint(
    (module, file, line): (&'static str, &'static str, u32),
    path: &'static str,
    call: EndpointCall,
) -> Endpoint {
    Endpoint::of_framework(HandlerKind::Files, path, module, (file, line), call)
}

/// Answers a request for a file of the folder.
pub fn serve_asset(folder: &'static AssetFolder, scope: &Scope) -> EndpointFuture {
    let path = match scope.capture("path") {
        Some(Capture::Rest(path) | Capture::Segment(path)) => path,
        None => "",
    };
    // The router has refused a path that is not text. An escaped slash counts as a slash.
    let response = percent_decode_str(path).decode_utf8().ok().and_then(|name| respond(folder, &name));
    let response = response.map(Into::into).ok_or_else(|| Error::new(StatusCode::NOT_FOUND, "Not Found"));
    Box::pin(std::future::ready(response))
}

/// The file with this hash, or where the file of this name is.
fn respond(folder: &'static AssetFolder, name: &str) -> Option<Response> {
    if let Some(file) = folder.find(name) {
        let asset = Asset::of(folder, file.name);
        asset.version()?;
        let mut response = Redirect::to(asset).into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        return Some(response);
    }
    let (name, hash) = without_hash(name)?;
    let version = folder.version(folder.find(&name)?)?;
    (version.fixed.hash() == hash).then(|| version.fixed.respond())
}

/// Begins to compress the files of all folders that stand in the program.
pub(crate) fn compress_in_background(settings: &Compression) {
    let embedded =
        |registration: &&FolderRegistration| registration.0.files.iter().any(|file| file.content.is_some());
    for FolderRegistration(folder) in inventory::iter::<FolderRegistration>.into_iter().filter(embedded) {
        let settings = settings.clone();
        in_background(move || {
            for file in folder.files {
                if let Some(version) = folder.version(file) {
                    version.fixed.compress(&settings);
                }
            }
        });
    }
}
