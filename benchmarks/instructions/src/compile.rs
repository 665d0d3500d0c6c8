//! The cost of compiling a site of 100 routes: axum with maud, and Stario with its default features.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{cpu_time, directory, median};

const MODULES: usize = 10;
const PAGES: usize = 10;

struct App {
    name: &'static str,
    dependencies: String,
    main: fn() -> String,
    module: fn(usize, usize) -> String,
}

/// Prints the number of crates and the CPU time, of all processes of a build, in the profile `dev`.
pub fn print(rounds: usize) {
    let stario = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stario");
    let apps = [
        App {
            name: "axum + maud",
            dependencies: "axum = \"0.8.9\"\nmaud = { version = \"0.27\", features = [\"axum\"] }\n\
                           serde = { version = \"1\", features = [\"derive\"] }\n"
                .to_owned(),
            main: axum_main,
            module: axum_module,
        },
        App {
            name: "stario",
            dependencies: format!("stario = {{ path = {:?} }}\n", stario.canonicalize().unwrap()),
            main: stario_main,
            module: stario_module,
        },
    ];
    println!(
        "CPU seconds (ratio to axum), median of {rounds} rounds, profile dev, {} routes.\n",
        MODULES * PAGES
    );
    println!("| | crates | cold `cargo build` | incremental `cargo check`, code of one module changed |");
    println!("|---|---:|---:|---:|");
    for app in &apps {
        app.write();
        app.cargo(&["fetch"]);
    }
    let mut cold = [const { Vec::new() }; 2];
    for _ in 0..rounds {
        for (app, times) in apps.iter().zip(&mut cold) {
            let _ = std::fs::remove_dir_all(app.directory().join("target"));
            times.push(app.cargo(&["build", "--offline"]).as_secs_f64());
        }
    }
    for app in &apps {
        app.cargo(&["check", "--offline"]);
    }
    let mut incremental = [const { Vec::new() }; 2];
    for round in 0..rounds {
        for (app, times) in apps.iter().zip(&mut incremental) {
            app.write_module(MODULES / 2, round + 1);
            times.push(app.cargo(&["check", "--offline"]).as_secs_f64());
        }
    }
    let (cold, incremental) = (cold.map(median), incremental.map(median));
    for (index, app) in apps.iter().enumerate() {
        println!(
            "| {} | {} | {:.1} ({:.2}) | {:.2} ({:.2}) |",
            app.name,
            app.crates(),
            cold[index],
            cold[index] / cold[0],
            incremental[index],
            incremental[index] / incremental[0]
        );
    }
}

impl App {
    fn directory(&self) -> PathBuf {
        directory().join("compile").join(self.name.replace(" + ", "-"))
    }

    fn write(&self) {
        let sources = self.directory().join("src");
        std::fs::create_dir_all(&sources).unwrap();
        let manifest = format!(
            "[workspace]\n\n[package]\nname = \"app\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             {}tokio = {{ version = \"1\", features = [\"macros\", \"net\", \"rt-multi-thread\"] }}\n",
            self.dependencies
        );
        std::fs::write(self.directory().join("Cargo.toml"), manifest).unwrap();
        std::fs::write(sources.join("main.rs"), (self.main)()).unwrap();
        (0..MODULES).for_each(|module| self.write_module(module, 0));
    }

    /// Writes a module, whose code differs with `revision`.
    fn write_module(&self, module: usize, revision: usize) {
        let file = self.directory().join(format!("src/module{module}.rs"));
        std::fs::write(file, (self.module)(module, revision)).unwrap();
    }

