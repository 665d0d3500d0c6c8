//! Files as responses: what is sent of them, to whom, and which are not.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Method;
use stario::prelude::*;
use stario::{Attachment, File};

use crate::app;
use crate::support::server::{Server, rest};

stario::app!(local);

struct Folder(PathBuf);

#[app::query("/at/{name}", app = local)]
async fn at(name: PathParam<String>, folder: State<Folder>) -> Result<File> {
    Ok(File::open(folder.0.0.join(&*name)).await?)
}

#[app::query("/in/{name}", app = local)]
async fn inside(name: PathParam<String>, folder: State<Folder>) -> Result<File> {
    File::open_in(&folder.0.0, &*name).await
}

#[app::query("/download/{name}", app = local)]
async fn download(
    name: PathParam<String>,
    folder: State<Folder>,
) -> Result<(Attachment, [(&'static str, &'static str); 2], File)> {
    let file = File::open(folder.0.0.join("digits.txt")).await?;
    let headers = [("content-type", "application/pdf"), ("cache-control", "private")];
    Ok((Attachment::named(name.0), headers, file))
}

#[app::query("/missing", app = local)]
async fn missing(folder: State<Folder>) -> Result<(StatusCode, File)> {
    Ok((StatusCode::NOT_FOUND, File::open(folder.0.0.join("digits.txt")).await?))
}

#[app::command("/at", app = local)]
async fn by_post(folder: State<Folder>) -> Result<File> {
    Ok(File::open(folder.0.0.join("digits.txt")).await?)
}

#[app::query("/tagged", app = local)]
async fn tagged(folder: State<Folder>) -> Result<([(&'static str, &'static str); 1], File)> {
    Ok(([("etag", "\"mine\"")], File::open(folder.0.0.join("digits.txt")).await?))
}

#[app::query("/shrinking", app = local)]
async fn shrinking(folder: State<Folder>) -> Result<File> {
    let path = folder.0.0.join("shrinking.bin");
    fs::write(&path, vec![b'x'; 200_000])?;
    let file = File::open(&path).await?;
    fs::File::options().write(true).open(&path)?.set_len(100_000)?;
    Ok(file)
}

#[app::query("/growing", app = local)]
async fn growing(folder: State<Folder>) -> Result<File> {
    let path = folder.0.0.join("growing.txt");
    fs::write(&path, "before")?;
    let file = File::open(&path).await?;
    fs::write(&path, "before and after")?;
    Ok(file)
}

#[app::query("/deleted", app = local)]
async fn deleted(folder: State<Folder>) -> Result<File> {
    let path = folder.0.0.join("deleted.txt");
    fs::write(&path, "still here")?;
    let file = File::open(&path).await?;
    fs::remove_file(&path)?;
    Ok(file)
}

const DIGITS: &str = "0123456789";
const MODIFIED: &str = "Sun, 09 Sep 2001 01:46:40 GMT";

/// A folder with `digits.txt`, last changed at [`MODIFIED`].
struct Setup {
    folder: tempfile::TempDir,
    client: TestClient,
}

fn setup() -> Setup {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digits.txt");
    fs::write(&path, DIGITS).unwrap();
    set_modified(&path, UNIX_EPOCH + Duration::from_secs(1_000_000_000));
    let client = TestClient::new(local::new().state(Folder(folder.path().to_owned())));
    Setup { folder, client }
}

