//! How long a crate of 300 templates takes to compile, with and without the literals that the check of an app reads, next to
//! the same templates in maud.
//!
//! `cargo run --release -p html-benchmarks --bin compile_time [templates] [rounds]`
//!
//! Writes one crate for each of them below the target directory, builds their dependencies first, and then measures the CPU
//! time of the crate alone, in turn, with incremental compilation off. It prints medians, and the bytes of the crate. Without
//! literals, the macro does not even look for them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// An id, as a text of literals has it.
const LITERAL: &[u8] = b"\tpage-1\t";

const CHECKED: &str = "stario";

/// Is built with macros that collect nothing.
const UNCHECKED: &str = "unchecked";

const HEAD: &str = "pub struct Item { pub id: u32, pub name: String, pub price: u32 }\n\
    pub struct Data { pub title: String, pub text: String, pub count: u32, pub items: Vec<Item>, pub is_new: bool }\n";

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let mut number = |default| arguments.next().and_then(|argument| argument.parse().ok()).unwrap_or(default);
    let (templates, rounds) = (number(300_usize), number(7_usize));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let at = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("benchmarks/target"), PathBuf::from);
    let at = at.join("compile-time");
    let stario = |features: &str| {
        format!(
            "stario-html = {{ path = {:?}, default-features = false, features = [{features}] }}\n\
             stario-macros = {{ path = {:?} }}",
            root.join("stario-html"),
            root.join("stario-macros")
        )
    };
    let engines = [
        (CHECKED, stario("\"check\""), stario_source as fn(usize) -> String),
        (UNCHECKED, stario("\"check\""), stario_source),
        ("maud", "maud = \"=0.27.0\"".to_owned(), maud_source),
    ];
    for (name, dependencies, source) in &engines {
        let dir = at.join(name);
        fs::create_dir_all(dir.join("src"))?;
        fs::write(
            dir.join("Cargo.toml"),
            format!(
                "[package]\nname = \"pages-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
                 [dependencies]\n{dependencies}\n"
            ),
        )?;
        let mut text = String::from(HEAD);
        (0..templates).for_each(|n| text.push_str(&source(n)));
        fs::write(dir.join("src/lib.rs"), text)?;
    }
    for (mode, arguments) in
        [("check", &["check"][..]), ("build", &["build"]), ("build --release", &["build", "--release"])]
    {
        let mut times = [const { Vec::new() }; 3];
        let mut bytes = [0; 3];
        for round in 0..=rounds {
            for ((times, bytes), (name, ..)) in times.iter_mut().zip(&mut bytes).zip(&engines) {
                let source = at.join(name).join("src/lib.rs");
                // Changed in every round, so that nothing is up to date.
                let mut text = fs::read_to_string(&source)?;
                let _ = write!(text, "// {round}\n");
                fs::write(&source, text)?;
                let before = cpu_time()?;
                let target = at.join("target").join(name);
                let flags = if *name == UNCHECKED { "--cfg stario_without_literals" } else { "" };
                let status = Command::new("cargo")
                    .args(arguments)
                    .arg("--quiet")
                    .current_dir(at.join(name))
                    .env("CARGO_INCREMENTAL", "0")
                    // Apart, because a feature of one would be built for the other, too.
                    .env("CARGO_TARGET_DIR", &target)
                    .env("RUSTFLAGS", flags)
                    .status()?;
                assert!(status.success(), "{name} does not build");
                // The first round also builds the dependencies.
                if round > 0 {
                    times.push(cpu_time()? - before);
                }
                let profile = if mode.ends_with("release") { "release" } else { "debug" };
                let library = target.join(profile).join(format!("libpages_{name}.rlib"));
                if mode != "check" {
                    let content = fs::read(library)?;
                    *bytes = content.len();
                    let is_collected = content.windows(LITERAL.len()).any(|bytes| bytes == LITERAL);
                    assert_eq!(is_collected, *name == CHECKED && profile == "debug", "{name}, {mode}");
                }
            }
        }
        let [stario, unchecked, maud] = times.map(median);
        println!(
            "{mode}: stario {stario:.3} s, without literals {unchecked:.3} s, {:.3}x; maud {maud:.3} s, {:.2}x",
            stario / unchecked,
            stario / maud
        );
        if mode != "check" {
            println!("  {} B, without literals {} B; maud {} B", bytes[0], bytes[1], bytes[2]);
        }
    }
    Ok(())
}

/// The CPU time of all programs that have ended, in seconds.
fn cpu_time() -> io::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn stario_source(n: usize) -> String {
    format!(
        r#"
pub fn page_{n}(data: &Data) -> stario_html::Html {{
    stario_macros::html! {{
        <section id="page-{n}" class="page">
            <header><h1>{{data.title}}</h1><p class="lead">{{data.text}}</p></header>
            <nav><ul><li><a href="/a/{n}">"First"</a></li><li><a href={{"/b/", data.count}}>"Second"</a></li></ul></nav>
            if data.is_new {{ <span class="badge">"New since " {{data.count}}</span> }}
            <table>
                <thead><tr><th>"Name"</th><th>"Price"</th></tr></thead>
                <tbody>for item in &data.items {{
                    <tr id={{"item-", item.id}}><td title={{item.name}}>{{item.name}}</td><td>{{item.price}} " EUR"</td></tr>
                }}</tbody>
            </table>
            <footer><p>"Page " {{data.count}} " of {n}"</p><button type="button" disabled={{data.count == 0}}>"More"</button></footer>
        </section>
    }}
}}
"#
    )
}

fn maud_source(n: usize) -> String {
    format!(
        r#"
pub fn page_{n}(data: &Data) -> maud::Markup {{
    maud::html! {{
        section id="page-{n}" class="page" {{
            header {{ h1 {{ (data.title) }} p class="lead" {{ (data.text) }} }}
            nav {{ ul {{ li {{ a href="/a/{n}" {{ "First" }} }} li {{ a href={{ "/b/" (data.count) }} {{ "Second" }} }} }} }}
            @if data.is_new {{ span class="badge" {{ "New since " (data.count) }} }}
            table {{
                thead {{ tr {{ th {{ "Name" }} th {{ "Price" }} }} }}
                tbody {{ @for item in &data.items {{
                    tr id={{ "item-" (item.id) }} {{ td title=(item.name) {{ (item.name) }} td {{ (item.price) " EUR" }} }}
                }} }}
            }}
            footer {{ p {{ "Page " (data.count) " of {n}" }} button type="button" disabled[data.count == 0] {{ "More" }} }}
        }}
    }}
}}
"#
    )
}