    /// Runs cargo, and returns the CPU time that it and its children needed.
    fn cargo(&self, arguments: &[&str]) -> Duration {
        // The fields cutime and cstime: the children that have been waited for.
        let children = || cpu_time("/proc/self/stat", 15);
        let before = children();
        let output = self.command(arguments).output().expect("cargo can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        children() - before
    }

    /// The number of crates that `cargo tree -e normal --prefix none | sort -u | wc -l` counts.
    fn crates(&self) -> usize {
        let output = self.command(&["tree", "-e", "normal", "--prefix", "none"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).lines().collect::<BTreeSet<_>>().len()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(self.directory());
        // Settings of whoever starts this would change the profile.
        for (name, _) in std::env::vars() {
            if name.starts_with("CARGO_PROFILE_")
                || ["CARGO_INCREMENTAL", "CARGO_TARGET_DIR", "RUSTFLAGS"].contains(&name.as_str())
            {
                command.env_remove(name);
            }
        }
        command
    }
}

fn each(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

fn axum_main() -> String {
    let modules = each(MODULES, |number| format!("mod module{number};\n"));
    let routes = each(MODULES, |number| format!(".merge(module{number}::routes())"));
    format!(
        "use maud::{{DOCTYPE, Markup, html}};\n\n{modules}\n\
         pub fn layout(title: &str, content: Markup) -> Markup {{
    html! {{
        (DOCTYPE)
        html lang=\"en\" {{
            head {{ meta charset=\"utf-8\"; title {{ (title) }} }}
            body {{ nav {{ a href=\"/\" {{ \"Home\" }} }} main {{ (content) }} }}
        }}
    }}
}}

#[tokio::main]
async fn main() {{
    let app = axum::Router::new(){routes};
    let listener = tokio::net::TcpListener::bind(\"127.0.0.1:8000\").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
"
    )
}

fn axum_module(module: usize, revision: usize) -> String {
    let routes =
        each(PAGES, |page| format!(".route(\"/module{module}/page{page}/{{id}}\", get(page{page}))"));
    let pages = each(PAGES, |page| {
        format!(
            "
async fn page{page}(Path(id): Path<u32>, Query(filter): Query<Filter>) -> Markup {{
    let total = id + {page} + {revision};
    let next = filter.page.unwrap_or(1) + 1;
    crate::layout(\"Page {page}\", html! {{
        header {{ h1 {{ \"Page {page} of \" (id) }} p.total {{ (total) \" in all\" }} }}
        @if let Some(text) = &filter.text {{ p {{ \"Found for \" (text) }} }} @else {{ p {{ \"Everything\" }} }}
        table #list {{
            @for number in 0..total {{
                tr id={{ \"row-\" (number) }} {{
                    td {{ (number) }}
                    td.name {{ \"Item \" (number) }}
                    td {{ a href={{ \"/module{module}/page{page}/\" (number) }} {{ \"Open\" }} }}
                }}
            }}
        }}
        form method=\"get\" {{ input name=\"text\" value=(filter.text.as_deref().unwrap_or_default()); button {{ \"Search\" }} }}
        a.next href={{ \"/module{module}/page{page}/\" (id) \"?page=\" (next) }} {{ \"Next\" }}
    }})
}}
"
        )
    });
    format!(
        "use axum::Router;
use axum::extract::{{Path, Query}};
use axum::routing::get;
use maud::{{Markup, html}};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Filter {{
    text: Option<String>,
    page: Option<u32>,
}}
{pages}
pub fn routes() -> Router {{
    Router::new(){routes}
}}
"
    )
}

fn stario_main() -> String {
    let modules = each(MODULES, |number| format!("mod module{number};\n"));
    format!(
        "use stario::prelude::*;\n\n{modules}\nstario::app!();\n\n\
         pub fn layout(title: &str, content: Html) -> Html {{
    html! {{
        <!DOCTYPE html>
        <html lang=\"en\">
            <head><meta charset=\"utf-8\"><title>{{title}}</title></head>
            <body><nav><a href=\"/\">\"Home\"</a></nav><main>{{content}}</main></body>
        </html>
    }}
}}

#[tokio::main]
async fn main() -> stario::Result {{
    app::new().serve().await
}}
"
    )
}

fn stario_module(module: usize, revision: usize) -> String {
    let pages = each(PAGES, |page| {
        format!(
            "
#[app::query(\"/module{module}/page{page}/{{id}}\")]
async fn page{page}(id: PathParam<u32>, text: QueryParam<Option<String>>, page: QueryParam<Option<u32>>) -> Html {{
    let total = *id + {page} + {revision};
    let next = page.unwrap_or(1) + 1;
    crate::layout(\"Page {page}\", html! {{
        <header><h1>\"Page {page} of \"{{id}}</h1><p class=\"total\">{{total}}\" in all\"</p></header>
        if let Some(text) = &*text {{ <p>\"Found for \"{{text}}</p> }} else {{ <p>\"Everything\"</p> }}
        <table id=\"list\">
            for number in 0..total {{
                <tr id={{(\"row-\", number)}}>
                    <td>{{number}}</td>
                    <td class=\"name\">\"Item \"{{number}}</td>
                    <td><a href={{page{page}::url(number)}}>\"Open\"</a></td>
                </tr>
            }}
        </table>
        <form method=\"get\"><input name=\"text\" value={{text.as_deref().unwrap_or_default()}}><button>\"Search\"</button></form>
        <a class=\"next\" href={{page{page}::url(*id).page(next)}}>\"Next\"</a>
    }})
}}
"
        )
    });
    format!("use stario::prelude::*;\n\nuse crate::app;\n{pages}")
}
