//! Holds what ARCHITECTURE.md promises and a machine can check: in which order files import each other, how long they
//! are, which dependency stands in which file, which names are gone, which words comments have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use syn::visit::{self, Visit};

#[path = "layout/imports.rs"]
mod imports;
#[path = "layout/words.rs"]
mod words;

use imports::{Imports, Sources};

/// The files of `stario` from bottom to top, without `.rs`. Each imports only files that stand before it.
const STARIO: &str = "
    panic error_text intern path_segment memory capacity stream_places stall stop wake_flag tasks short_text moment
    request_id nonce links current states parameter routing/bytes
    routing/escapes routing/host routing/pattern routing/segment_hasher routing/tree routing/literal_paths routing telemetry/names telemetry/buffer
    telemetry/fields telemetry/line telemetry/logged_route telemetry/log telemetry/listeners connection telemetry/event telemetry/metrics

    compress/settings compress/encoder compress/blocks compress/run compress/shared body/pieces body/error body/delivery body/incoming body body/held body/progress body/file error/rejection error rate_limit telemetry/otlp telemetry telemetry/request
    compress/vary compress/accept compress/decode compress/stream compress/events compress/event_frames compress/unmodified compress/variants compress
    response response/entity_tag response/caching response/file/beneath response/file/condition response/file/range response/file response/fixed response/json
    response/location response/part response/attachment response/redirect response/set_cookie
    response/set_cookie/sealed response/text layer/boxed layer

    settings/address settings/guard settings/allowed_hosts settings/limits settings/proxies client settings/same_origin
    settings/security_headers datastar/text datastar/fields datastar/event/burst datastar/event/encode
    datastar/event/comment
    datastar/event/foreign datastar/event/elements datastar/event/script datastar/event/signals
    datastar/into_event datastar/event sse hand_over development/secret development answers
    durable/clock durable/schedule durable/payload durable/run_facts durable/command durable/store durable/memory durable/info
    durable/queue durable/figures settings
    work route channel/error channel/head channel
    channel/reader datastar/client inject/slots/list inject/slots inject/cleanups shared

    head_changes exchange/record exchange exchange/delivery exchange/run scope inject/parameter_info extract extract/body_stream extract/client_address extract/content_type
    extract/datastar extract/file_name extract/file_signal extract/head extract/logger extract/matched_path
    extract/multipart/disposition extract/multipart/parser extract/multipart/part extract/multipart
    extract/nonce extract/raw_body extract/request_id extract/state extract/app_handle extract/json_bounds
    extract/off_worker extract/value/scalar extract/value/json
    extract/value/place extract/value/words extract/value/mismatch extract/value/problem extract/value/attempt
    extract/value/reader extract/value/access extract/value/deserialize extract/value/retry extract/value/shape extract/value/stand_in extract/value
    extract/cookie extract/header extract/json_body extract/path extract/sealed_cookie extract/urlencoded
    extract/form_body extract/uploaded_file extract/form_parts extract/uploaded_file/from_request
    extract/form_field extract/json_or_form extract/query_param extract/query extract/signals_json
    extract/signal_source extract/signal extract/signals extract/upload_progress extract/form/problem extract/form/files
    durable/no_retry durable/same_json durable/values durable/lift durable/attempt
    extract/form/entries extract/form/reference extract/form/reader extract/form/list extract/form/rules extract/form/receive extract/form/field extract/form
    inject/cleanup inject/provider inject/lifetime inject inject/limit inject/outside inject/guard inject/lazy inject/resolve
    durable/storable datastar datastar/url
    datastar/link datastar/action datastar/form_answer relay/position relay/mailbox relay/size relay/pattern relay/payload relay/transport relay/remote
    relay/heard relay/history/kept relay/history relay/history/missed relay/history/transfer relay/sharing relay/table relay/receive relay/subscription relay/updates relay
    relay/publish
    presence/figures presence/member presence/topic presence/store presence/record presence/problems presence/outbox presence/writing presence/nodes presence/table presence/remote
    presence/shared presence/replica presence/joined presence/changes presence
    session/error session/id session/store session/memory session/sessions session/cookie session/current
    session/flash session
    writer/into_header writer/alive writer writer/parameter reply handler handler/route handler/stream handler/complete handler/call
    durable/enqueue durable/arguments durable/handle durable/lease durable/run durable/lost
    assets/css assets assets/links assets/import_map assets/check assets/serve

    handler/explicit app/discover app/parts app/known app/hook app/mount app/probe app/findings app app/client_file app/guards app/durable app/answers
    app/compose app/cookies app/hooks app/mounts app/layers app/probes app/requirements app/literals app/declared_signals app/page_check app/component_check app/form_check app/asset_check app/assemble app/settings app/addresses
    app/stop_sequence durable/worker durable dispatch/development dispatch/failure dispatch/found dispatch/state dispatch/guarded dispatch/layered dispatch

    server/check server/http2/unread server/http2/stream_state server/places server/write_mode server/activity server/answer server/response_body
    server/shutdown server/socket server/listener/unix server/listener server/takeover/folder server/takeover/protocol
    server/takeover/offer server/takeover/claim server/takeover server/announce server/notify server/http2/protocol server/tls server/linger
    server/idle server/connection server/http2 server/accept server/unknown_variables server/config
    server/config/compression server service testing/cookie_jar testing/decode testing/wait testing/events
    testing/response testing/request testing/durable_store

    testing/page/dom testing/page/dom/parse testing/page/dom/serialize testing/page/dom/selector
    testing/page/control testing/page/failure testing/page/morph testing/page/script/value
    testing/page/script/lexer testing/page/script/parser testing/page/script/eval testing/page/script
    testing/page/signals testing/page/attribute testing/page/bind testing/page/address testing/page/form
    testing/page/outgoing testing/page/document testing/page/plugins testing/page/events testing/page/actions
    testing/page/patch testing/page/fetch testing/page/tab testing/page/waiting testing/page/steps
    testing/page/find testing/page/reading testing/page

    testing stream private/handler private docs lib prelude