fn set_modified(path: &Path, time: SystemTime) {
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

impl Setup {
    fn get(&self, headers: &[(&str, &str)]) -> stario::testing::TestResponse {
        let mut request = self.client.get("/at/digits.txt");
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        request.send()
    }

    fn etag(&self) -> String {
        self.get(&[]).header("etag").to_owned()
    }

    #[track_caller]
    fn check(&self, headers: &[(&str, &str)], status: u16, body: &str) -> stario::testing::TestResponse {
        let res = self.get(headers);
        assert_eq!((res.status().as_u16(), res.text()), (status, body), "{headers:?}");
        res
    }
}

/// What a client reads that sends `request`, which asks for the connection to be closed.
async fn answer_to(app: stario::App, request: String) -> String {
    let server = Server::start(app).await;
    let answer = rest(&mut server.send(request).await).await;
    server.stop().await.unwrap();
    answer
}

#[test]
fn a_file_is_sent_with_what_is_known_of_it() {
    let setup = setup();
    let res = setup.check(&[], 200, DIGITS);
    assert_eq!(res.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(res.header("last-modified"), MODIFIED);
    assert_eq!(res.header("accept-ranges"), "bytes");
    assert_eq!(res.header("x-content-type-options"), "nosniff");
    assert_eq!(res.header("etag"), "\"de0b6b3a7640000-a\"");
    assert!(!res.headers().contains_key("content-disposition"));
}

#[tokio::test]
async fn a_file_on_the_wire_has_its_length() {
    let setup = setup();
    let app = || local::new().state(Folder(setup.folder.path().to_owned()));
    let ask = |method: &str, path: &str, headers: &str| {
        answer_to(app(), format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n"))
    };
    let answer = ask("GET", "/at/digits.txt", "").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\ncontent-length: 10\r\n"), "{answer}");
    assert!(!answer.contains("transfer-encoding"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n0123456789"), "{answer}");
    let answer = ask("HEAD", "/at/digits.txt", "range: bytes=0-1\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\ncontent-length: 10\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    let answer = ask("GET", "/at/digits.txt", "range: bytes=2-3\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 206 Partial Content\r\n"), "{answer}");
    assert!(answer.contains("\r\ncontent-length: 2\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n23"), "{answer}");
    let answer = ask("GET", "/at/digits.txt", "if-none-match: *\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 304 Not Modified\r\n"), "{answer}");
    assert!(!answer.contains("content-length") && !answer.contains("content-type:"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    let answer = ask("GET", "/at/digits.txt", "range: bytes=10-\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 416 Range Not Satisfiable\r\n"), "{answer}");
    assert!(answer.contains("\r\ncontent-length: 0\r\n"), "{answer}");
    // A file that became shorter does not look complete.
    let answer = ask("GET", "/shrinking", "").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("\r\ncontent-length: 200000"), "{head}");
    assert!(body.len() <= 100_000, "{}", body.len());
}

#[test]
fn a_range_is_what_was_asked_for() {
    let setup = setup();
    let cases = [
        ("bytes=0-0", "bytes 0-0/10", "0"),
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=-3", "bytes 7-9/10", "789"),
        ("bytes=-30", "bytes 0-9/10", DIGITS),
        ("bytes=8-99999999999999999999999999", "bytes 8-9/10", "89"),
    ];
    for (range, content_range, body) in cases {
        let res = setup.check(&[("range", range)], 206, body);
        assert_eq!(res.header("content-range"), content_range, "{range}");
        assert_eq!(res.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(res.header("etag"), setup.etag());
    }
    for range in ["bytes=10-", "bytes=-0"] {
        let res = setup.check(&[("range", range)], 416, "");
        assert_eq!(res.header("content-range"), "bytes */10", "{range}");
        assert!(!res.headers().contains_key("content-type"));
    }
    let many = format!("bytes={}", vec!["0-0"; 1500].join(","));
    for range in ["bytes=4-2", "bytes=-", "bytes=x", "lines=0-1", "bytes=0-,0-", &many] {
        let res = setup.check(&[("range", range)], 200, DIGITS);
        assert!(!res.headers().contains_key("content-range"));
    }
    setup.check(&[("range", "bytes=0-0"), ("range", "bytes=1-1")], 200, DIGITS);
}

#[test]
fn several_ranges_are_the_whole_file() {
    let setup = setup();
    for range in ["bytes=0-1, -2,4-4", "bytes=0-1,4-4", "bytes=10-12,99-"] {
        let res = setup.check(&[("range", range)], 200, DIGITS);
        assert!(!res.headers().contains_key("content-range"), "{range}");
        assert_eq!(res.header("content-type"), "text/plain; charset=utf-8", "{range}");
    }
}

#[test]
fn a_range_of_another_state_is_the_whole_file() {
    let setup = setup();
    let etag = setup.etag();
    let weak = format!("W/{etag}");
    let cases = [
        (&*etag, true),
        (MODIFIED, true),
        (&*weak, false),
        ("\"other\"", false),
        ("Sun, 09 Sep 2001 01:46:41 GMT", false),
        ("Sun, 09 Sep 2001 01:46:39 GMT", false),
        ("yesterday", false),
        ("", false),
        ("*", false),
    ];
    for (if_range, is_same) in cases {
        let (status, body) = if is_same { (206, "01") } else { (200, DIGITS) };
        setup.check(&[("range", "bytes=0-1"), ("if-range", if_range)], status, body);
    }
}

#[test]
fn who_has_the_file_is_not_sent_it_again() {
    let setup = setup();
    let etag = setup.etag();
    let weak = format!("W/{etag}");
    let long = format!("{}, {etag}", vec!["\"a,b\""; 600].join(","));
    let unquoted = etag.trim_matches('"').to_owned();
    let later = "Sun, 09 Sep 2001 01:46:41 GMT";
    let earlier = "Sun, 09 Sep 2001 01:46:39 GMT";
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[("if-none-match", &etag)], 304),
        (&[("if-none-match", &weak)], 304),
        (&[("if-none-match", "*")], 304),
        (&[("if-none-match", &long)], 304),
        (&[("if-none-match", "\"a\""), ("if-none-match", &etag)], 304),
        (&[("if-none-match", "\"other\"")], 200),
        (&[("if-none-match", &unquoted)], 200),
        (&[("if-none-match", "\"unterminated")], 200),
        (&[("if-none-match", "")], 200),
        (&[("if-modified-since", MODIFIED)], 304),
        (&[("if-modified-since", later)], 304),
        (&[("if-modified-since", "Sunday, 09-Sep-01 01:46:40 GMT")], 304),
        (&[("if-modified-since", earlier)], 200),
        // What is no date says nothing.
        (&[("if-modified-since", "garbage")], 200),
        (&[("if-modified-since", "Sun, 09 Sep 9999999 01:46:40 GMT")], 200),
        (&[("if-modified-since", "Mon, 01 Jan 1900 00:00:00 GMT")], 200),
        // The tag decides, and the date beside it does not (RFC 9110 section 13.2.2).
        (&[("if-none-match", "\"other\""), ("if-modified-since", MODIFIED)], 200),
        (&[("if-none-match", &etag), ("if-modified-since", earlier)], 304),
        (&[("if-match", &etag)], 200),
        (&[("if-match", "*")], 200),
        (&[("if-match", "\"a\", \"b\"")], 412),
        (&[("if-match", &weak)], 412),
        (&[("if-unmodified-since", MODIFIED)], 200),
        (&[("if-unmodified-since", earlier)], 412),
        (&[("if-unmodified-since", "garbage")], 200),
        (&[("if-match", &etag), ("if-unmodified-since", earlier)], 200),
        (&[("if-match", "\"other\""), ("if-none-match", &etag)], 412),
        (&[("if-match", &etag), ("if-none-match", &etag)], 304),
        (&[("range", "bytes=0-1"), ("if-none-match", &etag)], 304),
    ];
    for (headers, status) in cases {
        let res = setup.check(headers, *status, if *status == 200 { DIGITS } else { "" });
        assert_eq!(res.header("etag"), etag, "{headers:?}");
        assert_eq!(res.header("last-modified"), MODIFIED, "{headers:?}");
        assert_eq!(res.headers().contains_key("content-type"), *status == 200, "{headers:?}");
    }
}

#[test]
fn conditions_are_for_reading_what_is_there() {
    let setup = setup();
    let conditions = |request: stario::testing::TestRequest| {
        request.header("if-none-match", "*").header("range", "bytes=0-1")
    };
    let res = conditions(setup.client.post("/at")).send();
    assert_eq!((res.status().as_u16(), res.text()), (200, DIGITS));
    let res = conditions(setup.client.get("/missing")).send();
    assert_eq!((res.status().as_u16(), res.text()), (404, DIGITS));
    let res = setup.client.request(Method::HEAD, "/at/digits.txt").header("if-none-match", "*").send();
    assert_eq!((res.status().as_u16(), res.header("content-length")), (304, ""));
    let res = setup.client.request(Method::HEAD, "/at/digits.txt").send();
    assert_eq!((res.header("content-length"), res.bytes()), ("10", &b""[..]));
}

#[test]
fn a_tag_of_ones_own_counts() {
    let setup = setup();
    assert_eq!(setup.client.get("/tagged").header("if-none-match", "\"mine\"").send().status(), 304);
    assert_eq!(setup.client.get("/tagged").header("if-none-match", setup.etag()).send().status(), 200);
}

#[test]
fn a_tag_is_weak_while_another_change_might_not_show() {
    let setup = setup();
    let path = setup.folder.path().join("digits.txt");
    // An hour ahead, so that the test does not depend on the time that it takes.
    set_modified(&path, SystemTime::now() + Duration::from_secs(3600));
    let etag = setup.etag();
    assert!(etag.starts_with("W/\""), "{etag}");
    setup.check(&[("if-none-match", &etag)], 304, "");
    setup.check(&[("range", "bytes=0-1"), ("if-range", &etag)], 200, DIGITS);
    let last_modified = setup.get(&[]).header("last-modified").to_owned();
    setup.check(&[("range", "bytes=0-1"), ("if-range", &last_modified)], 200, DIGITS);
    setup.check(&[("range", "bytes=0-1")], 206, "01");
}

#[test]
fn times_that_no_header_can_hold_are_left_out() {
    let setup = setup();
    let path = setup.folder.path().join("digits.txt");
    set_modified(&path, UNIX_EPOCH - Duration::from_secs(3600));
    let res = setup.check(&[], 200, DIGITS);
    assert!(!res.headers().contains_key("last-modified"));
    assert_eq!(res.header("etag"), "\"-34630b8a000-a\"");
    setup.check(&[("if-modified-since", MODIFIED)], 200, DIGITS);
}

#[test]
fn another_state_has_another_tag() {
    let setup = setup();
    let path = setup.folder.path().join("digits.txt");
    let first = setup.etag();
    set_modified(&path, UNIX_EPOCH + Duration::from_secs(1_000_000_000) + Duration::from_micros(1));
    assert_ne!(setup.etag(), first);
    fs::write(&path, "012345678").unwrap();
    set_modified(&path, UNIX_EPOCH + Duration::from_secs(1_000_000_000));
    assert_ne!(setup.etag(), first);
}

#[test]
fn a_large_file_comes_whole_and_in_ranges() {
    let setup = setup();
    let content: Vec<u8> = (0..1_000_000_u32).map(|at| (at % 251) as u8).collect();
    fs::write(setup.folder.path().join("large.bin"), &content).unwrap();
    let res = setup.client.get("/at/large.bin").send();
    assert!(res.bytes() == content);
    let res = setup.client.get("/at/large.bin").header("range", "bytes=65535-131072").send();
    assert!(res.bytes() == &content[65_535..=131_072]);
}

#[test]
fn a_file_is_sent_as_it_was_opened() {
    let setup = setup();
    assert_eq!(setup.client.get("/growing").send().text(), "before");
    #[cfg(unix)]
    assert_eq!(setup.client.get("/deleted").send().text(), "still here");
    fs::write(setup.folder.path().join("empty.txt"), "").unwrap();
    let res = setup.client.get("/at/empty.txt").send();
    assert_eq!((res.status().as_u16(), res.bytes()), (200, &b""[..]));
    for range in ["bytes=0-", "bytes=0-0", "bytes=5-", "bytes=-0", "bytes=-5"] {
        let res = setup.client.get("/at/empty.txt").header("range", range).send();
        assert_eq!((res.status().as_u16(), res.text()), (200, ""), "{range}");
        assert!(!res.headers().contains_key("content-range"), "{range}");
    }
}

/// A compressed answer and a range have different bytes, so no client may put one into the other.
#[test]
fn a_compressed_file_and_its_ranges_are_told_apart() {
    let setup = setup();
    fs::write(setup.folder.path().join("digits.txt"), DIGITS.repeat(1000)).unwrap();
    set_modified(&setup.folder.path().join("digits.txt"), UNIX_EPOCH + Duration::from_secs(1_000_000_000));
    let gzip = ("accept-encoding", "gzip");
    let strong = setup.etag();
    let whole = setup.get(&[gzip]);
    assert_eq!((whole.status().as_u16(), whole.header("content-encoding")), (200, "gzip"));
    assert!(
        !whole.headers().contains_key("content-length") && !whole.headers().contains_key("accept-ranges")
    );
    let weak = whole.header("etag");
    assert_eq!(weak, format!("W/{strong}"));
    // Who has either has the file.
    for etag in [weak, &*strong] {
        let res = setup.check(&[gzip, ("if-none-match", etag)], 304, "");
        assert_eq!(res.header("etag"), weak);
        assert_eq!(res.header("vary"), "accept-encoding");
        assert!(!res.headers().contains_key("content-encoding"));
    }
    // A response to a client that takes no coding depends on that.
    for (headers, status) in
        [(&[][..], 200), (&[("if-none-match", weak)][..], 304), (&[("range", "bytes=8-11")][..], 206)]
    {
        let res = setup.get(headers);
        assert_eq!((res.status().as_u16(), res.header("etag")), (status, &*strong));
        assert_eq!(res.header("vary"), "accept-encoding", "{status}");
    }
    // A range is of the file itself, and continues no compressed one.
    let range = ("range", "bytes=8-11");
    for headers in [&[gzip, range][..], &[gzip, range, ("if-range", &strong)]] {
        let res = setup.check(headers, 206, "8901");
        assert_eq!((res.header("etag"), res.header("content-range")), (&*strong, "bytes 8-11/10000"));
        assert_eq!(res.header("vary"), "accept-encoding");
        assert!(!res.headers().contains_key("content-encoding"));
    }
    let res = setup.get(&[gzip, range, ("if-range", weak)]);
    assert_eq!((res.status().as_u16(), res.header("content-encoding")), (200, "gzip"));
    assert_eq!(res.bytes(), whole.bytes());
}

#[test]
fn a_name_decides_the_type() {
    let setup = setup();
    let cases = [
        ("a.html", "text/html; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.JSON", "application/json"),
        ("a.svg", "image/svg+xml"),
        ("a.png", "image/png"),
        ("a.webp", "image/webp"),
        ("a.woff2", "font/woff2"),
        ("a.wasm", "application/wasm"),
        ("a.pdf", "application/pdf"),
        ("a.mp4", "video/mp4"),
        ("a.unheard-of", "application/octet-stream"),
        ("none", "application/octet-stream"),
    ];
    for (name, expected) in cases {
        fs::write(setup.folder.path().join(name), "x").unwrap();
        assert_eq!(setup.client.get(format!("/in/{name}")).send().header("content-type"), expected, "{name}");
    }
}

#[test]
fn a_download_has_a_name_and_what_stands_before_it() {
    let setup = setup();
    let res = setup.client.get("/download/Bericht%20f%C3%BCr%22x%22.pdf").send();
    assert_eq!(
        res.header("content-disposition"),
        "attachment; filename=\"Bericht f_r_x_.pdf\"; filename*=UTF-8''Bericht%20f%C3%BCr%22x%22.pdf"
    );
    assert_eq!(res.header("content-type"), "application/pdf");
    assert_eq!(res.header("cache-control"), "private");
    let res = setup.client.get("/download/a%0D%0Aset-cookie:%20b=c").header("range", "bytes=0-1").send();
    assert_eq!((res.status().as_u16(), res.text()), (206, "01"));
    assert_eq!(res.header("content-disposition"), "attachment; filename=\"a__set-cookie: b=c\"");
    assert!(!res.headers().contains_key("set-cookie"));
    let res = setup.client.get("/download/a").header("if-none-match", "*").send();
    assert_eq!((res.status().as_u16(), res.header("cache-control")), (304, "private"));
}

#[test]
fn what_is_no_file_of_the_folder_is_not_found_there() {
    let setup = setup();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.txt"), "secret").unwrap();
    fs::create_dir_all(setup.folder.path().join("inner/.git")).unwrap();
    fs::write(setup.folder.path().join("inner/page.txt"), "inner").unwrap();
    fs::write(setup.folder.path().join("inner/.git/config"), "secret").unwrap();
    fs::write(setup.folder.path().join(".env"), "secret").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(outside.path().join("secret.txt"), setup.folder.path().join("leak.txt")).unwrap();
        symlink(outside.path(), setup.folder.path().join("leak")).unwrap();
        symlink("digits.txt", setup.folder.path().join("alias.txt")).unwrap();
        assert!(
            std::process::Command::new("mkfifo")
                .arg(setup.folder.path().join("pipe"))
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(setup.client.get("/in/alias.txt").send().text(), DIGITS);
    }
    assert_eq!(setup.client.get("/in/digits.txt").send().text(), DIGITS);
    assert_eq!(setup.client.get("/in/inner%2Fpage.txt").send().text(), "inner");
    let outside = outside.path().join("secret.txt").display().to_string().replace('/', "%2F");
    let absent = [
        "absent.txt",
        "inner",
        "inner%2F",
        ".env",
        "inner%2F.git%2Fconfig",
        "..",
        ".",
        "..%2F..%2Fetc%2Fpasswd",
        "inner%2F..%2Fdigits.txt",
        "%2e%2e%2fetc%2fpasswd",
        "..%5Cdigits.txt",
        "%2Fetc%2Fpasswd",
        "C:%5Cdigits.txt",
        "leak.txt",
        "leak%2Fsecret.txt",
        "pipe",
        &outside,
    ];
    for name in absent {
        let res = setup.client.get(format!("/in/{name}")).send();
        assert_eq!((res.status().as_u16(), res.text()), (404, "Not Found"), "{name}");
    }
}

#[test]
fn what_is_no_regular_file_is_not_opened() {
    let setup = setup();
    fs::create_dir(setup.folder.path().join("folder")).unwrap();
    #[cfg(unix)]
    assert!(
        std::process::Command::new("mkfifo")
            .arg(setup.folder.path().join("pipe"))
            .status()
            .unwrap()
            .success()
    );
    for name in ["absent.txt", "folder", "pipe"] {
        let res = setup.client.get(format!("/at/{name}")).send();
        assert_eq!((res.status().as_u16(), res.text()), (500, "Internal Server Error"), "{name}");
    }
}
