//! What a developer sees instead of a plain 500 or 404, and the script by which pages reload after a build.

use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
    HeaderValue, LAST_MODIFIED, VARY,
};
use http::{Method, StatusCode};
use stario_html::Render;

use crate::body::Body;
use crate::development::{Causes, NoRoute, RELOAD_SCRIPT, Seen};
use crate::exchange::Exchange;
use crate::response::{self, Response};
use crate::route::TargetText;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The page shows texts of requests and of errors: nothing in it may run but the script that reloads it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; base-uri 'none'";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;\
    color:#222;background:#fff}h1{font-size:1.4rem;color:#a00}h2{font-size:1rem;margin:1.5rem 0 .3rem}\
    table{border-collapse:collapse}td{font:14px/1.5 ui-monospace,monospace;padding:0 1.5rem 0 0;vertical-align:top;\
    white-space:pre-wrap;overflow-wrap:anywhere}p{color:#666}\
    @media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}h1{color:#f77}p{color:#999}}";

const NOTE: &str = "Shown in development only: in a build with debug assertions whose server listens on loopback \
    addresses. STARIO_DEV=0 shows what users see.";

/// Shows a developer why a request failed, and has pages reload.
pub(super) fn show(exchange: &Exchange, response: &mut Response) {
    let extensions = response.extensions_mut();
    let (causes, no_route) = (extensions.remove::<Causes>(), extensions.remove::<NoRoute>());
    let Some(seen) = exchange.seen().get() else { return };
    let status = response.status();
    if status.is_server_error() {
        if let Some(causes) = causes_of(seen, causes, response) {
            replace(seen, response, &failure(exchange, seen, status, causes));
        }
    } else if no_route.is_some() && !seen.is_of_datastar && is(response, "text/plain") {
        replace(seen, response, &routes(exchange, seen));
    }
    reload_on_build(exchange, seen, response);
}

/// Why the server failed: the panic, the error with its sources, or the sentence that the client gets.
fn causes_of(seen: &Seen, causes: Option<Causes>, response: &Response) -> Option<Vec<String>> {
    if !is(response, "text/plain") && !is(response, "text/html") {
        return None;
    }
    if let Some(panic) = seen.panic.get() {
        return Some(vec![format!("a panic: {panic}")]);
    }
    if let Some(Causes(causes)) = causes {
        return Some(causes.to_vec());
    }
    let sentence = response.body().whole().filter(|_| is(response, "text/plain"))?;
    Some(vec![String::from_utf8_lossy(sentence).into_owned()])
}

/// Whether the response has this type.
fn is(response: &Response, content_type: &str) -> bool {
    let stated = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    stated.starts_with(content_type.as_bytes())
}

/// What is shown: a title, and tables below it.
struct Report {
    title: String,
    sections: Vec<(&'static str, Vec<Vec<String>>)>,
}

fn failure(exchange: &Exchange, seen: &Seen, status: StatusCode, causes: Vec<String>) -> Report {
    let title = causes.first().cloned().unwrap_or_default();
    let sources = causes.into_iter().skip(1).map(|source| vec![source]).collect();
    let handler = exchange.route().map(|route| vec![route.target.endpoint.to_string()]);
    let mut request = vec![vec![seen.method.to_string(), seen.target.clone()]];
    request.extend(seen.headers.iter().map(|(name, value)| vec![name.clone(), value.clone()]));
    request.push(vec!["(its id)".to_owned(), exchange.id().to_string()]);
    Report {
        title: format!("{status}: {title}"),
        sections: vec![
            ("Caused by", sources),
            ("Handler", handler.into_iter().collect()),
            ("Request", request),
        ],
    }
}

fn routes(exchange: &Exchange, seen: &Seen) -> Report {
    let row = |route: &crate::route::RouteInfo| {
        let (file, line) = route.place();
        let place = format!("{file}:{line}");
        vec![route.method().to_string(), TargetText(route).to_string(), route.handler().to_owned(), place]
    };
    Report {
        title: format!("404 Not Found: no route has the path of {} {}", seen.method, seen.target),
        sections: vec![("Routes", exchange.app().routes.iter().map(row).collect())],
    }
}

impl Report {
    /// The sections that say something.
    fn sections(&self) -> impl Iterator<Item = (&str, &[Vec<String>])> {
        let sections = self.sections.iter().map(|(title, rows)| (*title, &rows[..]));
        sections.filter(|(_, rows)| !rows.is_empty())
    }

