//! What the server prints when it starts: its addresses, and the routes of its app.

use std::io::Write as _;
use std::sync::Arc;

use super::listener::Listener;
use super::places::Role;
use crate::app::Assembled;
use crate::error::Result;
use crate::route::{RouteInfo, TargetText};

/// Prints the addresses and the routes, in a thread of its own: an output that is closed does not end the server, and
/// one that is full does not block it.
pub(super) fn announce(app: &Assembled, listeners: &[(Arc<Listener>, Role)], scheme: &str) -> Result {
    let mut lines = Vec::new();
    for (listener, role) in listeners {
        lines.push(match role {
            Role::Probes => format!("listening for probes on {}\n", listener.name("http")?),
            Role::Served | Role::Reserve => format!("listening on {}\n", listener.name(scheme)?),
        });
    }
    lines.push(table(app));
    if app.shared().development.is_on() {
        lines.push("in development: failures and routes are shown; STARIO_DEV=0 turns it off\n".to_owned());
    }
    let lines = lines.concat();
    let print = move || {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
    };
    let _ = std::thread::Builder::new().name("stario-start".to_owned()).spawn(print);
    Ok(())
}

/// The routes and mounted services of the app, one line each.
fn table(app: &Assembled) -> String {
    let rows: Vec<[String; 5]> =
        app.shared().routes.iter().map(row).chain(app.mounts().iter().map(|mount| mount.row())).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let [method, target, kind, handler] = [width(0), width(1), width(2), width(3)];
    let line = |[a, b, c, d, place]: &[String; 5]| {
        format!("  {a:<method$}  {b:<target$}  {c:<kind$}  {d:<handler$}  {place}\n")
    };
    rows.iter().map(line).collect()
}

/// The line of a route: method, pattern, kind, handler with its guards, place.
fn row(route: &RouteInfo) -> [String; 5] {
    let (file, line) = route.place();
    let guards: Vec<&str> = route.guards().collect();
    let handler = match &guards[..] {
        [] => route.handler().to_owned(),
        guards => format!("{} for {}", route.handler(), guards.join(", ")),
    };
    [
        route.method().to_string(),
        TargetText(route).to_string(),
        route.kind().to_string(),
        handler,
        format!("{file}:{line}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::app::discover;

    #[test]
    fn mounted_services_stand_behind_the_routes() {
        struct Routes;
        let router = || axum::Router::<()>::new();
        let app = discover::<Routes>("tests").mount("/", router()).mount("/api/v1", router());
        let (file, line) = (file!(), line!() - 1);
        let router = std::any::type_name::<axum::Router>();
        let table = table(&app.assemble().unwrap());
        let expected = format!(
            "  *  /{{path...}}         service  {router}  {file}:{line}\n  \
               *  /api/v1/{{path...}}  service  {router}  {file}:{line}\n"
        );
        assert_eq!(table, expected);
    }
}