";

/// The files of `stario-html`, in the same order.
const STARIO_HTML: &str = "
    names names/datastar names/elements names/attributes names/nesting names/similar escape html buf/tables
    buf/raw buf render

    attribute style url/safety url component expression attrs hint literals/section literals places json signals signals/code signals/kind
    signals/reference signals/expr signals/by_fields signals/patch private private/datastar lib
";

/// The files of `stario-macros`, in the same order.
const STARIO_MACROS: &str = "
    errors literals/javascript literals literals/typed literals/rust parameter parameter/written parameter/model function/place function parameter/emit parameter/stored assets/folder assets

    html/ast html/check/javascript html/forms html/cursor html/hints html/kinds html/ops html/emit html/lower/flow
    html/lower/parts html/parse/source html/report html/braces html/collect html/check/datastar html/check/entities
    html/check/attributes html/check html/lower/lists html/lower/attributes html/lower html/parse
    html/parse/attributes html/parse/flow html/parse/habits

    component/check component/parse component/syntax component/body component/emit component html stream
    dependency/parse dependency/model dependency/home dependency/check dependency/emit dependency hook fields/model
    fields/rename fields/attributes fields/check fields/emit fields/parse fields from_request/model from_request/check from_request/emit
    from_request/parse from_request signals/marks signals/emit signals form/marks form/emit form error_response endpoint/kind
    endpoint/cron endpoint/durable endpoint/parse endpoint/model endpoint/durable/check endpoint/rate_limit endpoint/caching
    endpoint/check endpoint/links endpoint/run endpoint/emit endpoint

    lib
";

/// The files with a variable of each thread.
const WITH_THREAD_LOCALS: &[&str] =
    &["current.rs", "links.rs", "panic.rs", "request_id.rs", "telemetry/line.rs", "telemetry/log.rs"];