    fn html(&self, script: &str) -> String {
        let cell = |text: &String| ["<td>", text.into_html().as_str(), "</td>"].concat();
        let row = |cells: &Vec<String>| {
            ["<tr>", &cells.iter().map(cell).collect::<Vec<_>>().concat(), "</tr>"].concat()
        };
        let section = |(title, rows): (&str, &[Vec<String>])| {
            let rows = rows.iter().map(row).collect::<Vec<_>>().concat();
            format!("<h2>{title}</h2><table>{rows}</table>")
        };
        let sections = self.sections().map(section).collect::<Vec<_>>().concat();
        let title = self.title.as_str().into_html();
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <style>{STYLE}</style></head><body><h1>{title}</h1>{sections}<p>{NOTE}</p>{script}</body></html>"
        )
    }

    fn text(&self) -> String {
        let section = |(title, rows): (&str, &[Vec<String>])| {
            let rows: Vec<String> = rows.iter().map(|row| format!("  {}\n", row.join("  "))).collect();
            format!("\n{title}\n{}", rows.concat())
        };
        let sections = self.sections().map(section).collect::<Vec<_>>().concat();
        format!("{}\n{sections}\n{NOTE}\n", self.title)
    }
}

/// Sends the report in the place of the response, with its status and its other headers.
fn replace(seen: &Seen, response: &mut Response, report: &Report) {
    let is_html = seen.accepts_html && !seen.is_of_datastar;
    let (content_type, body) =
        if is_html { (HTML, report.html(&script(seen, None))) } else { (TEXT, report.text()) };
    *response.body_mut() = Body::from(body);
    forget(response, &[CONTENT_LENGTH, CONTENT_ENCODING, VARY]);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    response::set(headers, CACHE_CONTROL, "no-store");
    if is_html {
        response::set(headers, CONTENT_SECURITY_POLICY, POLICY);
    }
}

fn forget(response: &mut Response, names: &[HeaderName]) {
    for name in names {
        response.headers_mut().remove(name);
    }
}

/// The element that loads the script.
fn script(seen: &Seen, nonce: Option<String>) -> String {
    let nonce = nonce.map(|nonce| format!(" nonce=\"{nonce}\"")).unwrap_or_default();
    format!("<script src=\"{RELOAD_SCRIPT}?{}\"{nonce}></script>", seen.build)
}

/// Has a page reload when another build answers. A part of a page, which a script asks for, is left as it is.
fn reload_on_build(exchange: &Exchange, seen: &Seen, response: &mut Response) {
    let is_get = matches!(seen.method, Method::GET | Method::HEAD);
    if !is_get || seen.is_of_datastar || !is(response, "text/html") {
        return;
    }
    let Some(html) = response.body().whole().and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
        return;
    };
    if html.contains(RELOAD_SCRIPT)
        || response.headers().contains_key(CONTENT_ENCODING)
        || !(seen.is_navigation || is_whole_page(html))
    {
        return;
    }
    let nonce = exchange.nonce().map(|nonce| nonce.to_string());
    let script = script(seen, nonce);
    let end = html.to_ascii_lowercase().rfind("</body>").unwrap_or(html.len());
    let (before, after) = html.split_at(end);
    let page = [before, &script, after].concat();
    *response.body_mut() = Body::from(page);
    // A page that a browser keeps would ask for the build that it was made by, again and again.
    forget(response, &[CONTENT_LENGTH, ETAG, LAST_MODIFIED]);
    response::set(response.headers_mut(), CACHE_CONTROL, "no-store");
}

fn is_whole_page(html: &str) -> bool {
    let html = html.trim_start().as_bytes();
    ["<!doctype", "<html"]
        .iter()
        .any(|tag| html.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_escaped() {
        let report = Report {
            title: "500: <script>".to_owned(),
            sections: vec![
                ("Request", vec![vec!["GET".to_owned(), "/?a=\"><b>".to_owned()]]),
                ("Handler", vec![]),
            ],
        };
        let html = report.html("");
        assert!(html.contains("<h1>500: &lt;script&gt;</h1>"), "{html}");
        assert!(
            html.contains("&gt;&lt;b&gt;") && !html.contains("<b>") && !html.contains("Handler"),
            "{html}"
        );
        assert_eq!(report.text(), format!("500: <script>\n\nRequest\n  GET  /?a=\"><b>\n\n{NOTE}\n"));
    }
}
