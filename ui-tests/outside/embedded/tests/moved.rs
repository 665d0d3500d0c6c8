//! A program without debug assertions needs no folder.

use std::path::Path;
use std::process::Command;

#[test]
fn the_program_holds_its_files_and_knows_no_folder() {
    let program = env!("CARGO_BIN_EXE_embedded");
    let output = Command::new(program).current_dir("/").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains(" INFO ")).collect();
    let [page, style_head, style, image_head, image] = lines[..] else { panic!("{text}") };
    assert!(page.starts_with("<link rel=\"stylesheet\" href=\"/assets/app-"), "{page}");
    assert_eq!((style_head, image_head), ("200 OK text/css; charset=utf-8", "200 OK image/svg+xml"));
    assert!(style.starts_with("body { background: url(dot-") && style.ends_with(".svg) }"), "{style}");
    assert_eq!(image, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");

    let bytes = std::fs::read(program).unwrap();
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("static");
    assert!(holds(b"body { background: url(dot.svg) }"));
    assert!(!holds(folder.to_str().unwrap().as_bytes()));
}
