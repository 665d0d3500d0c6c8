//! `App::check` on a large app without a mistake: it must find nothing, and the program prints how long that takes.
//!
//! `cargo run -p check [pages]`
//!
//! Writes a crate of so many pages below the target directory, 100 unless told, each with four templates, ids, signals, events
//! and a form, builds it with debug assertions, and runs it: it checks itself, and fails if the check says anything. It prints how
//! many bytes of literals the program holds. Then the same in release, where it must hold none.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

fn main() -> io::Result<ExitCode> {
    let pages = env::args().nth(1).and_then(|argument| argument.parse().ok()).unwrap_or(100_usize);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("benchmarks/target"), PathBuf::from);
    let at = target.join("checked-app");
    fs::create_dir_all(at.join("src"))?;
    fs::write(
        at.join("Cargo.toml"),
        format!(
            "[package]\nname = \"checked-app\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\nstario = {{ path = {:?} }}\nstario-html = {{ path = {:?} }}\n",
            root.join("stario"),
            root.join("stario-html")
        ),
    )?;
    // The same versions as everywhere.
    fs::copy(root.join("Cargo.lock"), at.join("Cargo.lock"))?;
    let mut text = String::from(HEAD);
    for n in 0..pages {
        text.push_str(&PAGE.replace("NUMBER", &n.to_string()));
        let _ = writeln!(text);
    }
    fs::write(at.join("src/main.rs"), text)?;
    let target = target.join("checked-app-target");
    for (profile, arguments) in
        [("debug", &["run", "--quiet"][..]), ("release", &["run", "--quiet", "--release"])]
    {
        println!("{profile}:");
        let status = Command::new("cargo")
            .args(arguments)
            .current_dir(&at)
            .env("CARGO_TARGET_DIR", &target)
            .status()?;
        if !status.success() {
            return Ok(ExitCode::FAILURE);
        }
        println!(
            "  the program has {} KiB",
            fs::metadata(target.join(profile).join("checked-app"))?.len() / 1024
        );
    }
    Ok(ExitCode::SUCCESS)
}

const HEAD: &str = r#"
use std::time::Instant;

stario::app!();

fn main() {
    let began = Instant::now();
    let routes = app::new().routes().len();
    let without = began.elapsed();
    let began = Instant::now();
    let warnings = app::new().check().unwrap();
    println!("  {routes} routes: the first check takes {:.1?}, and finding them took {without:.1?}", began.elapsed());
    let began = Instant::now();
    let _ = app::new().check();
    println!("  another one {:.1?}", began.elapsed());
    assert!(warnings.is_empty(), "{warnings}");
    let bytes: usize = stario_html::__private::literals().map(|(_, text)| text.len()).sum();
    println!("  nothing is reported; the literals are {} texts of {bytes} bytes", stario_html::__private::literals().count());
    assert_eq!(bytes > 0, cfg!(debug_assertions));
}
"#;

const PAGE: &str = r##"
mod page_NUMBER {
    use stario::Redirect;
    use stario::prelude::*;

    use crate::app;

    #[derive(Signals, Default)]
    struct PageNUMBER {
        words_NUMBER: String,
        count_NUMBER: u32,
    }

    #[component]
    fn Row(number: u32) -> Html {
        html! { <li id={("row-NUMBER-", number)}>{number}</li> }
    }

    #[app::query("/pages/NUMBER")]
    async fn page() -> Html {
        html! {
            <body data-signals={PageNUMBER::default()}>
                <input data-bind={PageNUMBER::words_NUMBER()}>
                <b id="count-NUMBER" data-text="$count_NUMBER"></b>
                <p id="note-NUMBER"></p>
                <ul id="list-NUMBER">for number in 0..3 { <Row number={number}/> }</ul>
                <button data-on:click={add::action()}>"Add"</button>
                <form method="post" action={save::url()}><input name="title"><input name="amount"></form>
            </body>
        }
    }

    #[app::command("/pages/NUMBER/add")]
    async fn add(count_NUMBER: Signal<u32>) -> impl Stream<Item = Event> {
        stream! {
            yield (Mode::Append, "#list-NUMBER", html! { <Row number={*count_NUMBER}/> });
            yield html! { <p id="note-NUMBER">"Added."</p> };
            yield event::remove("#row-NUMBER-1");
            yield json!({ "count_NUMBER": *count_NUMBER + 1 });
        }
    }

    #[app::command("/pages/NUMBER/save")]
    async fn save(title: FormField<String>, amount: FormField<u32>) -> Redirect {
        let _ = (title, amount);
        Redirect::see_other(page::url())
    }
}
"##;
