//! Holds the absences that ARCHITECTURE.md promises: what may be named only in certain files.

use std::fs;
use std::path::{Path, PathBuf};

/// Every source file of a crate, by its path inside `src`.
fn sources(root: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}

/// `text` stands in code, not in comments, of these files and no others.
fn only_in(text: &str, files: &[&str]) {
    let stario = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut users: Vec<String> = sources(&stario)
        .into_iter()
        .filter(|(_, code)| {
            code.lines().any(|line| line.contains(text) && !line.trim_start().starts_with("//"))
        })
        .map(|(name, _)| name)
        .collect();
    users.sort();
    assert_eq!(users, files, "`{text}`");
}

#[test]
fn each_dependency_has_its_place() {
    only_in("hyper::", &["body.rs", "server/answer.rs", "server/connection.rs", "server/http2.rs"]);
    only_in("hyper_util::", &["server/connection.rs", "server/http2.rs"]);
    only_in("tracing_subscriber::", &["telemetry.rs", "telemetry/lines.rs", "telemetry/otlp.rs"]);
    only_in("opentelemetry", &["telemetry/otlp.rs"]);
    only_in("metrics_exporter_prometheus::", &["telemetry/metrics.rs"]);
    only_in("inventory::", &["app/discover.rs", "error.rs", "relay/pattern.rs"]);
    only_in("tower::", &["app/answers.rs", "app/layers.rs", "app/mounts.rs", "layer.rs", "service.rs"]);
    only_in(
        "cookie::",
        &[
            "extract.rs",
            "extract/cookie.rs",
            "extract/sealed_cookie.rs",
            "response.rs",
            "response/set_cookie.rs",
            "response/set_cookie/sealed.rs",
            "testing.rs",
        ],
    );
    only_in("getrandom::", &["extract/nonce.rs"]);
    only_in("base64::", &["extract/file_signal.rs"]);
    only_in("tempfile::", &["extract/uploaded_file.rs", "response/file/beneath.rs"]);
    only_in("serde_path_to_error::", &["extract/json_body.rs"]);
    only_in("tokio::fs::", &["extract/uploaded_file.rs"]);
    only_in(
        "spawn_blocking(",
        &["body/file.rs", "compress.rs", "extract/uploaded_file.rs", "response/file.rs"],
    );
    only_in("mime_guess::", &["response/file.rs"]);
    only_in("httpdate::", &["response/file.rs", "response/file/condition.rs"]);
    only_in("tokio::spawn(", &["testing/events.rs"]);
    only_in("tasks.spawn(", &["server/connection.rs", "server/http2.rs"]);
    only_in("JoinSet", &["server.rs"]);
    only_in("std::thread::Builder", &["server/announce.rs", "server/shutdown.rs", "telemetry/output.rs"]);
    only_in("tokio_rustls::", &["server/socket.rs", "server/tls.rs"]);
    only_in("listenfd::", &["server/listener.rs"]);
    only_in("socket2::", &["server/listener.rs", "server/socket.rs"]);
    only_in("rustix::", &["response/file/beneath.rs", "server/permits.rs", "server/protocol.rs"]);
    only_in("async_compression::", &["compress/decode.rs", "compress/encoder.rs"]);
    only_in("flate2::", &["compress/encoder.rs"]);
    only_in("runtime.spawn(", &["app/work.rs", "inject/cleanup.rs"]);
    only_in("dispatch(", &["dispatch.rs", "server/answer.rs", "service.rs", "testing/request.rs"]);
    only_in(
        "crate::routing",
        &[
            "app.rs",
            "app/allowed_hosts.rs",
            "app/compose.rs",
            "app/layers.rs",
            "app/mounts.rs",
            "dispatch.rs",
            "extract/path.rs",
            "handler/explicit.rs",
            "handler/route.rs",
            "layer.rs",
            "scope.rs",
        ],
    );
}

#[test]
fn connections_know_no_routes() {
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server");
    for (name, code) in sources(&server) {
        assert!(!code.contains("routing"), "{name}");
    }
}