/// Names of types, functions, constants, fields and modules that others have replaced.
const GONE: &[&str] = &[
    "Answering",
    "Answers",
    "Begin",
    "ECHO",
    "Ends",
    "HURRY",
    "LAST",
    "Line",
    "Patience",
    "Rest",
    "Way",
    "beside_the_line_s_own",
    "go_aside",
    "go_on",
    "hand",
    "is_client_s",
    "lose",
    "siblings",
    "tell",
    "together",
    "told",
];

/// The imports of `stario`.
static IMPORTS: LazyLock<Imports> = LazyLock::new(|| Sources::read(&root("stario")).imports());

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src")
}

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
    found.sort();
    found
}

/// Every file of the three crates: the crate, the path inside `src`, the code.
fn all_sources() -> impl Iterator<Item = (&'static str, String, String)> {
    ["stario", "stario-html", "stario-macros"]
        .into_iter()
        .flat_map(|name| sources(&root(name)).into_iter().map(move |(file, code)| (name, file, code)))
}

/// Fails unless each file of the crate imports only files before it in `table`.
#[track_caller]
fn imports_run_upwards(name: &str, table: &str) {
    let crate_sources = Sources::read(&root(name));
    let table: Vec<String> = table.split_whitespace().map(|file| format!("{file}.rs")).collect();
    let ranks: BTreeMap<&String, usize> = table.iter().enumerate().map(|(rank, file)| (file, rank)).collect();
    let files = crate_sources.files();
    let mut problems: Vec<String> = Vec::new();
    problems
        .extend(files.iter().filter(|file| !ranks.contains_key(file)).map(|file| format!("no rank: {file}")));
    problems
        .extend(table.iter().filter(|file| !files.contains(*file)).map(|file| format!("no file: {file}")));
    if ranks.len() < table.len() {
        problems.push("a file has two ranks".to_owned());
    }
    for ((from, to), names) in crate_sources.imports() {
        if ranks.get(&from) <= ranks.get(&to) {
            problems.push(format!("{from} imports {names:?} from {to}, which stands after it"));
        }
    }
    assert!(problems.is_empty(), "{name}:\n{}", problems.join("\n"));
}

#[test]
fn imports_of_stario_run_upwards() {
    imports_run_upwards("stario", STARIO);
}

#[test]
fn imports_of_stario_html_run_upwards() {
    imports_run_upwards("stario-html", STARIO_HTML);
}

#[test]
fn imports_of_stario_macros_run_upwards() {
    imports_run_upwards("stario-macros", STARIO_MACROS);
}

#[test]
fn an_import_is_one_of_the_file_that_defines_the_item() {
    let has = |from: &str, to: &str, name: &str| {
        IMPORTS.get(&(from.to_owned(), to.to_owned())).is_some_and(|names| names.contains(name))
    };
    // Through the `pub use` of `inject.rs` and of `response.rs`, and in the tokens of a macro.
    assert!(has("exchange.rs", "inject/cleanups.rs", "Cleanups"));
    assert!(has("dispatch.rs", "body.rs", "Response"));
    assert!(has("extract/query.rs", "extract.rs", "value_newtype"));
    // What `inject.rs` only passes on is no import.
    assert!(!has("inject.rs", "inject/cleanup.rs", "Cleanup"));
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let long: Vec<String> = all_sources()
        .filter(|(_, _, code)| code.lines().count() > 500)
        .map(|(name, file, _)| format!("{name}/{file}"))
        .collect();
    assert_eq!(long, [] as [String; 0]);
}

#[test]
fn thread_locals_stand_in_named_files() {
    let found: BTreeSet<String> = all_sources()
        .filter(|(_, _, code)| code_lines(code).any(|line| line.contains("thread_local!")))
        .map(|(_, file, _)| file)
        .collect();
    assert!(found.iter().map(String::as_str).eq(WITH_THREAD_LOCALS.iter().copied()), "{found:?}");
}

