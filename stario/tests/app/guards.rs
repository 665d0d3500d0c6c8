//! Guards: dependencies without which a part of an app answers nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use stario::prelude::*;
use stario::testing::TestResponse;
use stario::{App, Error, Lazy};

use crate::app;

stario::app!(local);
stario::app!(part);
stario::app!(modules);

static PROVIDED: AtomicUsize = AtomicUsize::new(0);

#[derive(Clone)]
struct Member {
    name: String,
    serial: usize,
}

#[dependency]
fn member(x_member: Header<Option<String>>) -> stario::Result<Member> {
    match x_member.0 {
        Some(name) if name == "panics" => panic!("a member panics"),
        Some(name) => Ok(Member { name, serial: PROVIDED.fetch_add(1, Ordering::Relaxed) }),
        None => Err(Error::new(StatusCode::UNAUTHORIZED, "members only")),
    }
}

struct Admin;

#[dependency]
fn admin(member: &Member) -> stario::Result<Admin> {
    if member.name == "ada" { Ok(Admin) } else { Err(Error::new(StatusCode::FORBIDDEN, "admins only")) }
}

#[app::query("/member", app = part)]
async fn show(member: Member, again: &Member, later: Lazy<'_, Member>) -> stario::Result<String> {
    let later = later.get().await?;
    let is_one = [again.serial, later.serial].iter().all(|serial| *serial == member.serial);
    Ok(format!("{} {is_one}", member.name))
}

#[app::query("/number/{number}", app = part)]
async fn number(number: PathParam<u8>) -> String {
    number.to_string()
}

static RUNS: AtomicUsize = AtomicUsize::new(0);

#[app::detached_command("/later", app = part)]
async fn later() {
    RUNS.fetch_add(1, Ordering::Relaxed);
}

#[app::query("/open", app = local)]
async fn open() -> &'static str {
    "open"
}

fn guarded() -> App {
    local::new().nest("/members", part::new().guard(app::require::<Member>()))
}

fn get(app: App, path: &str, member: Option<&str>) -> TestResponse {
    let request = TestClient::new(app).get(path);
    match member {
        Some(member) => request.header("x-member", member).send(),
        None => request.send(),
    }
}

#[track_caller]
fn check(app: App, path: &str, member: Option<&str>, status: u16, text: &str) {
    let res = get(app, path, member);
    assert_eq!((res.status().as_u16(), res.text()), (status, text), "{path}");
}

#[test]
fn a_guard_is_resolved_before_the_handlers_of_its_part() {
    check(guarded(), "/members/member", None, 401, "members only");
    check(guarded(), "/members/member", Some("ada"), 200, "ada true");
    check(guarded(), "/open", None, 200, "open");
    // It comes before the parameters.
    check(guarded(), "/members/number/x", None, 401, "members only");
    let res = get(guarded(), "/members/number/x", Some("ada"));
    assert_eq!(res.status(), 422);
}

#[test]
fn what_is_not_found_below_the_prefix_is_guarded() {
    check(guarded(), "/members/nowhere", None, 401, "members only");
    check(guarded(), "/members/nowhere", Some("ada"), 404, "Not Found");
    check(guarded(), "/nowhere", None, 404, "Not Found");
    let post = |app| TestClient::new(app).post("/members/member").send().status();
    assert_eq!(post(guarded()), 401);
    check(guarded(), "/members/nowhere", Some("panics"), 500, "Internal Server Error");
}

#[test]
fn a_detached_command_does_not_run_for_a_refused_request() {
    let client = TestClient::new(guarded());
    assert_eq!(client.post("/members/later").send().status(), 401);
    client.stop_blocking();
    assert_eq!(RUNS.load(Ordering::Relaxed), 0);
}

#[test]
fn services_mounted_in_a_part_are_guarded() {
    let service = || axum::Router::new().route("/", axum::routing::get(|| async { "the service" }));
    let app = || {
        local::new().nest("/members", part::new().guard(app::require::<Member>()).mount("/axum", service()))
    };
    check(app(), "/members/axum", None, 401, "members only");
    check(app(), "/members/axum", Some("ada"), 200, "the service");
}

#[test]
fn guards_of_the_outer_part_come_first() {
    let app = || guarded().guard(app::require::<Admin>());
    check(app(), "/members/member", None, 401, "members only");
    check(app(), "/members/member", Some("bob"), 403, "admins only");
    check(app(), "/members/member", Some("ada"), 200, "ada true");
    check(app(), "/open", Some("bob"), 403, "admins only");
    let names = |path: &str| -> Vec<String> {
        let routes = app().routes();
        let route = routes.iter().find(|route| route.path() == path).unwrap();
        route.guards().map(|guard| guard.rsplit("::").next().unwrap().to_owned()).collect()
    };
    assert_eq!(names("/members/member"), ["Admin", "Member"]);
    assert_eq!(names("/open"), ["Admin"]);
}

#[test]
fn probes_and_layers_are_outside() {
    let app = || {
        let add = tower_http::set_header::SetResponseHeaderLayer::overriding(
            http::header::SERVER,
            http::HeaderValue::from_static("layered"),
        );
        guarded().guard(app::require::<Admin>()).liveness("/alive").layer(add)
    };
    assert_eq!(get(app(), "/alive", None).status(), 200);
    let res = get(app(), "/members/member", None);
    assert_eq!((res.status().as_u16(), res.header("server")), (401, "layered"));
}

mod inner {
    use super::{Member, modules};
    use crate::app;

    app::require!(Member);

    #[app::query("/inner", app = modules)]
    async fn inner() -> &'static str {
        "inner"
    }

    pub(super) mod deeper {
        use super::super::{Admin, modules};
        use crate::app;

        app::require!(Admin);

        #[app::query("/deeper", app = modules)]
        async fn deeper() -> &'static str {
            "deeper"
        }
    }
}

/// Its name begins as that of a guarded module does.
mod inner_but_not_guarded {
    use super::modules;
    use crate::app;

    #[app::query("/outer", app = modules)]
    async fn outer() -> &'static str {
        "outer"
    }
}

#[test]
fn one_line_guards_a_module() {
    check(modules::new(), "/inner", None, 401, "members only");
    check(modules::new(), "/inner", Some("bob"), 200, "inner");
    check(modules::new(), "/deeper", None, 401, "members only");
    check(modules::new(), "/deeper", Some("bob"), 403, "admins only");
    check(modules::new(), "/deeper", Some("ada"), 200, "deeper");
    check(modules::new(), "/outer", None, 200, "outer");
    let open = modules::new().routes().into_iter().filter(|route| route.guards().next().is_none());
    assert_eq!(open.map(|route| route.path()).collect::<Vec<_>>(), ["/outer"]);
}

#[derive(Clone)]
struct Config;

struct FromConfig;

#[dependency]
fn from_config(_: stario::State<Config>) -> FromConfig {
    FromConfig
}

#[test]
fn what_a_guard_needs_is_checked() {
    let app = local::new().guard(app::require::<FromConfig>());
    let problems = app.check().unwrap_err().to_string();
    assert!(
        problems.contains("no state of type `app::guards::Config`, taken by app::guards::from_config at "),
        "{problems}"
    );
}