#[test]
fn replaced_names_are_gone() {
    let mut found = BTreeSet::new();
    let is_of_tests = |file: &str| file.contains("/tests");
    for (name, file, code) in all_sources().filter(|(_, file, _)| !is_of_tests(file)) {
        let mut named = Named(BTreeSet::new());
        named.visit_file(&syn::parse_file(&code).unwrap());
        let module = Path::new(&file).file_stem().unwrap().to_str().unwrap().to_owned();
        named.0.insert(module);
        let gone = named.0.into_iter().filter(|name| GONE.contains(&&**name));
        found.extend(gone.map(|gone| (gone, format!("{name}/{file}"))));
    }
    assert!(found.is_empty(), "{found:?}");
}

/// The names that a file gives to types, functions, constants, fields and modules. A variant may be called `Rest`.
struct Named(BTreeSet<String>);

impl<'a> Visit<'a> for Named {
    fn visit_item(&mut self, item: &'a syn::Item) {
        if let syn::Item::Macro(syn::ItemMacro { ident: Some(name), .. }) = item {
            self.0.insert(name.to_string());
        }
        self.0.extend(imports::defined(item));
        visit::visit_item(self, item);
    }

    fn visit_signature(&mut self, signature: &'a syn::Signature) {
        self.0.insert(signature.ident.to_string());
        visit::visit_signature(self, signature);
    }

    fn visit_field(&mut self, field: &'a syn::Field) {
        self.0.extend(field.ident.as_ref().map(ToString::to_string));
        visit::visit_field(self, field);
    }

    fn visit_use_rename(&mut self, renamed: &'a syn::UseRename) {
        self.0.insert(renamed.rename.to_string());
    }
}

/// The lines of `code` that are not comments.
fn code_lines(code: &str) -> impl Iterator<Item = &str> {
    code.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// `text` stands in code, not in comments, of these files of `stario` and no others.
#[track_caller]
fn only_in(text: &str, files: &[&str]) {
    let mut users: Vec<String> = sources(&root("stario"))
        .into_iter()
        .filter(|(_, code)| code_lines(code).any(|line| line.contains(text)))
        .map(|(name, _)| name)
        .collect();
    users.sort();
    assert_eq!(users, files, "`{text}`");
}

#[test]
fn each_dependency_has_its_place() {
    only_in(
        "hyper::",
        &["body.rs", "body/incoming.rs", "server/answer.rs", "server/connection.rs", "server/http2.rs"],
    );
    only_in("hyper_util::", &["server/connection.rs", "server/http2.rs"]);
    only_in(
        "tracing_subscriber::",
        &["telemetry.rs", "telemetry/event.rs", "telemetry/log.rs", "telemetry/otlp.rs"],
    );
    only_in("opentelemetry", &["telemetry/otlp.rs"]);
    only_in("metrics_exporter_prometheus::", &["telemetry/metrics.rs"]);
    only_in(
        "inventory::",
        &[
            "app.rs",
            "app/asset_check.rs",
            "app/discover.rs",
            "assets/serve.rs",
            "assets/tests.rs",
            "error.rs",
            "relay/pattern.rs",
            "session/error.rs",
        ],
    );
    only_in(
        "tower::",
        &[
            "answers.rs",
            "app/layers.rs",
            "app/mount.rs",
            "app/mounts.rs",
            "layer.rs",
            "layer/boxed.rs",
            "service.rs",
        ],
    );
}

#[test]
fn dependencies_of_features_have_their_place() {
    only_in(
        "cookie::",
        &[
            "extract.rs",
            "extract/cookie.rs",
            "extract/sealed_cookie.rs",
            "response.rs",
            "response/set_cookie.rs",
            "response/set_cookie/sealed.rs",
            "session/current.rs",
            "session/flash.rs",
            "session/sessions.rs",
            "testing/cookie_jar.rs",
            "testing/response.rs",
        ],
    );
    only_in("getrandom::", &["durable/command.rs", "nonce.rs", "session/id.rs"]);
    only_in("sha2::", &["response/fixed.rs", "session/id.rs"]);
    only_in("base64::", &["extract/file_signal.rs", "response/fixed.rs", "testing/page/bind.rs"]);
    only_in(
        "html5ever::",
        &[
            "testing/page/document.rs",
            "testing/page/dom.rs",
            "testing/page/dom/parse.rs",
            "testing/page/dom/selector.rs",
            "testing/page/dom/serialize.rs",
            "testing/page/morph.rs",
        ],
    );
    only_in("cssparser::", &["testing/page/dom/selector.rs"]);
    only_in("precomputed_hash::", &["testing/page/dom/selector.rs"]);
    only_in("regress::", &["testing/page/form.rs", "testing/page/signals.rs"]);
    only_in("use selectors::", &["testing/page/dom/selector.rs"]);
    only_in(
        "tempfile::",
        &[
            "assets/tests.rs",
            "extract/uploaded_file.rs",
            "response/file/beneath.rs",
            "server/listener/unix.rs",
            "server/notify.rs",
            "server/takeover.rs",
            "server/takeover/folder.rs",
        ],
    );
    only_in("serde_path_to_error::", &["extract/json_body.rs"]);
    only_in("tokio::fs::", &["extract/uploaded_file.rs"]);
    only_in(
        "spawn_blocking(",
        &[
            "body/file.rs",
            "compress.rs",
            "extract/off_worker.rs",
            "extract/uploaded_file.rs",
            "response/file.rs",
        ],
    );
    only_in("mime_guess::", &["response/file.rs"]);
    only_in("httpdate::", &["response/file.rs", "response/file/condition.rs"]);
    only_in("tokio::spawn(", &["durable/lease.rs", "testing/events.rs"]);
    only_in("task::spawn(", &["tasks.rs"]);
    only_in("tasks.spawn(", &["server/connection.rs", "server/http2.rs"]);
    only_in("JoinSet", &["server.rs"]);
    only_in(
        "std::thread::Builder",
        &["compress/variants.rs", "server/announce.rs", "server/shutdown.rs", "telemetry/buffer.rs"],
    );
    only_in("tokio_rustls::", &["server/connection/tests.rs", "server/socket.rs", "server/tls.rs"]);
    only_in("listenfd::", &["server/listener.rs", "server/listener/unix.rs"]);
    only_in("socket2::", &["server/listener.rs", "server/socket.rs"]);
    only_in(
        "rustix::",
        &[
            "capacity.rs",
            "moment.rs",
            "response/file/beneath.rs",
            "server/http2/protocol.rs",
            "server/listener.rs",
            "server/listener/unix.rs",
            "server/takeover/claim.rs",
            "server/takeover/offer.rs",
            "server/takeover/protocol.rs",
        ],
    );
    only_in("async_compression::", &["compress/decode.rs", "compress/encoder.rs"]);
    only_in("zlib_rs::", &["compress/blocks.rs", "compress/encoder.rs"]);
    only_in(
        "runtime.spawn(",
        &["inject/cleanups.rs", "presence/replica.rs", "presence/shared.rs", "work.rs"],
    );
    only_in("dispatch(", &["dispatch.rs", "server/answer.rs", "service.rs", "testing/request.rs"]);
}

#[test]
fn connections_know_no_routes() {
    let is_routing = |file: &str| file == "routing.rs" || file.starts_with("routing/");
    let users: BTreeSet<String> = IMPORTS
        .keys()
        .filter(|(from, to)| is_routing(to) && !is_routing(from))
        .map(|(from, _)| from.clone())
        .collect();
    assert!(users.iter().map(String::as_str).eq(KNOW_ROUTES.iter().copied()), "{users:?}");
}

/// The files that import `routing`. None is of the server.
const KNOW_ROUTES: &[&str] = &[
    "app/assemble.rs",
    "app/compose.rs",
    "app/layers.rs",
    "app/mount.rs",
    "app/parts.rs",
    "assets/serve.rs",
    "development.rs",
    "dispatch.rs",
    "dispatch/found.rs",
    "exchange.rs",
    "extract/path.rs",
    "handler/explicit.rs",
    "handler/route.rs",
    "layer.rs",
    "route.rs",
    "scope.rs",
    "session/cookie.rs",
    "settings/allowed_hosts.rs",
    "shared.rs",
];
